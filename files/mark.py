"""What a file holds, and whether it is still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stylize_video.errors import InputError

_PART = 2**20  # bytes read at a time


@dataclass(frozen=True)
class FileMark:
    """A file's content, and by what one sees without reading it that it is still the same."""

    sha256: str
    size: int  # bytes
    stamp: tuple[int, ...]  # times of change (ns), number and device of the file

    @classmethod
    def of(cls, path: Path, known: FileMark | None = None) -> Self | FileMark:
        """A file's; it is read unless it is surely the one that is known.

        Raises:
            InputError: it can't be read.
        """
        if known is not None and known.is_of(path):
            return known
        try:
            found = path.stat()
            return cls(_digest(path), found.st_size, _stamp(found))
        except OSError as error:
            raise InputError(f"{path}: can't be read ({error.strerror})") from error

    def is_of(self, path: Path) -> bool:
        """Whether a file is surely this one: nothing wrote to it since."""
        try:
            found = path.stat()
        except OSError:
            return False
        return (found.st_size, _stamp(found)) == (self.size, self.stamp)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """What JSON has."""
        return cls(str(given["sha256"]), int(given["size"]), tuple(map(int, given["stamp"])))


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_PART):
            digest.update(data)
    return digest.hexdigest()
