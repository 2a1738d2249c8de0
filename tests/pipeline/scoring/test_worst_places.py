"""Which places of a film are kept."""

from __future__ import annotations

import numpy as np

from stylize_video.pipeline.scoring.worst_places import Place, WorstPlaces


def _place(time_s: float, error: float) -> Place:
    picture = np.zeros((2, 2, 3), np.uint8)
    flow, seen = np.zeros((2, 2, 2), np.float32), np.ones((2, 2), bool)
    return Place(time_s, error, 0.0, (picture, picture), (picture, picture), flow, seen)


def test_the_worst_places_are_a_second_apart() -> None:
    worst = WorstPlaces(3)
    for time, error in ((0, 1), (0.5, 5), (0.9, 3), (2, 2), (4, 4), (6, 6), (6.4, 5)):
        worst.offer(_place(time, error))
    assert [(place.time_s, place.warping_error) for place in worst.found()] == [(6, 6), (0.5, 5), (4, 4)]
