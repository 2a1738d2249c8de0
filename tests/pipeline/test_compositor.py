"""Mixing painting and original in the film's own planes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.pipeline import color
from stylize_video.pipeline.compositor import Compositor
from stylize_video.pipeline.frames import ColorTags, Frame, VideoInfo

INFO = VideoInfo(
    path=Path("film.mp4"),
    coded_width=64,
    coded_height=48,
    quarter_turns=0,
    display_matrix=None,
    sample_aspect_ratio=None,
    time_base=Fraction(1, 25),
    rate=Fraction(25),
    pixel_format="yuv420p",
    bit_depth=8,
    color=ColorTags(1, 1, 1, 1),
)


def noise(name: str) -> av.VideoFrame:
    """Planes of any values at all, also such as no RGB picture has."""
    picture = av.VideoFrame(64, 48, name)
    depth, rng = color.bit_depth(name), np.random.default_rng(1)
    for view in color.planes_of(picture):
        view[...] = rng.integers(0, 2**depth, view.shape)
    return picture


def frame(name: str) -> Frame:
    deep = color.bit_depth(name) > 8
    pixels = np.full((48, 64, 3), 40000 if deep else 200, np.uint16 if deep else np.uint8)
    pixels[..., 2] //= 3
    return Frame(pixels, 7, Fraction(1, 25), noise(name))


def planes(picture: av.VideoFrame) -> list[np.ndarray]:
    return [plane.astype(float) for plane in color.planes_of(picture)]


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p", "rgb24", "rgb48le"])
def test_strength_0_is_the_original_to_the_last_bit(name: str) -> None:
    info = replace(INFO, pixel_format=name, bit_depth=color.bit_depth(name))
    source = frame(name)
    mixed = Compositor(info, name, strength=0)(source)
    assert mixed.pts == 7
    assert mixed.time_base == Fraction(1, 25)
    assert source.source is not None
    for found, original in zip(planes(mixed), planes(source.source), strict=True):
        assert np.array_equal(found, original)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgb24"])
def test_half_strength_is_half_way(name: str) -> None:
    info = replace(INFO, pixel_format=name, bit_depth=color.bit_depth(name))
    none, half, full = (planes(Compositor(info, name, strength=s)(frame(name))) for s in (0, 0.5, 1))
    for a, b, c in zip(none, half, full, strict=True):
        assert np.abs(b - (a + c) / 2).max() <= 0.5


def test_preserved_colour_is_the_originals_chroma_and_the_paintings_luma() -> None:
    source = frame("yuv420p")
    painted = planes(Compositor(INFO, "yuv420p")(source))
    kept = planes(Compositor(INFO, "yuv420p", preserve_color=True)(source))
    assert source.source is not None
    original = planes(source.source)
    assert np.array_equal(kept[0], painted[0])
    assert np.array_equal(kept[1], original[1])
    assert np.array_equal(kept[2], original[2])


def test_preserved_colour_in_rgb_keeps_greys_grey() -> None:
    info = replace(INFO, pixel_format="rgb24")
    source = frame("rgb24")
    assert source.source is not None
    color.planes_of(source.source)[0][...] = 100
    kept = planes(Compositor(info, "rgb24", preserve_color=True)(source))[0].reshape(48, 64, 3)
    assert np.ptp(kept, axis=2).max() <= 1
    assert abs(kept.mean() - (0.299 * 200 + 0.587 * 200 + 0.114 * 66)) < 1.5


def test_only_mixing_needs_the_source() -> None:
    assert not Compositor(INFO, "yuv420p").needs_source
    assert Compositor(INFO, "yuv420p", strength=0.9).needs_source
    assert Compositor(INFO, "yuv420p", preserve_color=True).needs_source
    with pytest.raises(ValueError, match="original planes"):
        Compositor(INFO, "yuv420p", strength=0.5)(replace(frame("yuv420p"), source=None))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        Compositor(INFO, "yuv420p", strength=strength)
