"""Small files that promise gigabytes."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

SIDE = 30_000  # px, in the header of each picture


def weights(tensors: dict[str, Any], data: bytes, **metadata: str) -> bytes:
    """A safetensors file with any header, `tensors` its entries."""
    header = json.dumps({"__metadata__": metadata, **tensors}).encode()
    return len(header).to_bytes(8, "little") + header + data


def encoded(suffix: str, width: int = 48, height: int = 32, *, flat: bool = False) -> bytes:
    """A picture: noise, or of one grey."""
    noise = np.random.default_rng(0).integers(0, 255, (1, 1, 3) if flat else (height, width, 3), np.uint8)
    done, data = cv2.imencode(suffix, np.ascontiguousarray(np.broadcast_to(noise, (height, width, 3))))
    assert done
    return data.tobytes()


def jpeg(side: int = SIDE, *, progressive: bool = False) -> bytes:
    """A JPEG whose frame header has another size."""
    flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    data = bytearray(cv2.imencode(".jpg", np.zeros((32, 48, 3), np.uint8), flags)[1].tobytes())
    place = data.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", side, side)
    return bytes(data)


def png(width: int = SIDE, height: int = SIDE, *, rows: int = 1) -> bytes:
    """A PNG of one bit a pixel, black; all of it is there if it has as many rows as it says."""
    packed = zlib.compress(bytes(1 + -(-width // 8)) * rows, 9)
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0), b"IDAT" + packed, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


def gif() -> bytes:
    """A GIF whose canvas has another size than its picture."""
    data = bytearray(encoded(".gif"))
    data[6:10] = struct.pack("<HH", SIDE, SIDE)
    return bytes(data)


def webp() -> bytes:
    """An extended WebP with a canvas of another size."""
    sides = struct.pack("<I", SIDE - 1)[:3] * 2
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides + encoded(".webp")[12:]
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def bmp() -> bytes:
    """A BMP whose header has another size."""
    data = bytearray(encoded(".bmp"))
    data[18:26] = struct.pack("<ii", SIDE, SIDE)
    return bytes(data)


def tiff(*, tile: int | None = None) -> bytes:
    """A TIFF with almost nothing in it; of 64x64 px if it has a tile."""
    side, strip = (SIDE, zlib.compress(b"")) if tile is None else (64, zlib.compress(b""))
    tags = [(256, side), (257, side), (258, 8), (259, 8), (262, 1), (277, 1)]
    if tile is None:
        tags += [(273, 8), (278, side), (279, len(strip))]
    else:
        tags += [(322, tile), (323, tile), (324, 8), (325, len(strip))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags))
    return (
        b"II*\0"
        + struct.pack("<I", 8 + len(strip))
        + strip
        + struct.pack("<H", len(tags))
        + entries
        + bytes(4)
    )


def avif() -> bytes:
    """The boxes of an AVIF up to its size."""
    size = struct.pack(">I4sIII", 20, b"ispe", 0, SIDE, SIDE)
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"avif", 0, b"mif1") + size + bytes(64)


PICTURES = {
    "jpg": jpeg(),
    "progressive.jpg": jpeg(progressive=True),
    "png": png(),
    "webp": webp(),
    "bmp": bmp(),
    "tif": tiff(),
    "tile.tif": tiff(tile=65520),
    "gif": gif(),
    "avif": avif(),
}


def film(folder: Path, *, samples: int) -> Path:
    """An MP4 whose table has so many samples of one byte each, in one chunk."""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for packet in (*stream.encode(av.VideoFrame(64, 48, "yuv420p")), *stream.encode()):
            container.mux(packet)
    changed = bytearray(data.getvalue())
    place = changed.index(b"stsz")
    changed[place + 8 : place + 16] = struct.pack(">II", 1, samples)
    place = changed.index(b"stsc")
    changed[place + 16 : place + 20] = struct.pack(">I", samples)
    place = changed.index(b"stts")
    changed[place + 12 : place + 16] = struct.pack(">I", samples)
    path = folder / "promises.mp4"
    path.write_bytes(changed)
    return path
