"""Motion over many frames, and trust in it, on films whose motion and occlusion are known exactly."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stylize_video.models.motion import composed_flow, confidence, flow
from stylize_video.models.motion.composed_flow import MotionFlow, Reach
from stylize_video.models.motion.flow import FlowPair
from stylize_video.models.motion.flow_estimation import DisMotion, FramePyramid
from stylize_video.models.motion.raft import RaftMotion
from tests.known_motion import Crossing

STILL_CAMERA, PANNING, FAST, AGAINST = (
    Crossing(),
    Crossing(pan=(2.5, -1)),
    Crossing(speed=(7, 0)),
    Crossing(speed=(3, 2), pan=(-3, 0)),
)
_TRUSTED = 0.5


def uniform(x: float, y: float, height: int = 20, width: int = 30) -> flow.Flow:
    return np.full((height, width, 2), (x, y), np.float32)


def steps(x: float, y: float) -> FlowPair:
    return FlowPair(uniform(x, y), uniform(-x, -y))


def standing(scene: Crossing) -> FlowPair:
    """No motion at all."""
    return composed_flow.still(scene.height, scene.width)


@cache
def film(scene: Crossing) -> list[NDArray[np.uint8]]:
    return scene.frames(13)


@cache
def path(scene: Crossing, this: int) -> FlowPair:
    """From a frame to the first, by way of all between."""
    frames = film(scene)
    if this == 0:
        return composed_flow.still(scene.height, scene.width)
    return composed_flow.join(composed_flow.between(frames[this], frames[this - 1]), path(scene, this - 1))


@cache
def reach(scene: Crossing, this: int) -> Reach:
    """What is fetched from the first frame to another, as films are carried."""
    frames = film(scene)
    return composed_flow.reach(path(scene, this), frames[this], frames[0])


# -- composing --


def test_ways_add_up_and_turn_round() -> None:
    joined = composed_flow.join(steps(3, -1), steps(2, 4))
    assert (joined.there == (5, 3)).all()
    assert (joined.back == (-5, -3)).all()
    assert (joined.reversed.there == (-5, -3)).all()


def test_the_second_flow_is_looked_up_where_the_first_leads() -> None:
    """By hand: by 2 px to the right, and then by as much down as the column's number."""
    columns = np.zeros((4, 8, 2), np.float32)
    columns[..., 1] = np.arange(8)
    near = FlowPair(uniform(2, 0, 4, 8), uniform(-2, 0, 4, 8))
    joined = composed_flow.join(near, FlowPair(columns, -columns))
    assert joined.there[0, :, 1].tolist() == [2, 3, 4, 5, 6, 7, 7, 7]
    assert (joined.there[..., 0] == 2).all()


def test_the_way_to_itself_changes_nothing() -> None:
    here = composed_flow.still(20, 30)
    for joined in (composed_flow.join(here, steps(3, -1)), composed_flow.join(steps(3, -1), here)):
        assert (joined.there == (3, -1)).all()
        assert (joined.back == (-3, 1)).all()


def test_both_directions_are_asked_for() -> None:
    asked = []

    def estimator(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> flow.Flow:
        asked.append((int(first[0, 0, 0]), int(second[0, 0, 0])))
        return uniform(1, 2)

    one, other = (np.full((20, 30, 3), level, np.uint8) for level in (1, 2))
    assert (composed_flow.between(one, other, estimator).there == (1, 2)).all()
    assert asked == [(1, 2), (2, 1)]


@pytest.mark.parametrize("size", [(1, 1), (15, 400)])
def test_what_is_too_small_for_flow_stands_still(size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)
    found = composed_flow.between(picture, picture)
    assert found.there.shape == (*size, 2)
    assert not found.there.any()
    assert (confidence.confidence(found, picture, picture) == 1).all()


# -- carrying --


def test_a_painting_is_fetched_from_where_the_way_leads() -> None:
    painting = np.random.default_rng(0).uniform(0, 1, (20, 30, 3)).astype(np.float32)
    carried = composed_flow.carry(painting, uniform(3, -2))
    np.testing.assert_allclose(carried[2:, :-3], painting[:-2, 3:], atol=1e-6)
    assert carried.dtype == np.float32


def test_carried_far_is_as_sharp_as_carried_once() -> None:
    """Six times by half a px and once by three: what is fetched again and again is not."""
    painting = film(STILL_CAMERA)[0].astype(np.float32) / 255
    once = composed_flow.carry(painting, uniform(2.5, 0, 120, 200))
    often = painting
    for _ in range(5):
        often = flow.warp(often, uniform(0.5, 0, 120, 200))
    sharp, soft = (flow.detail((image * 255).astype(np.uint8)) for image in (once, often))
    assert sharp > 0.97 * flow.detail(film(STILL_CAMERA)[0])
    assert soft < 0.95 * sharp


def test_what_is_carried_stays_in_range() -> None:
    edge = np.zeros((20, 30, 3), np.float32)
    edge[:, 15:] = 1
    carried = composed_flow.carry(edge, uniform(0.5, 0))
    assert carried.min() == 0
    assert carried.max() == 1


# -- known motion --


@pytest.mark.parametrize("scene", [STILL_CAMERA, PANNING, FAST, AGAINST])
@pytest.mark.parametrize(("frames", "px"), [(1, 0.05), (6, 0.2), (12, 0.4)])
def test_the_flow_that_is_used_is_right(scene: Crossing, frames: int, px: float) -> None:
    """Mean end-point error of what is trusted; measured 0.01 to 0.03, 0.04 to 0.15, 0.07 to 0.29 px."""
    found = reach(scene, frames)
    missed = np.hypot(*np.moveaxis(found.there - scene.flow(frames, 0), -1, 0))
    assert missed[found.trust > _TRUSTED].mean() < px


@pytest.mark.parametrize("scene", [STILL_CAMERA, PANNING, FAST, AGAINST])
def test_a_composed_flow_is_better_than_a_direct_one(scene: Crossing) -> None:
    """Over twelve frames, of what is seen in both: what composing is for."""
    frames, seen = film(scene), scene.seen(12, 0)
    composed, direct = path(scene, 12).there, flow.optical_flow(frames[12], frames[0])
    errors = [np.hypot(*np.moveaxis(f - scene.flow(12, 0), -1, 0))[seen].mean() for f in (composed, direct)]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize("scene", [FAST, AGAINST])
def test_what_composing_loses_is_found_again(scene: Crossing) -> None:
    """End-point error over twelve frames, of all that is seen in both: 5.8 and 6.1 px, then 1.4 and 1.5."""
    exact, seen = scene.flow(12, 0), scene.seen(12, 0)
    errors = [
        np.hypot(*np.moveaxis(there - exact, -1, 0))[seen].mean()
        for there in (reach(scene, 12).there, path(scene, 12).there)
    ]
    assert errors[0] < 0.4 * errors[1]


@pytest.mark.parametrize(("side", "found_again"), [(4, False), (16, True)])
def test_little_that_is_doubted_stays_as_it_is(side: int, found_again: bool) -> None:
    """A frame that stands, but for a patch that is said to move: 0.15 % of it, or 1 %."""
    frame, way = film(PANNING)[0], standing(PANNING)
    way.there[60 : 60 + side, 100 : 100 + side] += 9
    found = composed_flow.reach(way, frame, frame)
    assert (found.there != way.there).any() == found_again


def test_what_another_estimator_found_stays_as_it_is() -> None:
    frames, way = film(FAST), path(FAST, 12)
    assert (reach(FAST, 12).there != way.there).any()
    kept = composed_flow.reach(way, frames[12], frames[0], MotionFlow(_DisBothWays()))
    assert (kept.there == way.there).all()


@pytest.mark.parametrize("scene", [STILL_CAMERA, PANNING, FAST, AGAINST])
@pytest.mark.parametrize(
    ("frames", "precision", "recall"), [(1, 0.98, 0.95), (6, 0.98, 0.9), (12, 0.98, 0.87)]
)
def test_precision_and_recall_of_trust(scene: Crossing, frames: int, precision: float, recall: float) -> None:
    """Against what is seen in both frames; measured 0.987 to 1.000, and 0.96, 0.93, 0.90 at least."""
    weights = reach(scene, frames).trust
    trusted, seen = weights > _TRUSTED, scene.seen(frames, 0)
    assert (trusted & seen).sum() >= precision * trusted.sum()
    assert (trusted & seen).sum() >= recall * seen.sum()


@pytest.mark.parametrize("scene", [STILL_CAMERA, PANNING, FAST, AGAINST])
@pytest.mark.parametrize("frames", [3, 6, 12])
def test_uncovered_ground_is_not_trusted(scene: Crossing, frames: int) -> None:
    """Where a ghost would be: ground that the disc covers in the key. Measured 0.00 to 0.06.

    The most is of a disc no faster than the camera, which drags a px or two of ground along.
    """
    weights = reach(scene, frames).trust
    ground = ~cv2.dilate(scene.covered(frames).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    uncovered = ground & scene.uncovered(frames, 0)
    assert uncovered.sum() > 200
    assert weights[uncovered].mean() < 0.12


def test_trust_fades_and_is_not_switched() -> None:
    weights = confidence.confidence(path(AGAINST, 6), film(AGAINST)[6], film(AGAINST)[0])
    assert ((weights > 0.05) & (weights < 0.95)).mean() > 0.01
    assert weights.dtype == np.float32


def test_what_looks_different_is_not_trusted() -> None:
    frame = film(STILL_CAMERA)[0]
    here = composed_flow.still(120, 200)
    assert (confidence.confidence(here, frame, frame) == 1).all()
    changed = frame.copy()
    changed[40:80, 60:100] = 255 - changed[40:80, 60:100] // 4
    weights = confidence.confidence(here, frame, changed)
    assert weights[45:75, 65:95].mean() < 0.05
    assert weights[:35].min() == 1
    grain = np.clip(frame + np.random.default_rng(0).normal(0, 6, frame.shape), 0, 255).astype(np.uint8)
    assert confidence.confidence(here, frame, grain).mean() > 0.98


def test_what_lies_outside_is_not_trusted() -> None:
    grey = np.full((20, 30, 3), 127, np.uint8)
    weights = confidence.confidence(steps(8, 0), grey, grey)
    assert (weights[:, 23:] == 0).all()
    assert weights[:, :21].min() == 1


# -- other estimators --


class Known(nn.Module):
    """Says the same two flows whatever it sees, and counts how often."""

    def __init__(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        super().__init__()
        self.flows = torch.tensor([first, second])
        self.asked = 0

    def forward(self, first: Tensor, second: Tensor) -> list[Tensor]:
        self.asked += 1
        return [self.flows[..., None, None].expand(2, 2, *first.shape[-2:])]


def test_flow_in_full_size_from_raft() -> None:
    """RAFT sees pictures of 640x352 in 320x176, so that its px are two."""
    known = Known((4, -2), (-6, 8))
    estimator = MotionFlow(RaftMotion(known, torch.device("cpu")))
    one, other = (np.full((352, 640, 3), level, np.uint8) for level in (1, 2))
    found = composed_flow.between(one, other, estimator)
    assert found.there.shape == found.back.shape == (352, 640, 2)
    np.testing.assert_allclose(
        found.there, np.broadcast_to(np.float32((8, -4)), found.there.shape), rtol=1e-5
    )
    np.testing.assert_allclose(
        found.back, np.broadcast_to(np.float32((-12, 16)), found.back.shape), rtol=1e-5
    )
    assert known.asked == 1  # both directions at once
    composed_flow.between(other, one, estimator)
    assert known.asked == 2


class _DisBothWays:
    """Asks for each direction by itself."""

    def both_ways(self, this: FramePyramid, other: FramePyramid) -> FlowPair:
        estimator = DisMotion()
        return FlowPair(estimator.between(other, this).back, estimator.between(this, other).back)


@pytest.mark.parametrize("size", [(181, 319), (64, 48), (17, 33)])
def test_flow_of_any_size_from_any_motion(size: tuple[int, int]) -> None:
    scene = Crossing(height=size[0], width=size[1], speed=(2, 0), pan=(2, 0))
    frames = scene.frames(2)
    found = MotionFlow(_DisBothWays())(frames[0], frames[1])
    assert found.shape == (*size, 2)
    assert np.median(found, (0, 1)) == pytest.approx([2, 0], abs=0.3)  # measured: 0.06 at most
