"""How the clocks of two films are related, by the times of their frames alone."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import pytest

from stylize_video.pipeline.scoring import time_map

_MS = Fraction(1, 1000)


def _map(source: Iterable[int], output: Iterable[int]) -> tuple[Fraction, Fraction]:
    found = time_map.find(list(source), _MS, list(output), _MS)
    return found.offset, found.duration_ratio


_STEADY = range(0, 4000, 40)


@pytest.mark.parametrize(
    ("output", "offset"),
    [
        (_STEADY, 0),
        (_STEADY[1:], 0),  # the first frame is missing
        (_STEADY[:50], 0),
        (_STEADY[30:], 0),
        (_STEADY[::2], 0),
        (range(0, 4000, 33), 0),  # another rate of the same duration
        ([t + 40 for t in _STEADY], 40),
        ([t + 7 for t in _STEADY], 7),
        ([t - 500 for t in _STEADY], -500),
        ([t + 500 for t in _STEADY[3:]], 620),  # times alone can't tell: the last three may be missing
        ([t + 1 for t in _STEADY], 0),  # a tick
    ],
)
def test_the_simplest_offset_that_fits(output: Iterable[int], offset: int) -> None:
    assert _map(_STEADY, output) == (offset * _MS, 1)


def test_another_speed() -> None:
    assert _map(_STEADY, range(100, 5100, 50)) == (Fraction(1, 10), Fraction(5, 4))
    lacking = [t for t in range(0, 5000, 50) if t != 1000]
    assert _map(_STEADY, lacking) == (0, Fraction(5, 4))
    slower = time_map.find(list(_STEADY), _MS, list(range(0, 5000, 50)), _MS)
    assert slower.to_input(Fraction(5)) == 4


@pytest.mark.parametrize(
    ("output", "later"),
    [
        (_STEADY, 0),
        (_STEADY[1:], 0),  # where it is, says its time
        (_STEADY[::2][:-1], 120),
        (_STEADY[:-1], 40),
        (_STEADY[:25], 3000),
        ([t + 7 for t in _STEADY[:25]], 3000),
        (range(0, 2000, 33), 0),  # what lies near one frame or another can be anywhere
    ],
)
def test_a_part_that_begins_with_the_film_may_be_a_later_one(output: Iterable[int], later: int) -> None:
    assert time_map.find(list(_STEADY), _MS, list(output), _MS).later == later * _MS


def test_films_of_a_frame_or_none() -> None:
    assert _map([500], [0]) == (Fraction(-1, 2), 1)
    assert _map([0], [0]) == (0, 1)
    assert _map([], [0]) == (0, 1)
    assert _map([0], range(0, 400, 40)) == (0, 1)
