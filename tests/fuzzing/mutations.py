"""Bytes in, damaged bytes out: as disks, networks and unfinished copies do it, and as an attacker would."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from random import Random
from typing import Any

Mutation = Callable[[bytearray, Random], str]

# Names in front of, or right behind, which sizes, counts and times stand.
_MARKS = (
    b"moov", b"trak", b"mvhd", b"tkhd", b"mdhd", b"elst", b"stsd", b"stts", b"ctts", b"stsc", b"stsz",
    b"stco", b"stss", b"avcC", b"hvcC", b"mdat", b"ftyp", b"esds", b"udta", b"hdlr", b"meta",
    b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75",
    b"\x2a\xd7\xb1", b"\xe0", b"\xb0", b"\xba",
    b"RIFF", b"LIST", b"avih", b"strh", b"strf", b"idx1", b"movi", b"FLV", b"onMetaData", b"OggS",
    b"OpusHead",
    b"\x30\x26\xb2\x75", b"\xa1\xdc\xab\x8c", b"\x91\x07\xdc\xb7", b"\x00\x00\x01\xb3", b"\x00\x00\x01\xba",
    b"GIF8", b"\x21\xf9\x04", b"\x2c\x00", b"YUV4", b"FRAME", b"IHDR", b"IDAT", b"acTL", b"fcTL", b"PLTE",
    b"\xff\xc0", b"\xff\xc4", b"\xff\xda", b"\xff\xe1", b"VP8", b"WEBP", b"BM", b"II*\0", b"NUMPY", b"\x47",
    b"ispe", b"iloc", b"iprp",
)  # fmt: skip
_LIES = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_OTHER_WORDS: tuple[object, ...] = (
    "",
    "x",
    "F64",
    "BOOL",
    "\x1b[31mred",
    "../" * 9,
    "y" * 100_000,
    None,
    3,
    [],
    {},
)
_REACH = 40  # bytes behind a mark


def mutate(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Damage done once to four times, and what it was; never an empty file."""
    damaged = bytearray(data)
    said = [rng.choice(_ALL)(damaged, rng) for _ in range(rng.choice((1, 1, 1, 2, 4)))]
    return bytes(damaged) or b"\0", ", ".join(said)


def lie_in_json(data: bytes, rng: Random) -> tuple[bytes, str]:
    """A safetensors file whose header is good JSON, and untrue."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    where = _falsify(header, rng)
    made = json.dumps(header).encode()
    return struct.pack("<Q", len(made)) + made + data[8 + size :], f"the header's {where}"


def _falsify(header: dict[str, Any], rng: Random) -> str:
    """Change one value of a header; metadata hold JSON in strings, which counts as well."""
    node: Any = header
    path: list[str] = []
    while isinstance(node, (dict, list)) and node:
        key = rng.choice(sorted(node)) if isinstance(node, dict) else rng.randrange(len(node))
        path.append(str(key))
        value = node[key]
        inner = _parsed(value)
        if isinstance(inner, (dict, list)) and inner:
            wrapped = {"": inner}
            said = _falsify(wrapped, rng)
            node[key] = json.dumps(wrapped[""])
            return "/".join([*path, said])
        if not isinstance(value, (dict, list)) or rng.random() < 0.1:
            node[key] = _untrue(value, rng)
            return "/".join(path)
        node = value
    return "/".join(path)


def _parsed(value: object) -> object:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _untrue(value: object, rng: Random) -> object:
    others: tuple[object, ...] = _OTHER_WORDS
    if isinstance(value, int):
        others = (0, -1, 1, value * 1000 + 1, 10**9, 2**31, 2**63, 10**30, 0.5, "x", None, [value])
    elif isinstance(value, float):
        others = (0.0, -1.0, 1e300, float("nan"), float("inf"), "x", None)
    return rng.choice([other for other in others if other != value])


def _flip(data: bytearray, rng: Random) -> str:
    count = rng.choice((1, 1, 4, 32))
    for _ in range(count):
        place = _place(data, rng)
        data[place : place + 1] = bytes([_at(data, place) ^ 1 << rng.randrange(8)])
    return f"{count} bits flipped"


def _truncate(data: bytearray, rng: Random) -> str:
    end = rng.randrange(len(data) + 1)
    del data[end:]
    return f"cut at {end}"


def _zero(data: bytearray, rng: Random) -> str:
    start, size = _block(data, rng)
    data[start : start + size] = bytes(size)
    return f"{size} bytes zeroed at {start}"


def _noise(data: bytearray, rng: Random) -> str:
    start, size = _block(data, rng)
    data[start : start + size] = rng.randbytes(size)
    return f"{size} bytes of noise at {start}"


def _duplicate(data: bytearray, rng: Random) -> str:
    start, size = _block(data, rng)
    data[start:start] = data[start : start + size]
    return f"{size} bytes twice at {start}"


def _remove(data: bytearray, rng: Random) -> str:
    start, size = _block(data, rng)
    del data[start : start + size]
    return f"{size} bytes missing at {start}"


def _shuffle(data: bytearray, rng: Random) -> str:
    size = rng.choice((16, 188, 512, 4096))
    blocks = [bytes(data[i : i + size]) for i in range(0, len(data), size)]
    first, second = rng.randrange(len(blocks) or 1), rng.randrange(len(blocks) or 1)
    if blocks:
        blocks[first], blocks[second] = blocks[second], blocks[first]
    data[:] = b"".join(blocks)
    return f"blocks {first} and {second} of {size} bytes exchanged"


def _lie(data: bytearray, rng: Random) -> str:
    """An integer that says something else, near a name or near the file's beginning or end."""
    width, order = rng.choice((1, 2, 4, 4, 4, 8)), rng.choice(("big", "big", "little"))
    place = _near_a_mark(data, rng) if rng.random() < 0.8 else rng.randrange(min(len(data), 256) + 1)
    lie = rng.choice(_LIES) & (1 << 8 * width) - 1
    data[place : place + width] = lie.to_bytes(width, order)  # type: ignore[arg-type]
    return f"{lie:#x} at {place}"


def _near_a_mark(data: bytearray, rng: Random) -> int:
    found = [mark for mark in _MARKS if mark in data]
    if not found:
        return _place(data, rng)
    mark = rng.choice(found)
    places = [data.find(mark)]
    while (further := data.find(mark, places[-1] + 1)) >= 0 and len(places) < 50:
        places.append(further)
    return max(0, rng.choice(places) + rng.randrange(-4, len(mark) + _REACH))


def _place(data: bytearray, rng: Random) -> int:
    """A third in front, where headers are, a sixth at the end, where indices are, and anywhere."""
    side = rng.randrange(6)
    if side < 2:
        return rng.randrange(min(len(data), 1024) + 1)
    return rng.randrange(max(0, len(data) - 1024) if side == 2 else 0, len(data) + 1)


def _at(data: bytearray, place: int) -> int:
    return data[place] if place < len(data) else 0


def _block(data: bytearray, rng: Random) -> tuple[int, int]:
    start = _place(data, rng)
    return start, min(rng.choice((1, 8, 64, 188, 1000, 5000)), len(data) - start)


_USUAL: tuple[Mutation, ...] = (_truncate, _zero, _noise, _duplicate, _remove, _shuffle)
_ALL = (*_USUAL, _flip, _flip, _lie, _lie, _lie)
