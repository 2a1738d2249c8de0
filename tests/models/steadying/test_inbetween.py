"""Frames between two keys: sharp, without seams, and each key only where it is trusted."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.models.motion import flow
from stylize_video.models.steadying import inbetween
from stylize_video.models.steadying.inbetween import Carried

_SIZE = 96, 128  # px, height and width


def strokes(seed: int, *, size: float = 1.5, level: float = 0.15) -> NDArray[np.float32]:
    """Strokes around grey, (H, W, 3)."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (*_SIZE, 3)), (0, 0), size)
    return np.clip(0.5 + noise / noise.std() * level, 0, 1).astype(np.float32)


def flat(level: float) -> NDArray[np.float32]:
    return np.full((*_SIZE, 3), level, np.float32)


def whole(painting: NDArray[np.float32], trust: float = 1) -> Carried:
    return Carried(painting, np.full(_SIZE, trust, np.float32))


def left(painting: NDArray[np.float32], *, right: float = 0) -> Carried:
    """Trusted in its left half."""
    trust = np.ones(_SIZE, np.float32)
    trust[:, 64:] = right
    return Carried(painting, trust)


def detail(painting: NDArray[np.float32]) -> float:
    return flow.detail(np.rint(painting * 255).astype(np.uint8))


# -- two keys --


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_at_a_key_it_is_the_keys_painting(share: float) -> None:
    both = strokes(0), strokes(1)
    mixed = inbetween.blend(whole(both[0]), whole(both[1]), share)
    assert (mixed.painting == both[round(share)]).all()
    assert (mixed.trust == 1).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_keys_that_agree_are_left_as_they_are(share: float) -> None:
    mixed = inbetween.blend(whole(strokes(0)), whole(strokes(0)), share)
    np.testing.assert_allclose(mixed.painting, strokes(0), atol=1e-5)


@pytest.mark.parametrize("size", [1.0, 2.0])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_strokes_that_differ_stay_as_strong(share: float, size: float) -> None:
    """Their mean has sqrt(1/2) of their contrast in the middle."""
    both = strokes(0, size=size), strokes(1, size=size)
    mixed = inbetween.blend(whole(both[0]), whole(both[1]), share).painting
    assert detail(mixed) > 0.9 * detail(both[0])
    assert detail(mixed) < 1.05 * detail(both[0])
    mean = (1 - share) * both[0] + share * both[1]
    assert detail(mean) < 0.85 * detail(both[0])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_colours_pass_evenly(share: float) -> None:
    mixed = inbetween.blend(whole(flat(0.2)), whole(flat(0.8)), share)
    np.testing.assert_allclose(mixed.painting, 0.2 + 0.6 * share, atol=1e-3)


def test_no_step_is_larger_than_others() -> None:
    """No moment at which all strokes are exchanged: twelve steps, each less than a quarter of the way."""
    keys = whole(strokes(0)), whole(strokes(1))
    frames = [inbetween.blend(*keys, step / 12).painting for step in range(13)]
    way = np.abs(frames[-1] - frames[0]).mean()
    steps = [np.abs(b - a).mean() / way for a, b in pairwise(frames)]
    assert max(steps) < 0.25
    assert min(steps) > 0.02


@pytest.mark.parametrize("share", [0.08, 0.5, 0.92])
def test_where_one_key_is_trusted_it_is_that_one(share: float) -> None:
    other = left(strokes(1), right=1)
    other.trust[:, :64] = 0
    mixed = inbetween.blend(left(strokes(0)), other, share)
    np.testing.assert_allclose(mixed.painting[:, :48], strokes(0)[:, :48], atol=0.01)
    np.testing.assert_allclose(mixed.painting[:, 80:], strokes(1)[:, 80:], atol=0.01)
    assert mixed.trust[:, :56].min() > 0.99


def test_what_neither_shows_is_not_trusted() -> None:
    mixed = inbetween.blend(left(strokes(0)), left(strokes(1)), 0.5)
    assert mixed.trust[:, :56].min() > 0.99
    assert mixed.trust[:, 70:].max() < 0.01


def test_trust_ends_softly_and_inside() -> None:
    soft = inbetween.alone(left(strokes(0))).trust
    assert soft[0, 66] < 0.1
    assert np.abs(np.diff(soft[0])).max() < 0.4
    assert (inbetween.alone(whole(strokes(0))).trust == 1).all()


# -- a filler --


def test_what_is_trusted_is_kept() -> None:
    assert np.abs(inbetween.fill(whole(strokes(0)), flat(0.1)) - strokes(0)).max() < 1e-5


def test_a_filler_takes_the_colours_around() -> None:
    """A filler that is darker, and bluer, than the keys' painting of the same scene."""
    painting, filler = strokes(0), strokes(0) + np.array([-0.15, -0.1, 0.1], np.float32)
    holed = whole(painting.copy())
    holed.trust[30:60, 40:80] = 0
    holed.painting[30:60, 40:80] = 1
    filled = inbetween.fill(inbetween.alone(holed), filler)
    np.testing.assert_allclose(filled, painting, atol=0.02)


def test_a_large_hole_takes_the_colours_of_the_whole() -> None:
    filled = inbetween.fill(inbetween.alone(left(flat(0.7))), flat(0.3))
    np.testing.assert_allclose(filled, 0.7, atol=0.01)


def test_where_nothing_is_trusted_the_filler_stands() -> None:
    np.testing.assert_allclose(inbetween.fill(whole(strokes(0), 0), strokes(1)), strokes(1), atol=1e-3)


def test_there_is_no_seam() -> None:
    """Between a key's flat colour and the filler's, no step a px is larger than a tenth of the difference."""
    holed = left(flat(0.7))
    holed.painting[:48] = 0.9  # so that no one shift of colour will do
    filled = inbetween.fill(inbetween.alone(holed), flat(0.2))
    assert np.abs(np.diff(filled, axis=1)).max() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (15, 40)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    painting = np.random.default_rng(0).uniform(0, 1, (*size, 3)).astype(np.float32)
    carried = Carried(painting, np.full(size, 0.5, np.float32))
    mixed = inbetween.blend(carried, carried, 0.5)
    assert np.isfinite(mixed.painting).all()
    assert inbetween.fill(mixed, 1 - painting).shape == (*size, 3)


def test_paintings_are_not_changed() -> None:
    both = left(strokes(0)), left(strokes(1))
    copies = [Carried(*(array.copy() for array in carried)) for carried in both]
    inbetween.fill(inbetween.blend(*both, 0.5), strokes(2))
    for carried, copy in zip(both, copies, strict=True):
        assert (carried.painting == copy.painting).all()
        assert (carried.trust == copy.trust).all()
