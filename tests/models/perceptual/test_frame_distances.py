"""Distances of frames that somebody else painted."""

from __future__ import annotations

import numpy as np
import pytest

from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.pictures.pictures import Picture, to_tensor


def _picture(seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)


def test_what_is_the_painting_itself_has_no_distance_to_it() -> None:
    found = Judge(_picture(0), size=64).measure([(_picture(0), _picture(0))])
    assert (found.frames, found.content_distance) == (1, 0)
    assert found.style_distance == pytest.approx(0, abs=1e-6)
    assert found.bare_canvas == pytest.approx(0.1, abs=0.01)


def test_distances_are_those_of_the_losses_and_means() -> None:
    found = Judge(_picture(0), size=64).measure([(_picture(0), _picture(0)), (_picture(1), _picture(2) // 2)])
    features = load_features("vgg16")
    layers = [*losses.STYLE_LAYERS]
    painted, original = (features(to_tensor([p]), layers) for p in (_picture(2) // 2, _picture(1)))
    content = losses.content_distance(painted["relu3_3"], original["relu3_3"]).item()
    style = losses.style_distance(painted, style_target(_picture(0), 64, features)).item()
    assert found.frames == 2
    assert found.content_distance == pytest.approx(content / 2, rel=1e-4)
    assert found.style_distance == pytest.approx(style / 2, rel=1e-3)


def test_without_a_painting_there_is_no_style_distance() -> None:
    found = Judge(None, size=64).measure([(_picture(0), _picture(1))])
    assert found.style_distance is None
    assert found.bare_canvas is None
    assert found.content_distance > 0


def test_bare_canvas_is_the_mean_over_the_frames() -> None:
    blank = np.full((64, 64, 3), 128, np.uint8)
    found = Judge(_picture(0), size=64).measure([(_picture(0), _picture(0)), (_picture(0), blank)])
    assert found.bare_canvas == pytest.approx((0.1 + 1) / 2, abs=0.01)


def test_a_strip_too_narrow_for_a_window_has_no_bare_canvas() -> None:
    strip = np.tile(_picture(0)[:8], (1, 4, 1))  # 512x16 px as it is looked at
    assert Judge(_picture(0), size=256).measure([(strip, strip)]).bare_canvas is None
