"""Files on their way to another machine: block by block through Ray's object store, under their own names.

On the other machine they lie in a folder that stands for the root: `/clips/a.mp4` is `FOLDER/clips/a.mp4`. So
nothing that is made of their names changes, and what is said of them is said of the files that people know.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from stylize_video.errors import InputError
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.request import PaintRequest

BLOCK = 32 * 2**20  # bytes that are sent at a time

Found = TypeVar("Found")


class PackedFile(NamedTuple):
    """A file in the object store."""

    path: Path  # absolute, on the machine that it is from
    blocks: tuple[Any, ...]  # references to its bytes
    key: str  # of no other file, nor of the same one sent again


Parcel = Sequence[PackedFile]


class Packer:
    """Puts files into the object store; those that many films are painted with are put there once.

    Args:
        put: takes an object into the store, and gives a reference.
    """

    def __init__(self, put: Callable[[bytes], Any]) -> None:
        self._put = put
        self._kept: dict[Path, tuple[FileMark, PackedFile]] = {}

    def pack(self, request: PaintRequest) -> Parcel:
        """All files that a request names.

        Raises:
            InputError: one can't be read.
            UsageError: a style that can't be painted so.
        """
        made_with = [*(file for plan in request.plans() for file in plan.files), *request.look.masks]
        films = [self._file(request.source.input)]
        return films + [self._once(path) for path in dict.fromkeys(made_with) if path.is_file()]

    def _once(self, path: Path) -> PackedFile:
        mark, kept = self._kept.get(path, (None, None))
        if mark is None or kept is None or not mark.is_of(path):
            mark, kept = FileMark.of(path), self._file(path)
            self._kept[path] = mark, kept
        return kept

    def _file(self, path: Path) -> PackedFile:
        return PackedFile(path, tuple(self._put(block) for block in blocks(path)), secrets.token_hex(8))


def blocks(path: Path) -> Iterator[bytes]:
    """What a file holds, block by block.

    Raises:
        InputError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def unpack(parcel: Parcel, root: Path, get: Callable[[Any], bytes]) -> None:
    """Lay all files into the folder that stands for the root."""
    for path, references, _ in parcel:
        there = below(root, path)
        there.parent.mkdir(parents=True, exist_ok=True)
        with there.open("wb") as file:
            for reference in references:
                file.write(get(reference))


def below(root: Path, path: Path) -> Path:
    """A path from the root on -> the same within a folder."""
    return root / path.relative_to(path.anchor)


def moved(request: PaintRequest, root: Path) -> PaintRequest:
    """The same request with all its files within a folder that stands for the root."""
    return with_paths(request, lambda path: below(root, path))


def with_paths(value: Found, change: Callable[[Path], Path]) -> Found:
    """The same value with other paths, wherever in it there are any."""
    return _with_paths(value, change)  # type: ignore[no-any-return]


def _with_paths(value: Any, change: Callable[[Path], Path]) -> Any:
    if isinstance(value, Path):
        return change(value)
    if isinstance(value, tuple):
        made: Iterable[Any] = (_with_paths(item, change) for item in value)
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [each.name for each in dataclasses.fields(value) if each.init]
        return dataclasses.replace(
            value, **{name: _with_paths(getattr(value, name), change) for name in fields}
        )
    return value
