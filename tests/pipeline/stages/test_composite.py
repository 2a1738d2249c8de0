"""Mixing painting and original in the film's own planes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.planes import color
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.stages.composite import Compositor

SIGNAL = Signal(
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
    signal = replace(SIGNAL, pixel_format=name, bit_depth=color.bit_depth(name))
    source = frame(name)
    mixed = Compositor(signal, name, strength=0)(source)
    assert mixed.pts == 7
    assert mixed.time_base == Fraction(1, 25)
    assert source.source is not None
    for found, original in zip(planes(mixed), planes(source.source), strict=True):
        assert np.array_equal(found, original)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgb24"])
def test_half_strength_is_half_way(name: str) -> None:
    signal = replace(SIGNAL, pixel_format=name, bit_depth=color.bit_depth(name))
    none, half, full = (planes(Compositor(signal, name, strength=s)(frame(name))) for s in (0, 0.5, 1))
    for a, b, c in zip(none, half, full, strict=True):
        assert np.abs(b - (a + c) / 2).max() <= 0.5


def test_preserved_colour_is_the_originals_chroma_and_the_paintings_luma() -> None:
    source = frame("yuv420p")
    painted = planes(Compositor(SIGNAL, "yuv420p")(source))
    kept = planes(Compositor(SIGNAL, "yuv420p", preserve_color=True)(source))
    assert source.source is not None
    original = planes(source.source)
    assert np.array_equal(kept[0], painted[0])
    assert np.array_equal(kept[1], original[1])
    assert np.array_equal(kept[2], original[2])


def test_preserved_colour_in_rgb_keeps_greys_grey() -> None:
    signal = replace(SIGNAL, pixel_format="rgb24")
    source = frame("rgb24")
    assert source.source is not None
    color.planes_of(source.source)[0][...] = 100
    kept = planes(Compositor(signal, "rgb24", preserve_color=True)(source))[0].reshape(48, 64, 3)
    assert np.ptp(kept, axis=2).max() <= 1
    assert abs(kept.mean() - (0.299 * 200 + 0.587 * 200 + 0.114 * 66)) < 1.5


def test_only_mixing_needs_the_source() -> None:
    assert not Compositor(SIGNAL, "yuv420p").needs_source
    assert Compositor(SIGNAL, "yuv420p", strength=0.9).needs_source
    assert Compositor(SIGNAL, "yuv420p", preserve_color=True).needs_source
    with pytest.raises(ValueError, match="original planes"):
        Compositor(SIGNAL, "yuv420p", strength=0.5)(replace(frame("yuv420p"), source=None))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range(strength: float) -> None:
    with pytest.raises(ValueError, match="strength"):
        Compositor(SIGNAL, "yuv420p", strength=strength)


# -- coverage --


class Cover:
    """Weights for all times; notes what it was asked for."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = weights.astype(np.float32)
        self.asked: list[tuple[Fraction, tuple[int, int]]] = []

    def at(self, time: Fraction, size: tuple[int, int]) -> np.ndarray:
        self.asked.append((time, size))
        assert self.weights.shape == size
        return self.weights


FORMATS = ["yuv420p", "yuvj420p", "yuv422p10le", "yuv444p10le", "yuv444p16le", "rgb24", "rgb48le", "rgb48be"]


def half_covered(turns: int = 0) -> np.ndarray:
    """Upright weights whose stored picture (64x48) is 1 from column 32 on."""
    stored = np.zeros((48, 64))
    stored[:, 32:] = 1
    return np.rot90(stored, turns)


def turned_frame(name: str, turns: int) -> Frame:
    """Upright pixels of a frame that is stored as 64x48."""
    given = frame(name)
    assert given.pixels is not None
    return replace(given, pixels=np.ascontiguousarray(np.rot90(given.pixels, turns)))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("name", FORMATS)
def test_covered_is_the_painting_and_the_rest_the_original_to_the_last_bit(name: str, turns: int) -> None:
    stored = name.replace("rgb48be", "rgb48le")  # an encoder's order of bytes, never the film's
    signal = replace(SIGNAL, pixel_format=stored, bit_depth=color.bit_depth(name), quarter_turns=turns)
    source, cover = turned_frame(stored, turns), Cover(half_covered(turns))
    mixed, painting, original = (
        Compositor(signal, name, **settings)(source)  # type: ignore[arg-type]
        for settings in ({"coverage": cover}, {}, {"strength": 0})
    )
    for found, full, none in zip(planes(mixed), planes(painting), planes(original), strict=True):
        middle = found.shape[1] // 2
        assert np.array_equal(found[:, :middle], none[:, :middle])
        assert np.array_equal(found[:, middle:], full[:, middle:])
    assert cover.asked == [(Fraction(7, 25), (64, 48) if turns % 2 else (48, 64))]


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "rgb24"])
def test_coverage_multiplies_strength(name: str) -> None:
    signal = replace(SIGNAL, pixel_format=name, bit_depth=color.bit_depth(name))
    cover = Cover(np.full((48, 64), 0.5))
    both = planes(Compositor(signal, name, strength=0.5, coverage=cover)(frame(name)))
    quarter = planes(Compositor(signal, name, strength=0.25)(frame(name)))
    for one, other in zip(both, quarter, strict=True):
        assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize("name", ["yuv420p", "yuv444p10le"])
def test_a_soft_border_goes_over_from_one_to_the_other(name: str) -> None:
    signal = replace(SIGNAL, pixel_format=name, bit_depth=color.bit_depth(name))
    given = frame(name)
    assert given.source is not None
    for view in color.planes_of(given.source):
        view[...] = 40
    ramp = Cover(np.tile(np.linspace(0, 1, 64), (48, 1)))
    full = planes(Compositor(signal, name)(given))
    for found, painting in zip(planes(Compositor(signal, name, coverage=ramp)(given)), full, strict=True):
        steps = np.diff(found, axis=1) * np.sign(painting[0, 0] - 40)
        assert (steps >= 0).all()
        assert np.abs(found[0] - np.linspace(40, painting[0, 0], found.shape[1])).max() < 4


def test_chroma_shares_are_means_of_their_pixels() -> None:
    weights = np.zeros((47, 63))  # odd, so that the last chroma sample has fewer pixels
    weights[:, 31:] = 1  # half of a chroma sample
    signal = replace(SIGNAL, coded_width=63, coded_height=47)
    source = av.VideoFrame(63, 47, "yuv420p")
    for view in color.planes_of(source):
        view[...] = 200
    given = Frame(np.zeros((47, 63, 3), np.uint8), 0, Fraction(1, 25), source)
    luma, blue, _ = planes(Compositor(signal, "yuv420p", coverage=Cover(weights))(given))
    assert (luma[:, :31] == 200).all()
    assert (luma[:, 31:] == 16).all()
    assert (blue[:, :15] == 200).all()
    assert (blue[:, 16:] == 128).all()
    assert np.abs(blue[:, 15] - 164).max() < 3


def test_preserved_colour_inside_and_the_original_outside() -> None:
    source = frame("yuv420p")
    cover = Cover(half_covered())
    kept = planes(Compositor(SIGNAL, "yuv420p", preserve_color=True, coverage=cover)(source))
    painted = planes(Compositor(SIGNAL, "yuv420p")(frame("yuv420p")))
    assert source.source is not None
    original = planes(source.source)
    assert np.array_equal(kept[0][:, 32:], painted[0][:, 32:])
    assert np.array_equal(kept[0][:, :32], original[0][:, :32])
    assert np.array_equal(kept[1], original[1])
    assert np.array_equal(kept[2], original[2])


def test_coverage_may_change_from_frame_to_frame() -> None:
    cover = Cover(half_covered())
    compositor = Compositor(SIGNAL, "yuv420p", coverage=cover)
    assert compositor.needs_source
    first = planes(compositor(frame("yuv420p")))
    cover.weights = 1 - cover.weights
    second = planes(compositor(frame("yuv420p")))
    painted = planes(Compositor(SIGNAL, "yuv420p")(frame("yuv420p")))
    assert np.array_equal(first[0][:, 32:], painted[0][:, 32:])
    assert np.array_equal(second[0][:, :32], painted[0][:, :32])
    with pytest.raises(ValueError, match="original planes"):
        compositor(replace(frame("yuv420p"), source=None))


def test_planes_that_hold_both_chromas() -> None:
    given = replace(frame("yuv420p10le"), painting=noise("p010le"))
    signal = replace(SIGNAL, pixel_format="yuv420p10le", bit_depth=10)
    assert given.painting is not None
    full = planes(given.painting)
    none = planes(Compositor(signal, "p010le", strength=0)(frame("yuv420p10le")))
    mixed = planes(Compositor(signal, "p010le", coverage=Cover(half_covered()))(given))
    for found, painting, original in zip(mixed, full, none, strict=True):
        assert np.array_equal(found[:, :32], original[:, :32])
        assert np.array_equal(found[:, 32:], painting[:, 32:])
