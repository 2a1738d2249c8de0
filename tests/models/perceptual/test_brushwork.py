"""Bare canvas agrees with the eye: what is full counts as full, what is bare as bare."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stylize_video.models.perceptual.brushwork import bare_canvas, energies
from stylize_video.pictures.pictures import Picture


def strokes(seed: int = 0, *, contrast: float = 60.0) -> Picture:
    """Random strokes of many sizes, alike all over."""
    rng = np.random.default_rng(seed)
    picture = np.full((352, 512, 3), 128.0)
    for deviation in (1.0, 2.0, 4.0, 8.0):
        layer = cv2.GaussianBlur(rng.standard_normal(picture.shape), (0, 0), deviation)
        picture += contrast / 4 * layer / layer.std()
    return picture.clip(0, 255).astype(np.uint8)


def test_a_painting_has_a_tenth_of_bare_canvas_against_itself() -> None:
    assert bare_canvas(strokes(), strokes()) == pytest.approx(0.10, abs=0.01)


def test_another_picture_as_full_has_as_little() -> None:
    assert bare_canvas(strokes(1), strokes()) < 0.2


def test_what_is_blank_is_bare_and_the_share_is_that_of_the_picture() -> None:
    half = strokes(1)
    half[:, :256] = half[:, :256].mean((0, 1))
    assert bare_canvas(half, strokes()) == pytest.approx(
        0.5 + bare_canvas(strokes(1), strokes()) / 2, abs=0.06
    )


def test_pale_strokes_and_a_blurred_picture_are_bare() -> None:
    assert bare_canvas(strokes(contrast=30), strokes()) > 0.9
    assert bare_canvas(cv2.GaussianBlur(strokes(), (0, 0), 6), strokes()) > 0.6


def test_a_window_holds_the_energy_of_one_frequency_in_its_own_octave() -> None:
    wave = np.sin(2 * np.pi * np.arange(256) / 12)  # 12 px: the middle octave
    picture = np.broadcast_to((128 + 40 * wave)[None, :, None], (256, 256, 3)).astype(np.uint8)
    fine, middle, coarse = (float(np.median(octave)) for octave in energies(picture))
    assert middle > fine
    assert middle > coarse
    assert len(energies(picture)[0]) == 64


def test_a_picture_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="32 at least"):
        energies(np.zeros((31, 64, 3), np.uint8))
