"""How large a picture says it is, before anything is decoded: a file of three kilobytes may say a gigapixel.

Knows the formats that OpenCV reads, and a few more of FFmpeg's. Needs neither of them.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from stylize_video.errors import InputError

LARGEST = 2**27  # px that are decoded whole: 16384x8192, a 16K frame (15360x8640) among them
LARGEST_JPEG = 2**28  # px that are decoded reduced, as JPEG can be: cameras have 200 million
_SEARCHED = 2**20  # bytes of a file in which its size is looked for

_USUAL = 4  # bytes a pixel takes while it is decoded
_COEFFICIENTS = 1.2  # times that, where all those of a JPEG are held
_SEVERAL = 2  # times that, where several pictures are held
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that start a frame
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers that have no length
_HEIF = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"hevc")


class Declared(NamedTuple):
    """What a picture's header says."""

    width: int  # px, as stored
    height: int
    weight: float = 1  # bytes that a pixel takes while it is decoded, by four; at least 1
    reducible: bool = False  # whether it can be decoded at a fraction of its size, without more memory

    @property
    def pixels(self) -> int:
        """How many there are."""
        return self.width * self.height


def declared(data: bytes) -> Declared | None:
    """Read the size from the beginning of a picture file; None if this is no picture of a known format.

    Raises:
        ValueError: it is one, but its header is damaged.
    """
    for magic, reader in _READERS:
        if re.match(magic, data, re.DOTALL):
            try:
                found = reader(data)
            except (struct.error, IndexError) as error:
                raise ValueError("the header breaks off") from error
            return found
    return None


def check(found: Declared, path: object) -> None:
    """See whether a picture can be decoded in the memory that there is for it.

    Raises:
        InputError: it is too large.
    """
    limit = LARGEST_JPEG if found.reducible else LARGEST
    if found.pixels * found.weight > limit:
        most = int(limit / found.weight) // 10**6
        raise InputError(
            f"{path}: says that it is {found.width}x{found.height} px; at most {most} megapixels of its kind"
            " are read, so shrink it first"
        )


def _jpeg(data: bytes) -> Declared:
    """Of SOF, and of SOS, which says whether all coefficients have to be held at once."""
    place, size = 2, None
    while True:
        if (place := data.find(b"\xff", place)) < 0:
            raise ValueError("it says no size")
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        place += 1
        if marker in _JPEG_ALONE or marker == 0:
            continue
        if marker in _JPEG_SIZES:
            height, width, components = struct.unpack_from(">HHB", data, place + 3)
            size = Declared(width, height, reducible=marker in (0xC0, 0xC1)), components
        if marker == 0xDA:
            if size is None:
                raise ValueError("a scan without a size")
            if size[0].reducible and data[place + 2] == size[1]:
                return size[0]
            return size[0]._replace(reducible=False, weight=_COEFFICIENTS)
        place += struct.unpack_from(">H", data, place)[0]


def _png(data: bytes) -> Declared:
    width, height, bits, kind = struct.unpack_from(">IIBB", data, 16)
    channels = {0: 1, 2: 3, 4: 2, 6: 4}.get(kind, 4)
    return Declared(width, height, max(1, bits / 8 * channels / _USUAL))


def _webp(data: bytes) -> Declared:
    kind = data[12:16]
    if kind == b"VP8X":
        sides = struct.unpack_from("<II", data[24:27] + b"\0" + data[27:30] + b"\0")
        return Declared(sides[0] + 1, sides[1] + 1)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Declared((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack_from("<HH", data, 26)
    return Declared(width & 0x3FFF, height & 0x3FFF)


def _bmp(data: bytes) -> Declared:
    kind = "<HH" if struct.unpack_from("<I", data, 14)[0] == 12 else "<ii"
    width, height = struct.unpack_from(kind, data, 18)
    return Declared(abs(width), abs(height))


def _tiff(data: bytes) -> Declared:
    """Of the first page; a tile may be larger than the picture."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    count_kind, entry, inline = ("Q", 20, 12) if big else ("H", 12, 8)
    start = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + count_kind, data, start)[0]
    start += struct.calcsize(order + count_kind)
    tags = {}
    for place in range(start, start + min(count, 512) * entry, entry):
        tag, kind = struct.unpack_from(order + "HH", data, place)
        value = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind)
        many = struct.unpack_from(order + ("Q" if big else "I"), data, place + 4)[0]
        if value is not None:
            at = place + inline
            if struct.calcsize(value) * many > (8 if big else 4):  # as bits of each of three samples
                at = struct.unpack_from(order + ("Q" if big else "I"), data, at)[0]
            tags[tag] = struct.unpack_from(order + value, data, at)[0]
    width, height, bits = tags.get(256, 0), tags.get(257, 0), tags.get(258, 8)
    if tags.get(322, 0) * tags.get(323, 0) > width * height + 2**20:  # nothing but a lie
        width, height = tags[322], tags[323]
    return Declared(width, height, max(1, tags.get(277, 1) * bits / 8 / _USUAL))


def _gif(data: bytes) -> Declared:
    width, height = struct.unpack_from("<HH", data, 6)
    return Declared(width, height, _SEVERAL)


def _heif(data: bytes) -> Declared | None:
    """The largest of its pictures: tiles have a size, too."""
    if not any(brand in data[8:64] for brand in _HEIF):
        return None  # a film
    found = [struct.unpack_from(">II", data, at.end() + 4) for at in re.finditer(b"ispe", data[:_SEARCHED])]
    if not found:
        raise ValueError("it says no size")
    width, height = max(found, key=lambda size: size[0] * size[1])
    return Declared(width, height, _SEVERAL)


def _text(data: bytes) -> Declared:
    """PBM, PGM, PPM and PFM: two numbers after the kind, between comments."""
    words = re.sub(rb"#[^\n]*", b" ", data[:4096]).split()
    if len(words) < 3:
        raise ValueError("it says no size")
    return Declared(_number(words[1]), _number(words[2]))


def _pam(data: bytes) -> Declared:
    found = dict(re.findall(rb"^(WIDTH|HEIGHT)\s+(\d+)", data[:4096], re.MULTILINE))
    return Declared(_number(found.get(b"WIDTH", b"")), _number(found.get(b"HEIGHT", b"")))


def _radiance(data: bytes) -> Declared:
    found = re.search(rb"[-+][XY]\s+(\d+)\s+[-+][XY]\s+(\d+)", data[:65536])
    if found is None:
        raise ValueError("it says no size")
    return Declared(_number(found[2]), _number(found[1]), 3)


def _number(word: bytes) -> int:
    if not word.isdigit() or len(word) > 10:
        raise ValueError("it says no size")
    return int(word)


def _jpeg2000(data: bytes) -> Declared:
    """Of the image header, or of SIZ in a bare stream; decoded into integers of 32 bits."""
    if data[:4] == b"\xff\x4f\xff\x51":
        right, lower = struct.unpack_from(">II", data, 8)
        return Declared(right, lower, 4)
    head = data[:_SEARCHED]
    place, size = head.find(b"\xff\x4f\xff\x51"), head.find(b"ihdr")
    if size < 0:
        raise ValueError("it says no size")
    height, width = struct.unpack_from(">II", data, size + 4)
    if place >= 0:
        right, lower = struct.unpack_from(">II", data, place + 8)
        width, height = max(width, right), max(height, lower)
    return Declared(width, height, 4)


def _pair(place: int, *, swapped: bool = False) -> Callable[[bytes], Declared]:
    """Width and height, or the other way round, at a place that is always the same."""

    def read(data: bytes) -> Declared:
        first, second = struct.unpack_from(">II", data, place)
        return Declared(second, first) if swapped else Declared(first, second)

    return read


_READERS: tuple[tuple[bytes, Callable[[bytes], Declared | None]], ...] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF.{4}WEBP", _webp),
    (b"BM", _bmp),
    (b"II[*+]\0|MM\0[*+]", _tiff),
    (b"GIF8[79]a", _gif),
    (b".{4}ftyp", _heif),
    (b"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", _jpeg2000),
    (b"P[1-6][\\s#]|P[Ff]\\s", _text),
    (b"P7\\s", _pam),
    (b"#\\?(RADIANCE|RGBE)", _radiance),
    (b"\x59\xa6\x6a\x95", _pair(4)),  # Sun raster
    (b"qoif", _pair(4)),
    (b"8BPS", _pair(14, swapped=True)),  # Photoshop
)
