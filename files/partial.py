"""A file that appears under its name only when it is whole."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

import av

from stylize_video.errors import OutputError, OutputExistsError
from stylize_video.files import whole_file
from stylize_video.process import signals
from stylize_video.process.interrupts import patient

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or write elsewhere",
    errno.EDQUOT: "your quota is used up; free some space or write elsewhere",
    errno.EFBIG: "the file is too large for this file system; write elsewhere",
    errno.EACCES: "no permission to write there; choose another folder",
    errno.EPERM: "no permission to write there; choose another folder",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOENT: "no such folder; make it first or choose another",
    errno.ESTALE: "the file or its folder was removed or replaced meanwhile; choose another folder",
    errno.ENOTDIR: "its parent is no folder; choose another",
    errno.EEXIST: "a file of that name is in the way; choose another name",
    errno.EISDIR: "a folder of that name is in the way; choose another name",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}

_WATCH_EVERY = 1.0  # s


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn what the system or FFmpeg raise while writing `path` into one clear line.

    Raises:
        OutputError: what, where and what to do.
    """
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise OutputError(f"can't write {path}: {reason}") from error


def _behind_links(path: Path) -> Path:
    """The file that a symbolic link leads to, there or not; any other path as it is.

    Raises:
        OutputError: the link leads in a circle.
    """
    if not path.is_symlink():
        return path
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"can't write {path}: the link leads in a circle; choose another name") from error


class PartialFile:
    """`name.part.ext` in the folder of `path`, renamed to `path` by `commit()`.

    Where `path` is a symbolic link, that is done beside the file that it leads to, and the link stays.

    PyAV writes through this object rather than by itself: so every error comes as the OSError
    it is, no byte is lost to a short write on a nearly full disk (FFmpeg takes a short write
    for a whole one), and the handle is closed whatever state the muxer is in.
    """

    def __init__(self, path: Path, *, overwrite: bool) -> None:
        """Make the file, under a name that no other file and no other run has.

        Raises:
            OutputExistsError: `path` exists and `overwrite` is not set.
            OutputError: it can't be made.
        """
        self.path = _behind_links(path)
        self._overwrite = overwrite
        self._check_free()
        with output_errors(path):
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            self.partial, self._descriptor = self._make()
        self._watched = time.monotonic()
        self.name = str(self.partial)  # PyAV reads it for its messages
        self.closed = False
        self._done = False
        self._renamed = False

    def _make(self) -> tuple[Path, int]:
        parts = chain(["part"], (f"part{number}" for number in count(2)))
        names = (self.path.with_name(f"{self.path.stem}.{part}{self.path.suffix}") for part in parts)
        try:
            return whole_file.create(names, os.O_RDWR, replaces=self.path)
        except FileNotFoundError as error:
            if self.path.parent.is_dir():  # as /proc
                raise OutputError(
                    f"can't write {self.path}: no file can be made in that folder; choose another"
                ) from error
            raise

    def _check_free(self) -> None:
        if not self._overwrite and self.path.exists():
            raise OutputExistsError(f"{self.path} exists; use `overwrite` or another name")

    def write(self, data: bytes) -> int:
        """Write all of `data`; its length in bytes.

        Raises:
            OSError: it can't be written; `ESTALE` where the file was removed meanwhile, for hours may
                be left to paint.
        """
        if time.monotonic() - self._watched > _WATCH_EVERY:
            self._see_that_it_is_there()
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to `offset`; the new position in bytes."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """Position in bytes."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def sync(self) -> None:
        """Bring the bytes to the disk, where late errors (a full disk, a lost share) show."""
        os.fsync(self._descriptor)
        self._see_that_it_is_there()
        signals.whole(self.partial)

    def _see_that_it_is_there(self) -> None:
        self._watched = time.monotonic()
        if not self.partial.exists():
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(self.partial))

    def close(self) -> None:
        """Close the handle; the partial file stays. Does nothing the second time."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def keep(self) -> Path:
        """Close, and leave the file where it is; its path: `path` if it was renamed already."""
        self.close()
        self._done = True
        signals.whole(self.partial)
        return self.path if self._renamed else self.partial

    def keep_as(self, word: str) -> Path:
        """Close, and keep the file under a name that says `word`, which no other file has; its path.

        Where the name can't be had the partial one stays.
        """
        partial = self.keep()
        number = 1
        while True:
            mark = word if number == 1 else f"{word}{number}"
            kept = self.path.with_name(f"{self.path.stem}.{mark}{self.path.suffix}")
            try:
                os.close(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
                partial.replace(kept)
            except FileExistsError:
                number += 1
            except OSError:
                return partial
            else:
                self.partial = kept
                return kept

    def commit(self) -> None:
        """Close and rename to `path`.

        Raises:
            OutputExistsError: `path` came into being meanwhile; the partial file is kept.
            OutputError: the rename failed; the partial file is kept.
        """
        partial = self.keep()
        try:
            self._check_free()
            with output_errors(self.path), patient():
                whole_file.keep_permissions(partial, self.path)
                partial.replace(self.path)
                self._renamed = True
        except OutputError as error:
            raise type(error)(f"{error}; the finished film lies in {partial}") from error

    def discard(self) -> None:
        """Close and remove the partial file. Does nothing after `keep()` or `commit()`."""
        self.close()
        if not self._done:
            self._done = True
            with suppress(NotADirectoryError):
                self.partial.unlink(missing_ok=True)
            signals.whole(self.partial)
