"""A file's outermost parts, read without what is in them: how MP4's boxes and Matroska's segments follow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from stylize_video.pictures import boxes

_SEGMENT = b"\x18\x53\x80\x67"
_HEADER = b"\x1a\x45\xdf\xa3"


def is_fragmented_mp4(path: Path) -> bool:
    """Whether the times of an MP4 stand in fragments, of which each has a time of its own."""
    with path.open("rb") as file:
        return any(box.kind == b"moof" for box in boxes.outermost(file))


def has_second_segment(path: Path) -> bool:
    """Whether anything follows a Matroska file's first segment; or it does not say how long it is."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while (element := _element(file)) is not None:
            name, length = element
            if length is None:
                return True
            end = file.tell() + length  # of a damaged file it may be more than a place in a file can be
            if end > size:
                return False
            file.seek(end)
            if name == _SEGMENT:
                return end < size
    return False


def _element(file: BinaryIO) -> tuple[bytes, int | None] | None:
    """Name and length (bytes; None: unknown) of the element that begins here; None: there is none."""
    name = file.read(4)
    first = file.read(1)
    if name not in (_HEADER, _SEGMENT) or not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    value = int.from_bytes(bytes([first[0] ^ 1 << (7 - more)]) + rest, "big")
    unknown = value == (1 << 7 * (more + 1)) - 1
    return name, None if unknown else value
