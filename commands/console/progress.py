"""The progress of a film in one line on stderr: frames, total, frames/s, time left."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self
from unicodedata import combining, east_asian_width

from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from stylize_video.models.method import Step
    from stylize_video.pipeline.signal import Signal

_EVERY = 0.1  # s from one drawing to the next
_WINDOW = 30.0  # s that frames/s are counted over
_SHORTEST, _LONGEST = 10, 40  # columns of the bar; with less room there is none
_ELLIPSIS = 5  # columns of what the shortest title is, "...", and of the gap behind it
_TITLE = 16  # columns that are left to the title at least


class FilmProgress:
    """A line on stderr, if that is a terminal; it is gone at the end. A context manager.

    Args:
        title: what is done: "painting film.mp4".
    """

    def __init__(self, title: str) -> None:
        self._title = shown(title)
        self._step: Step | None = None
        self._total: int | None = None
        self._frames = 0
        self._done: deque[tuple[float, int]] = deque()  # when so many frames were
        self._drawn = 0.0  # when the line was, s of the monotonic clock
        self._width = 0  # columns of what is drawn
        self._lock = threading.Lock()  # frames and steps are told by different threads
        self._on = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def start(self, signal: Signal) -> None:
        """Set the total, as far as the film's header knows it."""
        self._total = signal.frame_count
        self._done.append((time.monotonic(), 0))
        self._draw()

    def update(self, frames: int) -> None:
        """So many frames are written."""
        now = time.monotonic()
        if not self._frames and frames > 1:  # an interrupted run has painted them, however fast
            self._done.clear()
        self._frames = frames
        self._done.append((now, frames))
        while self._done[0][0] < now - _WINDOW and len(self._done) > 2:
            self._done.popleft()
        self._draw()

    def step(self, step: Step) -> None:
        """So far is the picture or keyframe that is optimised now."""
        self._step = step
        self._draw()

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on and self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)

    def _draw(self) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._on or now - self._drawn < _EVERY:
                return
            self._drawn = now
            line = self._line(shutil.get_terminal_size().columns - 1)
            width = _columns(line)
            print("\r" + line + " " * (self._width - width), end="", file=sys.stderr, flush=True)
            self._width = width

    def _line(self, columns: int) -> str:
        """What is drawn in so many columns: the title is shortened first, the step goes next."""
        parts = self._figures()
        while len(parts) > 1 and len(", ".join(parts)) > columns - _ELLIPSIS:
            parts.pop()  # the time left, then frames/s
        figures = ", ".join(parts)
        title, room = self._title, columns - len(figures) - 2
        step = "" if self._step is None else _told(self._step)
        if len(step) > room - _TITLE:
            step = ""
        if _columns(title) > room - len(step):
            title = _cut(title, room - len(step) - 3) + "..."
        room -= _columns(title) + len(step)
        bar = f"  {self._bar(min(room - 2, _LONGEST))}" if self._total and room - 2 >= _SHORTEST else ""
        return _cut(f"{title}{step}{bar}  {figures}", columns)

    def _figures(self) -> list[str]:
        """`12/50 frames`, `3.4 frames/s`, `0:11 left`, as far as that is known."""
        if not self._done:
            return ["loading"]
        total = "" if self._total is None else f"/{self._total}"
        told = [f"{self._frames}{total} frames"]
        rate = self._rate()
        if rate:
            told.append(f"{rate:.1f} frames/s")
            left = (self._total - self._frames) / rate if self._total is not None else -1
            told += [f"{_clock(left)} left"] if left >= 0 else []
        return told

    def _rate(self) -> float:
        """Frames/s, over the last half minute; 0 before any is done."""
        (began, before), (ended, now) = self._done[0], self._done[-1]
        return (now - before) / (ended - began) if ended > began else 0.0

    def _bar(self, columns: int) -> str:
        full, empty = ("━", "╌") if (sys.stderr.encoding or "").lower().startswith("utf") else ("=", ".")
        done = round(columns * min(1.0, self._frames / (self._total or 1)))
        return full * done + empty * (columns - done)


def _columns(text: str) -> int:
    """How many a terminal takes for it: two for a Chinese letter, none for an accent over the one before."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, columns: int) -> str:
    """As much of its beginning as there is room for."""
    while _columns(text) > max(0, columns):
        text = text[:-1]
    return text


def _told(step: Step) -> str:
    return f", step {step.number} of {step.of}, loss {step.loss:.3g}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
