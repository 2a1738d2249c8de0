"""Planes that were pickled are what they were: every byte, the colour tags, the time."""

from __future__ import annotations

import pickle
from fractions import Fraction

import av
import numpy as np
import pytest

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.planes import packing

TICK = Fraction(1001, 30000)


def picture(pixel_format: str, width: int = 35, height: int = 17) -> av.VideoFrame:
    noise = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    made = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=pixel_format)
    made.pts, made.time_base, made.duration = 7, TICK, 2
    made.colorspace, made.color_range, made.color_primaries, made.color_trc = 9, 2, 8, 16
    return made


@pytest.mark.parametrize(
    "pixel_format", ["yuv420p", "yuv422p10le", "nv12", "gbrp", "gray", "yuyv422", "yuva420p"]
)
def test_packed_and_unpacked_it_is_the_same(pixel_format: str) -> None:
    given = picture(pixel_format)
    found = packing.unpack(pickle.loads(pickle.dumps(packing.pack(given))))
    assert (found.width, found.height, found.format.name) == (35, 17, pixel_format)
    assert (found.pts, found.time_base, found.duration) == (7, TICK, 2)
    assert (found.colorspace, found.color_range, found.color_primaries, found.color_trc) == (9, 2, 8, 16)
    for one, other in zip(given.planes, found.planes, strict=True):
        rows = [
            np.frombuffer(memoryview(p), np.uint8).reshape(p.height, -1)[:, : p.width] for p in (one, other)
        ]
        assert (rows[0] == rows[1]).all()
    rgb = [p.reformat(format="rgb24").to_ndarray() for p in (given, found)]
    assert (rgb[0] == rgb[1]).all()


def test_what_was_packed_is_nobody_elses() -> None:
    given = picture("gray")
    packed = packing.pack(given)
    before = packed.rows[0].copy()
    np.frombuffer(memoryview(given.planes[0]), np.uint8)[:] = 0
    assert (packed.rows[0] == before).all()


def test_a_frame_is_pickled_with_its_planes() -> None:
    pixels = np.arange(35 * 17 * 3, dtype=np.uint16).reshape(17, 35, 3)
    given = Frame(pixels, 7, TICK, picture("yuv444p"), picture("gbrp"), cut=True, duration=2)
    found = pickle.loads(pickle.dumps(given))
    assert (found.pixels == pixels).all()
    assert (found.pts, found.time_base, found.cut, found.duration) == (7, TICK, True, 2)
    assert (found.source.to_ndarray() == given.source.to_ndarray()).all()
    assert (found.painting.to_ndarray() == given.painting.to_ndarray()).all()


def test_a_frame_without_planes_or_without_pixels_is_pickled_too() -> None:
    bare = pickle.loads(pickle.dumps(Frame(np.zeros((2, 3, 3), np.uint8), 1, TICK)))
    assert (bare.source, bare.painting) == (None, None)
    planes = pickle.loads(pickle.dumps(Frame(None, 1, TICK, picture("yuv420p"))))
    assert planes.pixels is None
    assert planes.kind == (35, 17, "yuv420p")
