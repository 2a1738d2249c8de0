"""Colour conversion against the standards' own formulas (tests/drawing.py), in both directions."""

from __future__ import annotations

import av
import numpy as np
import pytest

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.planes import color
from stylize_video.pipeline.planes.color import ColorConverter
from stylize_video.pipeline.planes.planarizer import Planarizer
from stylize_video.pipeline.planes.planarizer import turned as turned_by
from stylize_video.pipeline.signal import ColorTags
from tests import drawing

MATRICES = {"601": 6, "709": 1, "2020": 9}


def planes_of(picture: av.VideoFrame) -> list[np.ndarray]:
    return [plane.copy() for plane in color.planes_of(picture)]


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", sorted(MATRICES))
@pytest.mark.parametrize("name", ["yuv444p", "yuv444p10le"])
def test_rgb_to_planes_by_the_standard(name: str, matrix: str, full_range: bool) -> None:
    chart = drawing.colour_chart()
    deep = name.endswith("10le")
    pixels = np.rint(chart * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8)
    converter = ColorConverter(ColorTags(MATRICES[matrix], 2 if full_range else 1), 64)
    found = planes_of(converter.planes(pixels, name))
    expected = drawing.to_planes(chart, name, matrix=matrix, full_range=full_range)
    for plane, right in zip(found, expected, strict=True):
        assert np.abs(plane.astype(float) - right).max() <= (4 if deep else 1)  # both 0.4 % of the range


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", sorted(MATRICES))
def test_planes_to_rgb_by_the_standard(matrix: str, full_range: bool) -> None:
    chart = drawing.colour_chart()
    frame = drawing.to_frame(chart, "yuv444p", matrix=matrix, full_range=full_range)
    converter = ColorConverter(ColorTags(MATRICES[matrix], 2 if full_range else 1), 64)
    assert np.abs(converter.pixels(frame) - chart * 255).max() < 2.5


@pytest.mark.parametrize(("height", "matrix"), [(64, "601"), (576, "601"), (720, "709")])
def test_the_height_decides_where_nothing_is_said(height: int, matrix: str) -> None:
    chart = drawing.colour_chart(96, 64)
    frame = drawing.to_frame(chart, "yuv444p", matrix=matrix)
    assert np.abs(ColorConverter(ColorTags(), height).pixels(frame) - chart * 255).max() < 2.5


@pytest.mark.parametrize("turns", range(4))
def test_turned_there_and_back(turns: int) -> None:
    stored = drawing.to_frame(drawing.colour_chart(96, 64), "yuv444p")
    converter = ColorConverter(ColorTags(6, 1), 64, turns)
    upright = converter.pixels(stored)
    assert upright.shape == ((96, 64, 3) if turns % 2 else (64, 96, 3))
    back = planes_of(converter.planes(upright, "yuv444p"))
    for plane, original in zip(back, planes_of(stored), strict=True):
        assert np.abs(plane.astype(int) - original).max() <= 2


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p", "rgb24", "rgb48le"])
def test_turning_planes_turns_the_picture(name: str) -> None:
    picture = av.VideoFrame(48, 32, name)
    rng = np.random.default_rng(0)
    for view in color.planes_of(picture):
        view[...] = rng.integers(0, 255, view.shape)
    turned = turned_by(picture, Orientation(1))
    assert (turned.width, turned.height) == (32, 48)
    channels = 3 if name.startswith("rgb") else 1
    for mine, theirs in zip(planes_of(turned), planes_of(picture), strict=True):
        upright = np.rot90(theirs.reshape(len(theirs), -1, channels))
        assert np.array_equal(mine.reshape(upright.shape), upright)


def test_planar_formats() -> None:
    expected = {
        "yuv420p": "yuv420p",
        "yuvj422p": "yuv422p",
        "nv12": "yuv420p",
        "p010le": "yuv420p10le",
        "yuyv422": "yuv422p",
        "yuva444p10le": "yuv444p10le",
        "gray": "yuv420p",
        "gray10le": "yuv420p10le",
        "gbrp": "rgb24",
        "gbrp10le": "rgb48le",
        "bgr0": "rgb24",
        "pal8": "rgb24",
        "rgba64be": "rgb48le",
    }
    assert {name: color.planar_format(name) for name in expected} == expected


def test_grey_gains_neutral_chroma_and_keeps_its_luma() -> None:
    grey = drawing.to_frame(drawing.colour_chart(), "gray")
    planes = planes_of(Planarizer("yuv420p", 96, 64)(grey))
    assert np.array_equal(planes[0], planes_of(grey)[0])
    assert set(np.unique(planes[1])) == {128}
