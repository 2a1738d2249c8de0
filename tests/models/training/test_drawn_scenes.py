"""Scenes in place of photographs: always the same, all different, with flat parts and detail."""

from __future__ import annotations

import cv2
import numpy as np

from stylize_video.models.training import drawn_scenes
from stylize_video.models.training.photographs import PhotographSet


def test_a_scene_is_always_the_same_and_no_other_is_like_it() -> None:
    first, again, other = (drawn_scenes.draw(number) for number in (3, 3, 4))
    assert first.shape == (288, 384, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.abs(first.astype(int) - other).mean() > 5


def test_scenes_have_contrast_at_all_scales_as_photographs_have() -> None:
    """Of photographs, each octave has about as much contrast as the next (Field 1987)."""
    greys = [cv2.cvtColor(drawn_scenes.draw(number), cv2.COLOR_RGB2GRAY) for number in range(12)]
    bands = []
    for deviation in (1.5, 3.0, 6.0, 12.0):
        blurred = [
            (cv2.GaussianBlur(np.float32(g), (0, 0), s) for s in (deviation, 2 * deviation)) for g in greys
        ]
        bands.append(np.sqrt(np.mean([np.square(fine - coarse).mean() for fine, coarse in blurred])))
    assert min(bands) > 3  # levels
    assert max(bands) < 3 * min(bands)


def test_every_scene_is_either_trained_on_or_held_out() -> None:
    found = PhotographSet.drawn(5, held_out=2)
    assert len(found.training) == 3
    wanted = [drawn_scenes.draw(number) for number in range(5)]
    scenes = (*found.held_out, *found.training)
    assert all(np.array_equal(a, b) for a, b in zip(scenes, wanted, strict=True))
