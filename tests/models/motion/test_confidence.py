"""Confidence in flows that are known, and what is visible by the papers' thresholds."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.models.motion.confidence import (
    CARRYING,
    COARSE,
    PUBLISHED,
    Tolerances,
    confidence,
    visible,
)
from stylize_video.models.motion.flow import Flow, FlowPair, optical_flow
from stylize_video.pictures.pictures import Picture

_ONE_LOST = math.exp(-1)  # where one departure is as large as is tolerated


def _uniform(right: float, down: float, height: int = 20, width: int = 30) -> Flow:
    return np.full((height, width, 2), (right, down), np.float32)


def _same(grey: int = 100, height: int = 20, width: int = 30) -> NDArray[np.uint8]:
    return np.full((height, width), grey, np.uint8)


def _texture(seed: int = 0, *, side: int = 96) -> Picture:
    noise = np.random.default_rng(seed).uniform(0, 255, (side, side, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def _still(height: int = 4, width: int = 5) -> Flow:
    return np.zeros((height, width, 2), np.float32)


_STANDING = FlowPair(_uniform(0, 0), _uniform(0, 0))

both = pytest.mark.parametrize("tolerances", [CARRYING, COARSE])


# -- confidence: each departure by itself --


@both
def test_what_was_outside_the_frame_is_not_trusted(tolerances: Tolerances) -> None:
    there = _uniform(-2, 1)  # from the left, and from below
    trusted = confidence(FlowPair(there, -there), _same(), _same(), tolerances)
    wanted = np.zeros((20, 30), np.float32)
    wanted[:19, 2:] = 1
    np.testing.assert_allclose(trusted, wanted, atol=1e-6)
    assert trusted.dtype == np.float32


@both
def test_trust_falls_as_colours_part(tolerances: Tolerances) -> None:
    """Grey levels, of pictures without structure: each of them is a difference in three channels."""
    levels = [0.5 * tolerances.colour, tolerances.colour, 2 * tolerances.colour]
    greys = [round(100 + level / math.sqrt(3)) for level in levels]
    lost = [confidence(_STANDING, _same(100), _same(grey), tolerances)[5, 5] for grey in greys]
    assert lost[0] > 0.9
    assert lost[1] == pytest.approx(_ONE_LOST, abs=0.06)
    assert lost[2] < 0.01


@both
def test_grey_pictures_are_judged_as_the_same_ones_in_colour(tolerances: Tolerances) -> None:
    this, other = (np.clip(_texture()[:20, :30, :1] // 2 + more, 0, 255) for more in (0, 14))
    in_colour = confidence(_STANDING, *(np.repeat(p, 3, axis=2) for p in (this, other)), tolerances)
    in_grey = confidence(_STANDING, this[..., 0], other[..., 0], tolerances)
    np.testing.assert_allclose(in_grey, in_colour, atol=1e-4)
    assert 0.3 < in_grey.mean() < 0.99


def test_structure_may_be_off_by_a_px() -> None:
    """A slope of 40 levels a px that is a px off is tolerated; 40 levels in an even picture are not."""
    slope = np.minimum(np.tile(np.arange(30) * 40.0, (20, 1)), 200).astype(np.uint8)
    shifted = np.roll(slope, 1, axis=1)
    assert confidence(_STANDING, slope, shifted)[:, 2:5].min() > 0.4
    assert confidence(_STANDING, _same(100), _same(140)).max() < 0.01
    strict = replace(CARRYING, shift=0)
    assert confidence(_STANDING, slope, shifted, strict)[:, 2:5].max() < 0.01


@both
def test_a_way_that_does_not_lead_back_is_not_trusted(tolerances: Tolerances) -> None:
    for px, least, most in ((0.5, 0.9, 1), (1, _ONE_LOST - 0.03, _ONE_LOST + 0.03), (2, 0, 0.01)):
        astray = FlowPair(_uniform(0, 0), _uniform(px * tolerances.round_trip, 0))
        trusted = confidence(astray, _same(), _same(), replace(tolerances, round_trip_share=0))
        assert least <= trusted.min() <= trusted.max() <= most


@both
def test_a_long_way_may_miss_by_more(tolerances: Tolerances) -> None:
    there = _uniform(20, 0, width=80)
    missed = _uniform(2 * tolerances.round_trip, 0, width=80)
    shared = replace(tolerances, round_trip_share=0.2 * tolerances.round_trip)
    near, far = (
        confidence(pair, *[_same(width=80)] * 2, shared)[:, :50]
        for pair in (FlowPair(0 * there, missed), FlowPair(there, missed - there))
    )
    assert near.max() < 0.4
    assert far.min() > 0.9


def test_the_edge_of_a_moving_thing_is_not_trusted() -> None:
    there = _uniform(0, 0)
    there[:, 15:, 1] = 2
    trusted = confidence(FlowPair(there, -there), _same(), _same())
    assert trusted[:10, 14].max() < 0.01  # the still side
    assert trusted[:10, :13] == pytest.approx(1)
    assert trusted[:10, 17:] == pytest.approx(1)


def test_a_coarse_flow_may_err_by_more_but_not_in_colour() -> None:
    finer, coarser = CARRYING, CARRYING.coarser(4)
    assert coarser.colour == finer.colour
    assert coarser.round_trip == 4 * finer.round_trip
    astray = FlowPair(_uniform(0, 0), _uniform(2, 0))
    assert confidence(astray, _same(), _same(), finer).max() < 0.01
    assert confidence(astray, _same(), _same(), coarser).min() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    still = np.zeros((*size, 2), np.float32)
    for picture in (np.zeros(size, np.uint8), np.zeros((*size, 3), np.uint8)):
        assert (confidence(FlowPair(still, still), picture, picture) == 1).all()
    assert visible(still, still).all()


# -- visible: the papers' thresholds --


@pytest.mark.parametrize("seed", range(3))
def test_the_ground_that_a_moving_square_covers_is_occluded(seed: int) -> None:
    ground, square = _texture(2 * seed + 1, side=192), _texture(2 * seed + 2, side=80)
    first, second = ground.copy(), ground.copy()
    first[56:136, 40:120] = square
    second[56:136, 48:128] = square  # 8 px to the right
    seen = visible(optical_flow(first, second), optical_flow(second, first))
    assert seen[56:136, 120:128].mean() < 0.2  # the ground that the square will cover
    assert seen[72:120, 56:104].mean() > 0.95  # the square's inside
    assert seen[:40].mean() > 0.95  # the ground far away


def test_occlusion_at_the_limit_by_hand() -> None:
    forward, backward = _still(), _still()
    backward[..., 0] = math.sqrt(0.5 / 0.99)  # b^2 = 0.01 b^2 + 0.5
    assert visible(forward, backward * np.float32(0.999)).all()
    assert not visible(forward, backward * np.float32(1.001)).any()


def test_what_leaves_the_frame_is_not_visible() -> None:
    forward = _still() + np.array([2, -1], np.float32)
    seen = visible(forward, -forward)
    wanted = np.zeros((4, 5), bool)
    wanted[1:, :3] = True
    assert (seen == wanted).all()


def test_motion_boundaries_are_not_visible() -> None:
    forward = _still(8, 12)
    forward[:, 6:, 1] = 0.6  # too little to be found by going there and back
    seen = visible(forward, -forward)
    assert not seen[:6, 5:7].any()
    assert seen[:6, :5].all()
    assert seen[:6, 7:].all()


def test_visible_is_what_the_papers_say_it_is() -> None:
    """To the pixel, against their formulas written out with NumPy, on flows of all kinds of faults."""
    for px in (0.3, 1, 2):
        there = _waves(0, px)
        back = -there + _waves(1, 0.5)
        seen = visible(there, back)
        assert (seen == _by_the_papers(there, back)).all()
        assert 0.1 < seen.mean() < 0.95


def _waves(seed: int, px: float) -> Flow:
    noise = np.random.default_rng(seed).normal(0, 1, (60, 90, 2))
    smooth = cv2.GaussianBlur(noise, (0, 0), 8)
    return (smooth / smooth.std() * px).astype(np.float32)


def _by_the_papers(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    height, width = forward.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x + forward[..., 0], y + forward[..., 1]
    back = cv2.remap(backward, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    length = np.square(forward).sum(-1)
    returns = np.square(forward + back).sum(-1) <= 0.01 * (length + np.square(back).sum(-1)) + 0.5
    slopes = np.square(np.asarray(np.gradient(forward, axis=(0, 1)), np.float32)).sum(-1).sum(0)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return np.asarray(inside & returns & (slopes <= 0.01 * length + 0.002))


def test_the_published_tolerances_ask_for_no_colour() -> None:
    assert math.isinf(PUBLISHED.colour)


def test_flows_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="backward is"):
        visible(_still(), _still()[:, 1:])
    with pytest.raises(ValueError, match="forward is"):
        visible(_still()[..., 0], _still())
