"""Chooses size and quality of live pictures, so that painting one takes no longer than there is time for.

It follows the time that painting takes, never the rate at which pictures come out: a rate that is low since
the camera is slow, or since somebody chose a slow pace, would else make it give way for nothing, further and
further. Pure logic: it is told times and knows no clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from statistics import median

from stylize_video.pipeline.live.rungs import DEFAULT, Rung

_TOO_SLOW = 0.95  # of the time that there is: from there on a smaller picture is painted
_ENOUGH = 0.85  # of that time, which a larger picture may be expected to take
_FEW = 4  # pictures, after which it is known that one is too slow
_MANY = 24  # pictures that are looked back on
_PATIENCE = 2.0  # s in which there must have been time enough before a larger picture is tried
_LONGEST_PATIENCE = 60.0  # s, of who has failed again and again
_AHEAD = 2  # rungs above the present one that are made ready
_FAILED = 6.0  # s; a step up that was taken back so soon was a mistake


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
        self._quick_since: float | None = None  # time since when there has been enough for the next rung
        self._rose: float | None = None  # time of the last step up
        self._patience = _PATIENCE

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
            if self._is_too_slow():
                self._step_down(now, ready)
            elif self._at + 1 < len(self._ladder) and ready(self._ladder[self._at + 1]):
                self._maybe_step_up(now)
        return self.rung

    def _is_too_slow(self) -> bool:
        """By most of the last few pictures: one that was late says nothing."""
        if len(self._seconds) < _FEW:
            return False
        return median(list(self._seconds)[-2 * _FEW :]) > _TOO_SLOW * self._budget

    def _step_down(self, now: float, ready: Callable[[Rung], bool]) -> None:
        """To the largest rung that there should be time enough for; to the next at least."""
        if self._rose is not None and now - self._rose < _FAILED:
            self._patience = min(_LONGEST_PATIENCE, 2 * self._patience)
        took = median(list(self._seconds)[-2 * _FEW :])
        lower = [n for n in range(self._at) if ready(self._ladder[n])] or list(range(self._at))
        fitting = [n for n in lower if self._expected(took, n) <= _ENOUGH * self._budget]
        if lower:
            self._go_to(max(fitting, default=lower[0]))

    def _maybe_step_up(self, now: float) -> None:
        most = sorted(self._seconds)[-1 - len(self._seconds) // 4]  # but for a quarter
        if self._expected(most, self._at + 1) > _ENOUGH * self._budget:
            self._quick_since = None
            return
        if self._quick_since is None:
            self._quick_since = now
        if now - self._quick_since < self._patience or len(self._seconds) < _FEW:
            return
        if self._rose is not None and now - self._rose > 2 * _LONGEST_PATIENCE:
            self._patience = _PATIENCE  # what failed so long ago may have had reasons that are gone
        self._go_to(self._at + 1)
        self._rose = now

    def _expected(self, seconds: float, number: int) -> float:
        """How long a picture should take at another rung, that takes so long at this one (s)."""
        return seconds * self._ladder[number].cost / self.rung.cost

    def _go_to(self, number: int) -> None:
        self._at = number
        self._seconds.clear()
        self._quick_since = None
