"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from stylize_video.errors import OutputError, OutputExistsError
from stylize_video.process import signals

PARTIAL = ".stylize-part"  # what the name of a file ends in until it is whole

_NEW = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)  # O_EXCL follows no link either
_OWN = stat.S_IRUSR | stat.S_IWUSR


def check_target(path: Path, *, overwrite: bool) -> None:
    """See whether a file could be written, before the work is done.

    Raises:
        OutputError: it can't.
        OutputExistsError: it exists and may not be replaced.
    """
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(next(_partial_names(path)))  # the longest name that will be needed
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file in it with `output`")
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists; add `overwrite` or name another with `output`")
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: is no regular file; name another with `output`")
        if not path.parent.is_dir():
            if path.parent.exists():
                raise OutputError(f"{path}: no folder {path.parent}, that is a file; choose another")
            raise OutputError(f"{path}: no such folder {path.parent}; make it first")
    except (OSError, ValueError) as error:  # a name too long, a folder that may not be searched, a NUL
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: can't be written ({reason})") from error
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: no permission to write in {path.parent}")


def write(path: Path, data: bytes) -> None:
    """Write beside `path` and rename, so that what is there, file or link, is replaced only by a whole file.

    Raises:
        OSError: it can't be written; nothing is left behind and nothing replaced.
    """
    partial, descriptor = create(_partial_names(path), os.O_WRONLY, replaces=path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the new name on an empty file
        keep_permissions(partial, path)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    finally:
        signals.whole(partial)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which files are in a folder, so that a power cut takes none of them back.

    Raises:
        OSError: the disk fails.
    """
    with suppress(PermissionError):  # as Windows has it: there is no such thing
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def destination(path: Path) -> Path:
    """Where a file that the user names is written: where it leads to, if it is a link."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):  # links in a circle
        return path


def create(names: Iterator[Path], flags: int, *, replaces: Path) -> tuple[Path, int]:
    """Make a file of the first name that nothing has; it goes if the process has to leave at once.

    Args:
        names: what it may be called.
        flags: of `os.open`.
        replaces: what it will be renamed to. Nobody reads it who may not read that.

    Returns:
        Its path and its descriptor.

    Raises:
        OSError: it can't be made.
    """
    for partial in names:
        signals.half_written(partial)
        try:
            descriptor = os.open(partial, flags | _NEW, _mode(replaces) | _OWN)
        except FileExistsError:
            signals.whole(partial)
            continue
        except BaseException:
            signals.whole(partial)
            raise
        return partial, descriptor
    raise FileExistsError(f"no free name beside {replaces}")


def keep_permissions(partial: Path, replaces: Path) -> None:
    """Give a finished file owner, group and mode of the one that it will replace, if there is one.

    As far as that is permitted: only root may give a file away.
    """
    try:
        found = replaces.stat()
    except OSError:
        return
    with suppress(OSError, AttributeError):  # Windows has no owners
        os.chown(partial, found.st_uid, found.st_gid)
    with suppress(OSError):
        partial.chmod(stat.S_IMODE(found.st_mode))


def remove(path: Path) -> None:
    """Remove a file, as far as it is there, and what a killed `write` left of it."""
    for leftover in (path, next(_partial_names(path))):
        with suppress(OSError):
            leftover.unlink(missing_ok=True)


def _mode(replaces: Path) -> int:
    """What a new file may be; the user's mask is taken off it."""
    try:
        return stat.S_IMODE(replaces.stat().st_mode) & 0o666
    except OSError:
        return 0o666


def _partial_names(path: Path) -> Iterator[Path]:
    """Names that nobody else gives to a file, so that what a killed process left is known for that."""
    name = path.with_name(f"{path.name}{PARTIAL}")
    yield name
    yield from (name.with_name(f"{name.name}{number}") for number in count(2))
