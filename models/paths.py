"""Questions about paths as a user types them: any name has an answer."""

from __future__ import annotations

from pathlib import Path


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
