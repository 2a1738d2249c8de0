"""ISO base media boxes (ISO/IEC 14496-12): found, patched and put into each other."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_CONTAINERS = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")
# Bytes between a box's name and the boxes in it.
_SKIPPED = {b"stsd": 8, b"avc1": 78, b"hvc1": 78, b"meta": 4}


def box(kind: bytes, *contents: bytes) -> bytes:
    """A box."""
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def full_box(kind: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *contents)


def find(data: bytes, path: Sequence[bytes], number: int = 0) -> list[int]:
    """Where the boxes of a path begin, the outermost first.

    Args:
        data: a file.
        path: names, such as `moov`, `trak`, `tkhd`.
        number: which one of several such paths.

    Raises:
        LookupError: there is none.
    """
    for found in _paths(data, path, 0, len(data)):
        if number == 0:
            return found
        number -= 1
    raise LookupError(f"no box {b'/'.join(path).decode()}")


def overwrite(data: bytes, path: Sequence[bytes], offset: int, new: bytes, number: int = 0) -> bytes:
    """Put `new` over the bytes that stand `offset` bytes behind a box's name."""
    start = find(data, path, number)[-1] + 8 + offset
    return data[:start] + new + data[start + len(new) :]


def append(data: bytes, path: Sequence[bytes], new: bytes) -> bytes:
    """Put `new` at the end of a box; only where no sample lies behind it, since those would move."""
    starts = find(data, path)
    end = starts[-1] + _size(data, starts[-1])
    made = bytearray(data)
    for start in starts:
        made[start : start + 4] = struct.pack(">I", _size(data, start) + len(new))
    made[end:end] = new
    return bytes(made)


def content(data: bytes, path: Sequence[bytes], number: int = 0) -> bytes:
    """What is in a box."""
    start = find(data, path, number)[-1]
    return data[start + 8 : start + _size(data, start)]


def _paths(data: bytes, path: Sequence[bytes], begin: int, end: int) -> Iterator[list[int]]:
    for start in _boxes(data, begin, end):
        kind = data[start + 4 : start + 8]
        if kind != path[0]:
            continue
        if len(path) == 1:
            yield [start]
        elif kind in _CONTAINERS or kind in _SKIPPED:
            inside = start + 8 + _SKIPPED.get(kind, 0)
            for rest in _paths(data, path[1:], inside, start + _size(data, start)):
                yield [start, *rest]


def _boxes(data: bytes, begin: int, end: int) -> Iterator[int]:
    while begin + 8 <= end:
        yield begin
        begin += max(8, _size(data, begin))


def _size(data: bytes, start: int) -> int:
    size: int = struct.unpack_from(">I", data, start)[0]
    return size
