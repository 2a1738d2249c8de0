"""One process at a time: a file that its owner holds locked, until it lets go of it or ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from stylize_video.errors import OutputError

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


class LockedError(Exception):
    """Another process holds it."""


class FileLock:
    """Held from when it is made until `release`.

    Where the file system knows no locks nothing is held, and nothing refused.

    Args:
        path: of the file, which is made if need be.

    Raises:
        LockedError: another process holds it.
        OSError: the file can't be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        while self._descriptor < 0:
            self._descriptor = _taken(path)

    @property
    def is_held(self) -> bool:
        """Whether it is still held."""
        return self._descriptor >= 0

    def release(self) -> None:
        """Let go of it. Safe to call again."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def remove(self) -> None:
        """Remove the file and let go of it."""
        with suppress(OSError):  # while it is still held, so that nobody locks a file that goes
            self._path.unlink()
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def held(path: Path, message: str) -> Iterator[None]:
    """Hold a lock; the file goes at the end.

    Args:
        path: of the lock's file, which is made.
        message: what to say if another process holds it.

    Raises:
        OutputError: another process does, or the file can't be made.
    """
    try:
        lock = FileLock(path)
    except LockedError as error:
        raise OutputError(message) from error
    except OSError as error:
        raise OutputError(f"{path}: can't be made ({error.strerror})") from error
    try:
        yield
    finally:
        lock.remove()


def _taken(path: Path) -> int:
    """A descriptor of the locked file; -1 if it was removed meanwhile by who held it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        _lock(descriptor)
        if _is_still_there(path, descriptor):
            return descriptor
    except OSError as error:
        if error.errno not in _TAKEN:  # no locks here
            return descriptor
        os.close(descriptor)
        raise LockedError from error
    os.close(descriptor)
    return -1


def _is_still_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
