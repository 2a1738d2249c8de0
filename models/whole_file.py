"""Files that are written whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Write beside `path` and rename, so that an existing file is replaced only by a whole one.

    Raises:
        OSError: it can't be written; nothing is left behind and nothing replaced.
    """
    partial = _partial(path)
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
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
