"""Films that say how they are to be seen."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests import drawing
from tests.filmmaking import Video, film, steady
from tests.real import boxes

_SAMPLE_ENTRY = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")
HIDDEN = (1.0, 0.0, 1.0)  # the colour below what is transparent


def mirrored(folder: Path) -> Path:
    """A front camera's film: stored mirrored, with a display matrix that mirrors it back."""
    clip = film(folder / "mirror.mp4", Video(draw=_mirrored))
    matrix = struct.pack(">9i", -(2**16), 0, 0, 0, 2**16, 0, 96 << 16, 0, 2**30)
    clip.path.write_bytes(boxes.overwrite(clip.path.read_bytes(), (b"moov", b"trak", b"tkhd"), 40, matrix))
    return clip.path


def _mirrored(number: int, width: int, height: int) -> drawing.Rgb:
    return drawing.numbered_picture(number, width, height)[:, ::-1]


def transparent(folder: Path) -> Path:
    """VP9 with an alpha channel, of which the left half hides a loud colour; webm."""
    path = folder / "alpha.webm"
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(
            "libvpx-vp9", rate=25, options={"crf": "4", "b": "0", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuva420p"
        stream.metadata["alpha_mode"] = "1"
        for number in range(5):
            container.mux(stream.encode(_half_hidden(number)))
        container.mux(stream.encode(None))
    return path


def _half_hidden(number: int) -> av.VideoFrame:
    picture = drawing.numbered_picture(number, 96, 64)
    picture[:, :48] = HIDDEN
    alpha = np.ones((64, 96, 1))
    alpha[:, :48] = 0
    pixels = np.rint(np.concatenate([picture, alpha], axis=-1) * 255).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(pixels, "rgba").reformat(format="yuva420p")
    frame.pts, frame.time_base = number, Fraction(1, 25)
    return frame


def spherical(folder: Path) -> Path:
    """A film of a whole sphere, in mono (Google's Spherical Video V2: st3d and sv3d)."""
    clip = film(folder / "360.mp4", Video(size=(96, 48)))
    sphere = boxes.full_box(b"st3d", b"\0") + boxes.box(
        b"sv3d",
        boxes.full_box(b"svhd", b"own tool\0"),
        boxes.box(b"proj", boxes.full_box(b"prhd", bytes(12)), boxes.full_box(b"equi", bytes(16))),
    )
    clip.path.write_bytes(boxes.append(clip.path.read_bytes(), _SAMPLE_ENTRY, sphere))
    return clip.path


def interlaced(folder: Path) -> Path:
    """Fields, the top one first; mkv."""
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    path = folder / "tff.mkv"
    video = Video(size=(96, 64), options=options)
    with av.open(path, "w") as container:
        from tests.filmmaking import add_video

        stream = add_video(container, video)
        for frame in video.frames():
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def hdr10(folder: Path) -> Path:
    """10 bit, BT.2020, PQ, with mastering display and light levels; mkv."""
    params = (
        "log-level=none:pools=none:frame-threads=1:bframes=0:crf=8:hdr10=1:repeat-headers=1:max-cll=1000,400:"
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    )
    video = Video(
        times=steady(5),
        codec="libx265",
        pixel_format="yuv420p10le",
        matrix="2020",
        tags=(9, 1, 9, 16),
        options={"x265-params": params},
        draw=lambda number, *size: 0.58 * drawing.numbered_picture(number, *size),  # paper at 203 cd/m²
    )
    return film(folder / "hdr10.mkv", replace(video)).path
