"""How the parts of a photograph (AVIF, HEIC) belong together, by the file's "meta" box (ISO/IEC 23008-12)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from stylize_video.pictures import boxes
from stylize_video.pictures.orientation import Orientation

_LARGEST_META = 1 << 24  # bytes; those of telephones take some thousands
_MOST_BOXES = 64  # before "meta"; there is hardly more than one

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Grid:
    """A picture in tiles."""

    rows: int
    columns: int
    width: int  # px, of the whole as stored
    height: int
    tiles: tuple[int, ...]  # item numbers, row by row
    orientation: Orientation


def find_grid(path: Path) -> Grid | None:
    """How the file's main picture is made of tiles; None if it isn't, or doesn't say so understandably."""
    return _ask(path, _Meta.grid)


def find_alpha(path: Path) -> int | None:
    """The item that holds the main picture's transparency."""
    return _ask(path, _Meta.alpha)


def find_orientation(path: Path) -> Orientation:
    """How the main picture is to be turned and mirrored to be upright."""
    return _ask(path, _Meta.orientation) or Orientation()


def _ask(path: Path, question: Callable[[_Meta], Answer | None]) -> Answer | None:
    try:
        with path.open("rb") as file:
            meta = _read_meta(file)
        return None if meta is None else question(_Meta(meta, path))
    except (OSError, struct.error, IndexError, ValueError, KeyError):
        return None


def _read_meta(file: BinaryIO) -> bytes | None:
    """The content of the file's "meta" box, which comes after "ftyp"."""
    for number, box in enumerate(boxes.outermost(file)):
        if (number == 0 and box.kind != b"ftyp") or number == _MOST_BOXES:
            return None
        if box.kind == b"meta":
            file.seek(box.begin + 4)  # past version and flags
            return file.read(max(0, min(box.size - 4, _LARGEST_META)))
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box."""
    place = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        if size < 8:
            return
        yield kind, data[place + 8 : place + size]
        place += size


class _Meta:
    """The boxes in "meta" that tell of tiles."""

    def __init__(self, data: bytes, path: Path) -> None:
        self._boxes = dict(_boxes(data))
        self._path = path

    def _main(self) -> int:
        """The item that is the picture."""
        return _Fields(self._boxes[b"pitm"]).item(wide_from=1)

    def orientation(self) -> Orientation:
        """Of the main item."""
        return self._orientation_of(self._main())

    def grid(self) -> Grid | None:
        """The main item's tiles, if it has some."""
        main = self._main()
        tiles = self._tiles(main)
        if not tiles:
            return None
        fields = _Fields(self._payload(main))
        wide = fields.version_flags()[1] & 1
        rows, columns = fields.take("BB")
        width, height = fields.take("II" if wide else "HH")
        rows, columns = rows + 1, columns + 1
        if len(tiles) != rows * columns:
            return None
        return Grid(rows, columns, width, height, tiles, self._orientation_of(main))

    def alpha(self) -> int | None:
        """The item that holds the main one's transparency."""
        main = self._main()
        for kind, origin, targets in self._references():
            if kind == b"auxl" and main in targets and self._is_alpha(origin):
                return origin
        return None

    def _is_alpha(self, item: int) -> bool:
        return any(kind == b"auxC" and b":alpha" in content for kind, content in self._properties_of(item))

    def _tiles(self, main: int) -> tuple[int, ...]:
        """The items that the main one is derived from."""
        for kind, origin, targets in self._references():
            if kind == b"dimg" and origin == main:
                return targets
        return ()

    def _references(self) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
        """Kind, the item that refers, and those referred to."""
        box = self._boxes.get(b"iref", b"\0\0\0\0")
        code = "I" if box[0] else "H"
        for kind, content in _boxes(box[4:]):
            fields = _Fields(content)
            (origin,) = fields.take(code)
            (count,) = fields.take("H")
            yield kind, origin, fields.take(f"{count}{code}")

    def _payload(self, wanted: int) -> bytes:
        """An item's own data."""
        fields = _Fields(self._boxes[b"iloc"])
        version = fields.full_version()
        sizes = fields.take("BB")
        offset_size, length_size = sizes[0] >> 4, sizes[0] & 15
        base_size, index_size = sizes[1] >> 4, sizes[1] & 15 if version else 0
        wide = "I" if version == 2 else "H"
        (count,) = fields.take(wide)
        for _ in range(count):
            (item,) = fields.take(wide)
            method = fields.take("H")[0] & 15 if version else 0
            fields.take("H")
            base = fields.number(base_size)
            (extents,) = fields.take("H")
            if extents > 1 and not (index_size or offset_size or length_size):
                raise ValueError("millions of extents would take no space")
            parts = [
                (fields.number(index_size), base + fields.number(offset_size), fields.number(length_size))
                for _ in range(extents)
            ]
            if item == wanted:
                return b"".join(self._read(method, begin, length) for _, begin, length in parts)
        raise KeyError(wanted)

    def _read(self, method: int, begin: int, length: int) -> bytes:
        length = min(length, 64)  # a grid's description takes 8 or 12 bytes
        if method == 1:
            return self._boxes[b"idat"][begin : begin + length]
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(length)

    def _orientation_of(self, main: int) -> Orientation:
        """First turned ("irot"), then mirrored ("imir")."""
        turns, mirrored = 0, False
        for kind, content in self._properties_of(main):
            if kind == b"irot":
                turns = content[0] & 3
            if kind == b"imir":
                mirrored = True
                turns += 0 if content[0] & 1 else 2  # top and bottom change places: a half turn more
        return Orientation(turns % 4, mirrored)

    def _properties_of(self, main: int) -> list[tuple[bytes, bytes]]:
        """Kind and content of an item's properties, in order."""
        boxes = dict(_boxes(self._boxes[b"iprp"]))
        properties, box = list(_boxes(boxes[b"ipco"])), boxes[b"ipma"]
        fields = _Fields(box)
        version, flags = box[0], box[3]
        fields.full_version()
        (count,) = fields.take("I")
        for _ in range(count):
            (item,) = fields.take("I" if version else "H")
            (number,) = fields.take("B")
            found = fields.take(f"{number}{'H' if flags & 1 else 'B'}")
            if item == main:
                numbers = [index & (0x7FFF if flags & 1 else 0x7F) for index in found]
                return [properties[number - 1] for number in numbers if number]
        return []


class _Fields:
    """Numbers one after the other, big end first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, codes: str) -> tuple[int, ...]:
        found = struct.unpack_from(">" + codes, self._data, self._place)
        self._place += struct.calcsize(">" + codes)
        return found

    def number(self, size: int) -> int:
        """A number of `size` bytes, 0 for none."""
        if self._place + size > len(self._data):
            raise ValueError("the numbers break off")
        found = int.from_bytes(self._data[self._place : self._place + size], "big")
        self._place += size
        return found

    def version_flags(self) -> tuple[int, ...]:
        """A byte of each, as a grid has them."""
        return self.take("BB")

    def full_version(self) -> int:
        """Of a full box, whose flags take three bytes."""
        return self.take("B3x")[0]

    def item(self, *, wide_from: int) -> int:
        return self.take("I" if self.full_version() >= wide_from else "H")[0]
