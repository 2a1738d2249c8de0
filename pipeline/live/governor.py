"""Chooses size and quality of live pictures, so that painting one takes no longer than there is time for.

It follows the time that painting takes, never the rate at which pictures come out: a rate that is low since
the camera is slow, or since somebody chose a slow pace, would else make it give way for nothing, further and
further. Pure logic: it is told times and knows no clock.

    too slow by most of the last pictures -> down, to what there should be time enough for
    time enough for seconds               -> up, a rung; or back at once to one that has held before
    a step up that was taken back soon    -> back to where it came from; tried more and more rarely, unless
                                             painting has become much faster
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from stylize_video.pipeline.live.rungs import DEFAULT, Rung

_TOO_SLOW = 0.95  # of the time that there is: from there on a smaller picture is painted
_FAR_TOO_SLOW = 1.5  # likewise: it isn't looked at for long
_ENOUGH = 0.85  # of that time, which a larger picture may be expected to take
_MANY = 24  # pictures that are looked back on
_AT_ONCE, _FEW = 0.5, 3  # s of painting, in so many pictures at least, after which far too slow ones are told
_PATIENCE = 2.0  # s in which there must have been time enough before a larger picture is tried
_LONGEST_PATIENCE = 60.0  # s, for what has failed again and again
_AHEAD = 2  # rungs above the present one that are made ready
_FAILED = 6.0  # s; a step up that was taken back so soon was a mistake
_HELD = 10.0  # s after which a rung is known to be one that can be held
_FASTER = 0.75  # of the time that a rung was expected to take when it failed: it is another machine now


class _Rise(NamedTuple):
    """The last step up."""

    time: float  # s
    origin: int  # rung that it came from
    expected: float  # s that the new rung was expected to take


class _Failure(NamedTuple):
    """Of a rung that was tried in vain."""

    patience: float  # s, until it is tried again
    expected: float  # s that it was expected to take


class Governor:
    """Chooses among the rungs of a ladder.

    Args:
        ladder: from cheap to dear, one at least.
        fps: pictures/s that are promised; painting one may take so much of a second.
        start: the rung to begin with; by default the nearest to what suits two cores.

    Raises:
        ValueError: an empty ladder, or no rate.
    """

    def __init__(self, ladder: Sequence[Rung], *, fps: float, start: Rung | None = None) -> None:
        if not ladder:
            raise ValueError("a ladder has one rung at least")
        if not fps > 0:
            raise ValueError(f"{fps = } must be above 0")
        self._ladder = list(ladder)
        self._budget = 1 / fps  # s
        wanted = DEFAULT if start is None else start
        self._at = min(range(len(ladder)), key=lambda n: abs(ladder[n].cost - wanted.cost))
        self._seconds: deque[float] = deque(maxlen=_MANY)  # of pictures painted at this rung
        self._came: float | None = None  # time of the first of them
        self._quick_since: float | None = None  # time since when there has been enough for a higher rung
        self._rise: _Rise | None = None
        self._failures: dict[int, _Failure] = {}  # by rung
        self._proven = self._at  # the highest rung that is thought to be one that can be held

    @property
    def rung(self) -> Rung:
        """The one to be painted at."""
        return self._ladder[self._at]

    @property
    def near(self) -> list[Rung]:
        """The rungs that may be wanted, the soonest first: all lower ones, and a few higher."""
        known = range(min(len(self._ladder), self._at + 1 + _AHEAD))
        return [self._ladder[n] for n in sorted(known, key=lambda n: (abs(n - self._at), n))]

    def painted(
        self, rung: Rung, seconds: float, now: float, *, ready: Callable[[Rung], bool] = lambda _: True
    ) -> Rung:
        """Hear of a picture that was painted; the rung for the next.

        Args:
            rung: that it was painted at. What was painted at another than the present one says nothing.
            seconds: that it took, all that is done for each picture together.
            now: s, of any clock that only goes on.
            ready: whether a rung can be painted at once. Others are chosen only if it is too slow at all that
                are.
        """
        if rung == self.rung:
            self._seconds.append(seconds)
            self._came = now if self._came is None else self._came
            if self._is_too_slow():
                self._step_down(now, ready)
            else:
                if now - self._came >= _HELD:
                    self._proven = max(self._proven, self._at)
                self._maybe_step_up(now, ready)
        return self.rung

    def _is_too_slow(self) -> bool:
        """By most of the last few pictures: one that was late says nothing."""
        last = self._last_few
        if len(last) >= _FEW and median(last) > _FAR_TOO_SLOW * self._budget:
            return True
        return len(self._seconds) == _MANY and median(self._seconds) > _TOO_SLOW * self._budget

    @property
    def _last_few(self) -> list[float]:
        """Those of the last half second of painting, or all."""
        found: list[float] = []
        for seconds in reversed(self._seconds):
            if len(found) >= _FEW and sum(found) >= _AT_ONCE:
                break
            found.append(seconds)
        return found

    def _step_down(self, now: float, ready: Callable[[Rung], bool]) -> None:
        """To the largest rung that there should be time enough for, to the next at least."""
        lower = [n for n in range(self._at) if ready(self._ladder[n])] or list(range(self._at))
        if not lower:
            return
        rise = self._rise
        if rise is not None and now - rise.time < _FAILED:
            self._remember_failure(rise)
            if rise.origin in lower:
                self._go_to(rise.origin)
                return
        took = max(median(self._seconds), median(self._last_few))
        fitting = [n for n in lower if self._expected(took, n) <= _ENOUGH * self._budget]
        self._go_to(max(fitting, default=lower[0]))

    def _remember_failure(self, rise: _Rise) -> None:
        before = self._failures.get(self._at)
        patience = _PATIENCE if before is None else before.patience
        self._failures[self._at] = _Failure(min(_LONGEST_PATIENCE, 2 * patience), rise.expected)

    def _maybe_step_up(self, now: float, ready: Callable[[Rung], bool]) -> None:
        if len(self._seconds) < _FEW:
            return
        most = sorted(self._seconds)[-1 - len(self._seconds) // 4]  # but for a quarter
        higher = range(self._at + 1, min(len(self._ladder), max(self._at + 1, self._proven) + 1))
        fitting = {n: self._expected(most, n) for n in higher if ready(self._ladder[n])}
        fitting = {n: seconds for n, seconds in fitting.items() if seconds <= _ENOUGH * self._budget}
        if not fitting:
            self._quick_since = None
            return
        if self._quick_since is None:
            self._quick_since = now
        waited = now - self._quick_since
        found = [n for n, seconds in fitting.items() if waited >= self._patience(n, seconds)]
        if found:
            self._rise = _Rise(now, self._at, fitting[max(found)])
            self._go_to(max(found))

    def _patience(self, number: int, expected: float) -> float:
        """How long there must have been time enough for a rung before it is tried (s)."""
        failure = self._failures.get(number)
        if failure is None or expected < _FASTER * failure.expected:
            return _PATIENCE
        return failure.patience

    def _expected(self, seconds: float, number: int) -> float:
        """How long a picture should take at another rung, that takes so long at this one (s)."""
        return seconds * self._ladder[number].cost / self.rung.cost

    def _go_to(self, number: int) -> None:
        self._at = number
        self._seconds.clear()
        self._came = self._quick_since = None
