"""Which frames belong together, by times alone."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.scoring.pairing import PairingReport, pair
from stylize_video.pipeline.scoring.time_map import TimeMap

_MS = Fraction(1, 1000)
_BLACK = np.zeros((2, 2, 3), np.uint8)


def _frames(times_ms: Iterable[int], cuts: Iterable[int] = ()) -> list[Frame]:
    return [Frame(_BLACK, time, _MS, cut=time in cuts) for time in times_ms]


def _pairs(
    source: Iterable[int], output: Iterable[int], clock: TimeMap | None = None
) -> list[tuple[int, int]]:
    found = pair(_frames(source), _frames(output), clock or TimeMap(), PairingReport())
    return [(one.source.pts, one.output.pts) for one in found]


def test_each_frame_has_one_partner_at_most() -> None:
    assert _pairs([0, 40, 80], [0, 40, 80]) == [(0, 0), (40, 40), (80, 80)]
    assert _pairs([0, 40, 80], [0, 80]) == [(0, 0), (80, 80)]
    assert _pairs([0, 40], [0, 20, 40]) == [(0, 0), (40, 40)]
    assert _pairs([0, 40, 80], [3, 41, 70]) == [(0, 3), (40, 41), (80, 70)]
    assert _pairs([0, 40, 80], [35, 75]) == [(40, 35), (80, 75)]
    assert _pairs([0, 40], [200, 240]) == []
    assert _pairs([], [0]) == []


def test_what_does_not_fit_is_counted_and_named() -> None:
    report = PairingReport()
    source, output = _frames(range(0, 400, 40)), _frames([0, 10, 45, 80, *range(400, 700, 40)])
    assert len(list(pair(source, output, TimeMap(), report))) == report.pairs == 3
    assert report.missing.count == 7
    assert report.missing.times == [time * _MS for time in (120, 160, 200, 240, 280)]
    assert report.added.count == 9
    assert report.added.times[:2] == [Fraction(1, 100), Fraction(4, 10)]
    assert report.moved.times == [Fraction(40, 1000)]
    assert report.farthest == Fraction(5, 1000)


def test_pairs_know_their_shot_even_if_its_first_frame_is_missing() -> None:
    source = _frames(range(0, 240, 40), cuts=[80, 160])
    found = pair(source, _frames([0, 40, 120, 160, 200]), TimeMap(), PairingReport())
    assert [one.shot for one in found] == [1, 1, 2, 3, 3]


def test_only_two_frames_of_each_film_are_held() -> None:
    taken = []

    def counted() -> Iterable[Frame]:
        for frame in _frames(range(0, 4000, 40)):
            taken.append(frame)
            yield frame

    found = pair(counted(), _frames(range(0, 4000, 40)), TimeMap(), PairingReport())
    for count, _ in enumerate(found, 1):
        assert len(taken) <= count + 2
