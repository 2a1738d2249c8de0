"""Still regions, their flicker, and light, of pictures whose figures are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stylize_video.models.motion.flow import Flow
from stylize_video.models.steadying import steadiness
from stylize_video.models.steadying.steadiness import Luma


def _flow(height: int = 40, width: int = 50) -> Flow:
    return np.zeros((height, width, 2), np.float32)


def _level(value: float, height: int = 40, width: int = 50) -> Luma:
    return np.full((height, width), value, np.float32)


def _noise(deviation: float, seed: int) -> Luma:
    return np.random.default_rng(seed).normal(128, deviation, (400, 500)).astype(np.float32)


@pytest.mark.parametrize(
    ("colour", "wanted"), [((255, 0, 0), 76.245), ((0, 255, 0), 149.685), ((0, 0, 255), 29.07), ((9,) * 3, 9)]
)
def test_luma_is_that_of_bt601(colour: tuple[int, int, int], wanted: float) -> None:
    picture = np.full((4, 5, 3), colour, np.uint8)
    assert steadiness.luma(picture) == pytest.approx(wanted)


def test_light_is_mean_and_deviation() -> None:
    half = np.concatenate([_level(100), _level(140)])
    assert steadiness.light(half) == pytest.approx((120, 20))
    assert steadiness.light(_level(7)) == pytest.approx((7, 0))


def test_what_moves_or_changes_is_not_still() -> None:
    before, flow = _level(100), _flow()
    assert steadiness.still(before, before, flow).all()
    flow[:, :25, 0] = 0.3
    assert (steadiness.still(before, before, flow).mean(axis=0) == ([0] * 25 + [1] * 25)).all()
    after = before.copy()
    after[:20] += 10
    still = steadiness.still(before, after, _flow())
    assert not still[:19].any()
    assert still[23:].all()  # two px from the change, the mean of 5 px has none of it


def test_grain_is_still() -> None:
    flow = _flow(400, 500)
    assert steadiness.still(_noise(1.5, 1), _noise(1.5, 2), flow).mean() > 0.99
    assert steadiness.still(_noise(6, 1), _noise(6, 2), flow).mean() < 0.01


@pytest.mark.parametrize("deviation", [1.0, 5.0])
def test_of_new_noise_the_squared_change_is_twice_the_variance(deviation: float) -> None:
    still = np.ones((400, 500), bool)
    found = steadiness.squared_change(_noise(deviation, 1), _noise(deviation, 2), still)
    assert found == pytest.approx(2 * deviation**2, rel=0.02)


def test_only_what_is_still_counts() -> None:
    after = _level(100)
    after[:10] += 30
    still = np.ones((40, 50), bool)
    assert steadiness.squared_change(_level(100), after, still) == pytest.approx(900 / 4)
    still[:10] = False
    assert steadiness.squared_change(_level(100), after, still) == 0
    still[:] = False
    still[39, :19] = True  # less than a hundredth
    assert math.isnan(steadiness.squared_change(_level(100), after, still))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="picture is"):
        steadiness.luma(np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match="picture is"):
        steadiness.luma(np.zeros((4, 5, 3), np.uint16))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="after is"):
        steadiness.still(_level(1), _level(1)[1:], _flow())
    with pytest.raises(ValueError, match="flow is"):
        steadiness.still(_level(1), _level(1), _flow()[1:])
    with pytest.raises(ValueError, match="still is"):
        steadiness.squared_change(_level(1), _level(1), np.ones((3, 3), bool))
