"""How the clock of a film made by some other tool relates to the clock of the original."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]  # times of frames, in order

_ALIKE = 0.9  # of the frames have to fit exactly before a film is said to run faster or slower
_USUAL_GAP = Fraction(1, 25)  # s, where there is only one frame


@dataclass(frozen=True)
class TimeMap:
    """`output time = offset + speed * input time`, and how near two times have to be.

    Both are as an editor would have set them: nothing in the files is aligned by its content.
    """

    offset: Fraction = Fraction(0)  # s by which the output is later
    duration_ratio: Fraction = Fraction(1)  # of the output's duration to the input's
    reach: Fraction = _USUAL_GAP / 2  # s of the input's clock; frames further apart are no pair
    tick: Fraction = Fraction(1, 1000)  # s; what is further apart than this was moved
    later: Fraction = Fraction(0)  # s by which the output might as well be a later part of the film

    def to_input(self, time: Fraction) -> Fraction:
        """A time of the output (s) in the input's clock."""
        return (time - self.offset) / self.duration_ratio


def find(
    source: Sequence[int], source_base: Fraction, output: Sequence[int], output_base: Fraction
) -> TimeMap:
    """The simplest map by which most frames of the output lie where one of the input's is.

    Tried are the same clock, the same first frame, the same last frame; and both, which is a film with
    another rate's label, where nine frames in ten fit by nothing else. What begins when the input does, and
    is shorter, may be a later part that was moved to the beginning: `TimeMap.later` then says so.

    Args:
        source, output: times of the frames in order, ticks of `source_base` and `output_base` (s).
    """
    gap = max(_gap(source, source_base), _gap(output, output_base))
    tick = min(max(source_base, output_base), gap / 4)
    if not source or not output:
        return TimeMap(reach=gap / 2, tick=tick)
    ends = [(t[0] * base, t[-1] * base) for t, base in ((source, source_base), (output, output_base))]
    wanted, found = _seconds(source, source_base), _seconds(output, output_base)

    def fit(offset: Fraction, ratio: Fraction = Fraction(1)) -> tuple[int, int]:
        distances = _distances(wanted, (found - float(offset)) / float(ratio))
        return int((distances <= float(tick) * 1.01).sum()), int((distances <= float(gap / 2)).sum())

    offsets = dict.fromkeys((Fraction(0), *(theirs - own for own, theirs in zip(*ends, strict=True))))
    fits = {offset: fit(offset) for offset in offsets}
    fewest = min(len(source), len(output))
    best = max(fits, key=lambda offset: _rank(fits[offset], fewest))
    for offset, ratio in _stretched(*ends):
        exact, _ = fit(offset, ratio)
        if exact >= _ALIKE * max(len(source), len(output)) and fits[best][0] < fewest / 2:
            return TimeMap(offset, ratio, _gap(source, source_base) / 2, tick)
    begins_alike, at_the_end = (theirs - own for own, theirs in zip(*ends, strict=True))
    is_a_part = best == begins_alike and fits[at_the_end] == fits[best]
    return TimeMap(best, Fraction(1), gap / 2, tick, later=best - at_the_end if is_a_part else Fraction(0))


def _rank(fit: tuple[int, int], fewest: int) -> tuple[int, int]:
    """How good a fit is; frames that fit exactly by chance, as of another rate, don't count."""
    exact, near = fit
    return (exact if exact * 2 >= fewest else 0), near


def _stretched(
    source: tuple[Fraction, Fraction], output: tuple[Fraction, Fraction]
) -> Iterator[tuple[Fraction, Fraction]]:
    """Offset (s) and ratio that bring the first frame to the first and the last to the last."""
    if source[1] > source[0] and output[1] > output[0]:
        ratio = (output[1] - output[0]) / (source[1] - source[0])
        yield output[0] - ratio * source[0], ratio


def _distances(wanted: Seconds, found: Seconds) -> Seconds:
    """From each time found to the nearest wanted one, s."""
    after = np.searchsorted(wanted, found).clip(1, max(len(wanted) - 1, 1))
    before = wanted[after - 1]
    after_times = wanted[np.minimum(after, len(wanted) - 1)]
    distances: Seconds = np.minimum(np.abs(found - before), np.abs(found - after_times))
    return distances


def _gap(times: Sequence[int], base: Fraction) -> Fraction:
    """The median distance of two frames, s."""
    if len(times) < 2:
        return _USUAL_GAP
    gap = Fraction(float(np.median(np.diff(np.asarray(times, np.int64)))))
    return max(gap, Fraction(1)) * base


def _seconds(times: Sequence[int], base: Fraction) -> Seconds:
    return np.asarray(times, np.float64) * float(base)
