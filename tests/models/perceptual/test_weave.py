"""The weave is seen where it is, and nowhere else."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.models.perceptual.weave import DIRECTIONS, PERIODS, WINDOW, ratios, weave
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.sources.film import FilmSource

SAMPLE = Path(__file__).parents[3] / "samples" / "sample.mp4"
HEIGHT, WIDTH = 288, 512


def pink(seed: int = 0) -> NDArray[np.float64]:
    """Noise whose power falls with the square of the frequency, as that of photographs does."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH))
    frequency[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((3, HEIGHT, WIDTH))) / frequency
    field = np.fft.irfft2(white, s=(HEIGHT, WIDTH)).transpose(1, 2, 0)
    return 128 + 40 * field / field.std()


def picture(levels: NDArray[np.float64]) -> Picture:
    return levels.round().clip(0, 255).astype(np.uint8)


def lattice(period: int, direction: str) -> NDArray[np.float64]:
    """A wave of six levels: hardly seen where it is rough, at once where it is flat."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    across, down = (np.cos(2 * np.pi * along / period) for along in (x, y))
    return 6 * {"horizontal": across, "vertical": down, "both": across * down}[direction][..., None]


def test_noise_has_none() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    assert weave(noise) < 1.3
    assert ratios(noise).mean() == pytest.approx(1, abs=0.08)


def test_what_is_like_a_photograph_has_none() -> None:
    found = ratios(picture(pink()))
    assert found.shape == (len(PERIODS), len(DIRECTIONS))
    assert found.max() < 1.4
    assert found.mean() == pytest.approx(1, abs=0.1)


def test_a_filmed_scene_has_none() -> None:
    with FilmSource(SAMPLE) as source:
        frame = next(iter(source.frames()))
    assert weave(frame.rgb) < 1.5


def test_a_blank_picture_has_none() -> None:
    assert weave(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("period", "direction"), [*itertools.product(PERIODS, DIRECTIONS)])
def test_a_faint_lattice_is_found_where_it_is(period: int, direction: str) -> None:
    found = ratios(picture(pink() + lattice(period, direction)))
    place = PERIODS.index(period), DIRECTIONS.index(direction)
    assert found[place] > 3
    found[place] = 0
    assert found.max() < 1.4


def test_a_lattice_of_another_period_is_no_weave() -> None:
    x = np.arange(WIDTH)[None, :, None]
    assert weave(picture(pink() + 2 * np.cos(2 * np.pi * x / 5.7))) < 1.4


def test_a_picture_smaller_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{WINDOW} at least"):
        ratios(np.zeros((WINDOW - 1, 256, 3), np.uint8))
