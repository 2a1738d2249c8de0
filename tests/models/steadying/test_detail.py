"""Detail that is lost and given back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stylize_video.models.motion import flow
from stylize_video.models.steadying.detail import Sharpness
from stylize_video.models.steadying.opponent import Plane
from stylize_video.pictures.pictures import Picture

_HEIGHT, _WIDTH = 120, 160


def _strokes(seed: int = 0) -> Plane:
    noise = np.random.default_rng(seed).uniform(0, 255, (_HEIGHT, _WIDTH)).astype(np.float32)
    return np.asarray((cv2.GaussianBlur(noise, (0, 0), 1.5) - 127) * 3 + 127, np.float32)


def _grey(plane: Plane) -> Picture:
    return np.repeat(np.clip(plane, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _restored(frames: int = 20, softened: float = 1.0) -> float:
    """The detail of what is restored, by that of the painting; learned in so many frames."""
    painted = _strokes()
    mean = np.asarray(cv2.GaussianBlur(painted, (0, 0), softened), np.float32)
    giver, weights = Sharpness(), np.ones_like(painted)
    for _ in range(frames):
        found = giver.restored(mean, weights)
        giver.learn(found, painted)
    return flow.detail(_grey(found)) / flow.detail(_grey(painted))


def test_the_first_frame_is_left_as_it_is() -> None:
    plane = _strokes()
    assert (Sharpness().restored(plane, np.ones_like(plane)) == plane).all()


def test_all_of_the_detail_is_given_back() -> None:
    assert _restored(frames=1) < 0.9
    assert _restored() == pytest.approx(1, abs=0.03)


def test_what_is_not_there_is_not_made_up() -> None:
    """Nothing is left of strokes that are blurred away."""
    assert _restored(frames=60, softened=12) < 0.5


@pytest.mark.parametrize("too_rough", [False, True])
def test_the_gain_has_its_ends(too_rough: bool) -> None:
    """A mean that stays soft, or rough, whatever is done."""
    rough, soft = _strokes(), np.asarray(cv2.GaussianBlur(_strokes(), (0, 0), 2), np.float32)
    painted, mean = (soft, rough) if too_rough else (rough, soft)
    giver, weights = Sharpness(), np.ones_like(painted)
    for _ in range(60):
        giver.learn(mean, painted)
    found = giver.restored(mean, weights) - mean
    fine = mean - np.asarray(cv2.blur(mean, (5, 5)), np.float32)
    assert found == pytest.approx((-1 if too_rough else 1) * fine, abs=1e-2)


def test_only_what_was_carried_is_sharpened() -> None:
    painted = _strokes()
    mean = np.asarray(cv2.GaussianBlur(painted, (0, 0), 1), np.float32)
    giver, weights = Sharpness(), np.ones_like(painted)
    giver.learn(mean, painted)
    weights[:, 80:] = 0
    found = giver.restored(mean, weights)
    assert (found[:, 80:] == mean[:, 80:]).all()
    assert np.abs(found[:, :80] - mean[:, :80]).max() > 1


def test_a_flat_picture_teaches_nothing() -> None:
    flat = np.full((_HEIGHT, _WIDTH), 90, np.float32)
    giver = Sharpness()
    giver.learn(flat, flat)
    plane = _strokes()
    assert (giver.restored(plane, np.ones_like(plane)) == plane).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (9, 9), (2, 2), (10, 2), (19, 40)])
def test_small_pictures(size: tuple[int, int]) -> None:
    plane = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    giver = Sharpness()
    giver.learn(plane, plane)
    assert np.isfinite(giver.restored(plane, np.ones_like(plane))).all()
