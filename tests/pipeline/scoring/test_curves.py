"""Curves of films whose series are known."""

from __future__ import annotations

import math

import numpy as np

from stylize_video.pipeline.scoring.curves import condense, cut_times, rounded
from tests.pipeline.scoring._dull_film import dull_film


def test_short_curves_stay_whole_and_long_ones_keep_their_peaks() -> None:
    assert condense(dull_film(50))["time_s"].tolist() == [i / 10 for i in range(50)]
    errors, light = np.full(5000, 0.001), np.full(5000, 100.0)
    errors[1234], light[4321] = 0.5, 0.0
    found = condense(dull_film(5000, warping_error=errors, luminance=light), 200)
    assert {len(column) for column in found.values()} == {200}
    assert np.nanmax(found["warping_error"]) == 0.5
    assert found["luminance"].min() == 0
    assert (np.diff(found["time_s"]) > 0).all()


def test_a_shot_but_the_first_begins_with_a_cut() -> None:
    assert cut_times(dull_film(40, shot=[1.0] * 20 + [2.0] * 20)) == [2.0]
    assert cut_times(dull_film(40)) == []


def test_json_holds_no_more_than_can_be_seen() -> None:
    assert rounded(np.array([1 / 3, math.nan, math.inf, 1e-7 / 3])) == [0.333333, None, None, 3.33333e-8]
