"""Flow, occlusion and warping error of pictures whose motion is known."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from stylize_video.models.motion import confidence, flow
from stylize_video.pictures.pictures import Picture

_SHIFT = (3, -2)  # px right, px down
_MARGIN = 8  # px; what came from outside the picture


def _texture(seed: int = 0, *, side: int = 96) -> Picture:
    noise = np.random.default_rng(seed).uniform(0, 255, (side, side, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def _shifted(picture: Picture) -> Picture:
    return np.roll(picture, (_SHIFT[1], _SHIFT[0]), axis=(0, 1))


def _inner(array: np.ndarray) -> np.ndarray:
    return array[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]


def _still(height: int = 4, width: int = 5) -> flow.Flow:
    return np.zeros((height, width, 2), np.float32)


def _grey(value: float, height: int = 4, width: int = 5) -> Picture:
    return np.full((height, width, 3), round(value * 255), np.uint8)


def test_flow_of_a_shifted_picture_is_the_shift() -> None:
    first = _texture()
    found = flow.optical_flow(first, _shifted(first))
    assert found.shape == (96, 96, 2)
    assert found.dtype == np.float32
    assert np.median(_inner(found), axis=(0, 1)) == pytest.approx(_SHIFT, abs=0.2)


def test_warping_the_second_picture_back_gives_the_first() -> None:
    first = _texture()
    second = _shifted(first)
    back = flow.warp(second, flow.optical_flow(first, second))
    assert np.abs(_inner(back) - _inner(first)).mean() < 2
    assert np.abs(_inner(second).astype(float) - _inner(first)).mean() > 20  # unwarped


def test_warp_fetches_between_pixels_and_repeats_the_border() -> None:
    ramp = np.tile(np.arange(5, dtype=np.float32), (4, 1))
    half = _still() + np.array([0.5, 0], np.float32)
    assert flow.warp(ramp, half)[0] == pytest.approx([0.5, 1.5, 2.5, 3.5, 4])
    down = _still() + np.array([0, 2], np.float32)
    assert flow.warp(ramp.T[:4, :4].copy(), down[:, :4])[:, 0] == pytest.approx([2, 3, 3, 3])


def test_identical_frames_have_no_error() -> None:
    picture = _texture()
    there = flow.optical_flow(picture, picture)
    seen = confidence.visible(there, there)
    assert seen.all()
    assert flow.warping_error(picture, picture, there, seen) == 0


def test_a_flicker_of_a_tenth_is_a_hundredth() -> None:
    seen = np.ones((4, 5), bool)
    error = flow.warping_error(_grey(0.4), _grey(0.5), _still(), seen)
    assert error == pytest.approx(0.01, rel=0.05)  # the greys are rounded: 102 and 128
    assert error == pytest.approx((26 / 255) ** 2)


def test_error_follows_the_motion() -> None:
    first = _texture()
    motion = np.full((96, 96, 2), _SHIFT, np.float32)
    seen = confidence.visible(motion, -motion)
    assert flow.warping_error(first, _shifted(first), motion, seen) == 0
    assert flow.warping_error(first, first, motion, seen) > 0.01  # strokes that stay where they are


def test_occluded_pixels_are_left_out() -> None:
    painted, following = _grey(0.4), _grey(0.4)
    following[1, 2] = 255
    seen = np.ones((4, 5), bool)
    assert flow.warping_error(painted, following, _still(), seen) == pytest.approx(0.36 / 20)
    seen[1, 2] = False
    assert flow.warping_error(painted, following, _still(), seen) == 0


def test_error_is_nan_where_nothing_is_visible() -> None:
    assert math.isnan(flow.warping_error(_grey(0.4), _grey(0.5), _still(), np.zeros((4, 5), bool)))


def test_detail_of_a_ramp_is_its_slope() -> None:
    y, x = np.mgrid[0:20, 0:30]
    ramp = np.repeat((3 * x + 4 * y)[..., None], 3, axis=2).astype(np.uint8)
    assert flow.detail(ramp) == pytest.approx(5 / 255)
    assert flow.detail(_grey(0.5)) == pytest.approx(0, abs=1e-6)


def test_horizontal_detail_is_blind_to_what_changes_downwards() -> None:
    ramp = np.broadcast_to(np.arange(0, 250, 5, dtype=np.uint8)[None, :, None], (20, 50, 3))
    assert flow.horizontal_detail(ramp) == pytest.approx(5 / 255)
    assert flow.horizontal_detail(ramp.transpose(1, 0, 2)) == pytest.approx(0, abs=1e-6)
    red = ramp * np.array([1, 0, 0], np.uint8)
    assert flow.horizontal_detail(red) == pytest.approx(0.299 * 5 / 255)
    with pytest.raises(ValueError, match="2 px wide"):
        flow.horizontal_detail(ramp[:, :1])


def test_wrong_shapes_are_refused() -> None:
    picture, seen = _texture(side=20), np.ones((20, 20), bool)
    motion = _still(20, 20)
    with pytest.raises(ValueError, match="first is"):
        flow.optical_flow(picture[..., 0], picture)
    with pytest.raises(ValueError, match="second is"):
        flow.optical_flow(picture, picture.astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="second is"):
        flow.optical_flow(picture, picture[:18])
    with pytest.raises(ValueError, match="at least 16"):
        flow.optical_flow(picture[:15], picture[:15])
    with pytest.raises(ValueError, match="flow is"):
        flow.warp(picture, motion[..., 0])
    with pytest.raises(ValueError, match="following is"):
        flow.warping_error(picture, picture[1:], motion, seen)
    with pytest.raises(ValueError, match="visible is"):
        flow.warping_error(picture, picture, motion, seen[1:])
    with pytest.raises(ValueError, match="at least 2"):
        flow.detail(picture[:1])


def test_flow_of_the_smallest_picture() -> None:
    picture = _texture(side=16)
    assert flow.optical_flow(picture, picture).shape == (16, 16, 2)
