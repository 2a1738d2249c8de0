"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from stylize_video.errors import OutputError, OutputExistsError


def check_target(path: Path, *, overwrite: bool) -> None:
    """See whether a file could be written, before the work is done.

    Raises:
        OutputError: it can't.
        OutputExistsError: it exists and may not be replaced.
    """
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(_partial(path))  # the longest name that will be needed
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file in it with -o")
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists; add --overwrite or name another with -o")
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
    """Write beside `path` and rename, so that an existing file is replaced only by a whole one.

    Raises:
        OSError: it can't be written; nothing is left behind and nothing replaced.
    """
    partial = _partial(path)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the new name on an empty file
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Remove a file, as far as it is there, and what a killed `write` left of it."""
    for leftover in (path, _partial(path)):
        with suppress(OSError):
            leftover.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".part")
