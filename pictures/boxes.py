"""The outermost boxes of an MP4 or its kin (ISO/IEC 14496-12, 4.2), read without what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END
from typing import BinaryIO, NamedTuple


class Box(NamedTuple):
    """Where a box lies in a file."""

    kind: bytes  # four letters
    begin: int  # of its content, bytes
    size: int  # of its content, bytes; may reach beyond the file's end


def outermost(file: BinaryIO) -> Iterator[Box]:
    """The boxes in their order, up to the first that can't be one. `file` may be read meanwhile."""
    end = file.seek(0, SEEK_END)
    place = 0
    while place + 8 <= end:
        file.seek(place)
        size, kind, head = int.from_bytes(file.read(4), "big"), file.read(4), 8
        if size == 1:
            size, head = int.from_bytes(file.read(8), "big"), 16
        elif size == 0:
            size = end - place  # the last one, up to the file's end
        if size < head:
            return
        yield Box(kind, place + head, size - head)
        place += size
