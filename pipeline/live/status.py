"""How a live picture is doing: rates and delays over the last second, as people and programs are told."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_WINDOW = 1.0  # s


@dataclass(frozen=True)
class LiveStatus:
    """One line of it."""

    time: float  # s since the job began
    camera: str  # "opening", "live", "still", "lost", "ended"; see `capture.py`
    painted: int  # pictures, all in all
    painted_fps: float  # over the last second
    camera_fps: float  # as measured; 0: not known yet
    dropped: int  # pictures of the camera that were never painted, all in all
    delay_ms: float | None  # from when a picture was taken to when it was shown, median of the last second
    delay_p95_ms: float | None
    size: tuple[int, int] | None  # that is painted, px
    quality: str
    style: str
    recorded: int  # pictures
    trouble: str  # what is wrong at the moment; empty: nothing

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)

    def __str__(self) -> str:
        if self.size is None or self.delay_ms is None:
            return self.trouble or f"camera: {self.camera}"
        size = f"{self.size[0]}x{self.size[1]} px, {self.quality}"
        said = f"{self.style}, {size}, {self.painted_fps:.0f} frames/s, delay {self.delay_ms:.0f} ms"
        return f"{said}; {self.trouble}" if self.trouble else said


class Recent:
    """Delays of the pictures of the last second."""

    def __init__(self) -> None:
        self._shown: deque[tuple[float, float]] = deque()  # when, and how late; s
        self._began: float | None = None

    def add(self, now: float, delay: float) -> None:
        """A picture was shown now, so late (s)."""
        self._began = now if self._began is None else self._began
        self._shown.append((now, delay))
        self._forget(now)

    def rate(self, now: float) -> float:
        """Pictures/s."""
        self._forget(now)
        if self._began is None or not self._shown:
            return 0.0
        return len(self._shown) / max(min(_WINDOW, now - self._began), 0.2)

    def delay_ms(self, share: float) -> float | None:
        """That which so large a share, 0..1, of the pictures doesn't exceed; None: there were none."""
        delays = sorted(delay for _, delay in self._shown)
        return round(1000 * delays[min(len(delays) - 1, int(share * len(delays)))], 1) if delays else None

    def _forget(self, now: float) -> None:
        while self._shown and self._shown[0][0] < now - _WINDOW:
            self._shown.popleft()
