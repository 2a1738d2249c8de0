"""Questions about paths as a user types them: any name has an answer."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_SPECIAL = ", no regular file"
_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, f"is a pipe (FIFO){_SPECIAL}"),
    (stat.S_ISSOCK, f"is a socket{_SPECIAL}"),
    (stat.S_ISCHR, f"is a device{_SPECIAL}"),
    (stat.S_ISBLK, f"is a device{_SPECIAL}"),
)


def is_file(path: Path | str) -> bool:
    """Whether a file is there; a name too long, a NUL or a closed folder means that none is."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path | str) -> bool:
    """Whether a folder is there; see `is_file`."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def absolute(path: str | Path) -> Path:
    """A path from the root on, without "." and "..": links stay, and so do their names."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links


def why_no_file(path: Path | str, what: str = "file") -> str:
    """What stands against reading a path as a plain file, at once and without opening it; "" if nothing does.

    Opening a pipe would wait for somebody to write to it, and a device may never end.

    Args:
        path: may be a link.
        what: was expected there: "picture".
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return f"no such {what}"
    except (OSError, ValueError) as error:
        return f"can't be used ({getattr(error, 'strerror', None) or error})"
    return _kind(mode)


def no_such(path: Path | str, what: str) -> str:
    """What to say of a path that `is_file` denies: what it is instead if it is a pipe or the like."""
    why_not = why_no_file(path)
    return why_not if why_not.endswith(_SPECIAL) else f"no such {what}"


def read(path: Path, most: int = -1) -> bytes:
    """The bytes of a plain file, or its first ones, so many at `most`; never waits as for a pipe.

    Raises:
        OSError: there is none, or it can't be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if kind := _kind(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, kind, str(path))
        return file.read(most)


def _kind(mode: int) -> str:
    """What something other than a plain file is."""
    return next((name for test, name in _KINDS if test(mode)), "")
