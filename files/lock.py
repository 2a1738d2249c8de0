"""One process at a time: a file that its owner holds locked."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylize_video.errors import OutputError

_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK)


@contextmanager
def held(path: Path, message: str) -> Iterator[None]:
    """Hold a lock; the system lets go of it however the process ends. The file goes at the end.

    Where the file system knows no locks nothing is held, and nothing refused.

    Args:
        path: of the lock's file, which is made.
        message: what to say if another process holds it.

    Raises:
        OutputError: another process does, or the file can't be made.
    """
    descriptor = _take(path, message)
    try:
        yield
    finally:
        with suppress(OSError):  # while it is still held, so that nobody locks a file that goes
            path.unlink()
        os.close(descriptor)


def _take(path: Path, message: str) -> int:
    """The descriptor of the locked file."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise OutputError(f"{path}: can't be made ({error.strerror})") from error
        try:
            _lock(descriptor)
            if _is_still_there(path, descriptor):
                return descriptor
        except OSError as error:
            if error.errno not in _TAKEN:  # no locks here
                return descriptor
            os.close(descriptor)
            raise OutputError(message) from error
        os.close(descriptor)  # its owner has just removed it


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
