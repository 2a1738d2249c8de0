"""Figures of shots and films whose series are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stylize_video.pipeline.scoring import figures
from tests.pipeline.scoring._dull_film import dull_film


def test_of_a_dull_film() -> None:
    film = figures.of_film(dull_film(30))
    assert (film.frames, film.start_s, film.end_s) == (30, 0, 2.9)
    assert film.warping_error == pytest.approx(0.002)
    assert film.warping_error_ratio == pytest.approx(2)
    assert film.relative_warping_error == pytest.approx(0.002 / 0.02**2)
    assert film.input_relative_warping_error == pytest.approx(0.001 / 0.05**2)
    assert film.still_flicker_255 == pytest.approx(3)
    assert film.input_still_flicker_255 == pytest.approx(1)
    assert film.detail_ratio == pytest.approx(0.5)
    assert film.luminance_drift_255 == 0
    assert film.worst_second_s == 0
    assert film.worst_second_warping_error == pytest.approx(0.002)


def test_a_painting_that_shows_nothing_has_no_relative_warping_error() -> None:
    film = figures.of_film(dull_film(5, warping_error=0.0, horizontal_detail=0.0))
    assert film.warping_error == 0
    assert film.relative_warping_error is None


def test_larger_still_regions_weigh_more() -> None:
    series = dull_film(3, still_square=[0, 4, 16], still_share=[0, 0.9, 0.3])
    assert figures.of_film(series).still_flicker_255 == pytest.approx(math.sqrt(7))
    nothing = dull_film(3, still_square=math.nan, input_still_square=math.nan, still_share=0.0)
    assert figures.of_film(nothing).still_flicker_255 is None


def test_drift_is_less_what_the_input_does() -> None:
    ramp = np.linspace(0, 29, 30)
    film = figures.of_film(dull_film(30, luminance=100 + 3 * ramp, input_luminance=100 + ramp))
    assert film.luminance_drift_255 == pytest.approx(2 * 20)  # middle of the last second to that of the first
    brief = figures.of_film(dull_film(4, luminance=[100.0, 101, 106, 107]))
    assert brief.luminance_drift_255 == pytest.approx(6)  # the later half less the earlier
    assert figures.of_film(dull_film(1)).luminance_drift_255 is None


def test_of_the_film_the_drift_is_that_of_its_worst_shot() -> None:
    shots = [1.0] * 20 + [2.0] * 20
    luminance = [*np.linspace(100, 110, 20), *np.linspace(200, 180, 20)]
    series = dull_film(40, shot=shots, luminance=luminance)
    of_shots = figures.of_shots(series)
    assert [shot.frames for shot in of_shots] == [20, 20]
    assert of_shots[0].luminance_drift_255 > 0
    assert figures.of_film(series).luminance_drift_255 == of_shots[1].luminance_drift_255 < 0


def test_the_worst_second_by_hand() -> None:
    errors = np.full(60, 0.001)
    errors[31:41] = 0.005
    film = figures.of_film(dull_film(60, warping_error=errors))
    assert (film.worst_second_s, film.worst_second_warping_error) == (3.0, pytest.approx(0.005))
    errors[-3:] = 0.05  # a second ends within the film
    film = figures.of_film(dull_film(60, warping_error=errors))
    assert film.worst_second_s == pytest.approx(4.9)
    assert film.worst_second_warping_error == pytest.approx((7 * 0.001 + 3 * 0.05) / 10)
    errors[:] = math.nan
    assert figures.of_film(dull_film(60, warping_error=errors)).worst_second_s is None
