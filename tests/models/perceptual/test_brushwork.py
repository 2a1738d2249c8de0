"""Bare canvas agrees with the eye: what is full counts as full, what is bare as bare."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stylize_video.models.perceptual.brushwork import bare_canvas, energies, looked_at
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


def test_the_measure_is_that_of_the_program_that_it_was_defined_by() -> None:
    """These shares are what measure/strokes.py found, which works on BGR files by itself."""
    assert bare_canvas(strokes(1), strokes()) == pytest.approx(0.1042, abs=0.003)
    assert bare_canvas(strokes(1, contrast=45), strokes()) == pytest.approx(0.9072, abs=0.003)


def test_the_energy_of_a_wave_is_what_the_two_gaussians_leave_of_it() -> None:
    levels = np.arange(256)
    grey = np.repeat(levels.astype(np.float32)[:, None, None] / 255, 3, axis=2)
    lightness = cv2.cvtColor(grey, cv2.COLOR_RGB2LAB)[:, 0, 0]
    wanted = 50 + 20 * np.sin(2 * np.pi * np.arange(320) / 16)  # L*, 16 px long
    wave = np.interp(wanted, lightness, levels).round().astype(np.uint8)
    picture = np.broadcast_to(wave[None, :, None], (96, 320, 3))
    for (fine, coarse), octave in zip(((1, 2), (2, 4), (4, 8)), energies(picture), strict=True):
        kept = [np.exp(-0.5 * (2 * np.pi / 16 * deviation) ** 2) for deviation in (fine, coarse)]
        middle = octave.reshape(3, 10)[1, 2:-2]  # away from the borders
        assert middle == pytest.approx(20 / np.sqrt(2) * (kept[0] - kept[1]), rel=0.02, abs=0.05)


def test_pictures_are_looked_at_in_one_size() -> None:
    assert looked_at(strokes()[:176, :256]).shape == (352, 512, 3)
    assert looked_at(strokes()[:, :176]).shape == (512, 256, 3)
    flat = np.full((300, 700, 3), 77, np.uint8)
    assert (looked_at(flat) == 77).all()


def test_a_picture_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="32 at least"):
        energies(np.zeros((31, 64, 3), np.uint8))
