"""Pictures as phones, designers and browsers have them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tests import drawing, media
from tests.media import Still
from tests.real.boxes import box, full_box

# EXIF orientation -> what turns the upright picture into the stored one.
_STORED = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: p.swapaxes(0, 1),
    6: np.rot90,
    7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
    8: lambda p: np.rot90(p, -1),
}


def oriented(folder: Path, orientation: int) -> Still:
    """A jpg stored in one of the eight ways that EXIF knows (CIPA DC-008, tag 274)."""
    upright = np.rint(drawing.colour_chart() * 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    stored = np.ascontiguousarray(_STORED[orientation](upright)[..., ::-1])
    data = cv2.imencode(".jpg", stored, quality)[1].tobytes()
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    path = folder / f"o{orientation}.jpg"
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return Still(path, upright, exact=False)


def tiled(folder: Path) -> Still:
    """An avif of 256x192 in four tiles of 128x96, as phones cut large photographs (HEIF, 6.6.2.3)."""
    pixels = np.rint(drawing.colour_chart(256, 192) * 255).astype(np.uint8)
    tiles = [_av1(pixels[y : y + 96, x : x + 128]) for y in (0, 96) for x in (0, 128)]
    grid = struct.pack(">BBBBHH", 0, 0, 1, 1, 256, 192)
    items = [grid, *tiles]
    path = folder / "grid.avif"
    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miafMA1B")
    start = len(head) + len(_meta(items, 0)) + 8
    path.write_bytes(head + _meta(items, start) + box(b"mdat", *items))
    return Still(path, pixels, exact=False)


def _av1(pixels: np.ndarray) -> bytes:
    """One picture's OBUs, 4:2:0."""
    encoder: Any = av.CodecContext.create("libsvtav1", "w")
    encoder.width, encoder.height, encoder.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"preset": "10", "crf": "4", "svtav1-params": "avif=1:lp=1"}
    frame = drawing.to_frame(pixels / 255, "yuv420p", matrix="601")
    frame.pts = 0
    frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = 6, 1, 1, 13
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _meta(items: list[bytes], start: int) -> bytes:
    """The items' table, if the first lies at `start` in the file: a grid and its tiles."""
    places, place = b"", start
    for number, item in enumerate(items, 1):
        places += struct.pack(">HHHII", number, 0, 1, place, len(item))
        place += len(item)
    infos = [
        full_box(b"infe", struct.pack(">HH4s", n, 0, kind), b"Color\0", version=2, flags=int(n > 1))
        for n, kind in enumerate([b"grid", *[b"av01"] * (len(items) - 1)], 1)
    ]
    tiles = range(2, len(items) + 1)
    properties = box(
        b"ipco",
        full_box(b"ispe", struct.pack(">II", 256, 192)),
        full_box(b"pixi", bytes((3, 8, 8, 8))),
        full_box(b"ispe", struct.pack(">II", 128, 96)),
        box(b"av1C", bytes((0x81, 0x00, 0x0C, 0x00))),
    )
    uses = struct.pack(">HBBB", 1, 2, 1, 2) + b"".join(
        struct.pack(">HBBBB", tile, 3, 3, 2, 0x84) for tile in tiles
    )
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"pict", bytes(12), b"\0"),
        full_box(b"pitm", struct.pack(">H", 1)),
        full_box(b"iloc", struct.pack(">BBH", 0x44, 0, len(items)), places),
        full_box(b"iinf", struct.pack(">H", len(items)), *infos),
        full_box(b"iref", box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *tiles))),
        box(b"iprp", properties, full_box(b"ipma", struct.pack(">I", len(items)), uses)),
    )


def screen(folder: Path, size: tuple[int, int] = (96, 64)) -> Path:
    """A gif of ten numbered frames, a tenth of a second each."""
    frames = [drawing.to_frame(drawing.numbered_picture(n, *size), "rgb24") for n in range(10)]
    paletted = [frame.reformat(format="rgb8") for frame in frames]
    return media.encoded(folder / "screen.gif", "gif", "rgb8", paletted, rate=10)


def animation(folder: Path) -> Path:
    """An animated png of five frames at five frames/s."""
    path = folder / "anim.png"
    with av.open(path, "w", format="apng") as container:
        stream: Any = container.add_stream("apng", rate=5)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb24"
        for number in range(5):
            frame = drawing.to_frame(drawing.numbered_picture(number, 96, 64), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def moving_avif(folder: Path) -> Path:
    """An animated AVIF of five frames at five frames/s; its first one is there as a still of it, too."""
    path = folder / "anim.avif"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("libsvtav1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.options = {"preset": "10", "crf": "10", "svtav1-params": "lp=1"}
        for number in range(5):
            frame = drawing.to_frame(drawing.numbered_picture(number, 96, 64), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
