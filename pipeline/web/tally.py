"""What the server has done, for who looks after it."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

_WINDOW = 1.0  # s, of what is said of the present


@dataclass(frozen=True)
class WebStatus:
    """One line of it."""

    time: float  # s since the page was served
    visitors: int
    painted: int  # frames, all in all
    painted_fps: float  # over the last second, of all visitors together
    dropped: int  # frames that a newer one replaced before they were painted, all in all
    server_ms: float | None  # from a frame's coming to its being sent, median of the last second
    delay_ms: float | None  # from camera to screen as the pages measure it, median of the visitors

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)

    def __str__(self) -> str:
        people = "1 visitor" if self.visitors == 1 else f"{self.visitors} visitors"
        late = "" if self.delay_ms is None else f", {self.delay_ms:.0f} ms late"
        return f"{people}, {self.painted_fps:.0f} frames/s{late}"


class Tally:
    """Counts; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._recent: deque[tuple[float, float]] = deque()  # when frames were sent, and how long they took; s
        self._delays: dict[object, float] = {}  # of visitors, ms
        self._painted = self._dropped = 0

    def painted(self, seconds: float) -> None:
        """A frame was sent, so long after it had come."""
        now = time.monotonic()
        with self._lock:
            self._painted += 1
            self._recent.append((now, seconds))
            self._forget(now)

    def dropped(self) -> None:
        """A newer frame replaced one."""
        with self._lock:
            self._dropped += 1

    def delayed(self, visitor: object, ms: float) -> None:
        """A visitor's page has measured its delay."""
        with self._lock:
            self._delays[visitor] = ms

    def left(self, visitor: object) -> None:
        """A visitor has gone."""
        with self._lock:
            self._delays.pop(visitor, None)

    def status(self, visitors: int) -> WebStatus:
        """How it goes."""
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            took = [seconds for _, seconds in self._recent]
            return WebStatus(
                time=round(now - self._began, 2),
                visitors=visitors,
                painted=self._painted,
                painted_fps=round(len(took) / _WINDOW, 1),
                dropped=self._dropped,
                server_ms=round(1000 * median(took), 1) if took else None,
                delay_ms=round(median(self._delays.values()), 1) if self._delays else None,
            )

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] > _WINDOW:
            self._recent.popleft()
