"""The output's clock: which tick each frame gets."""

from __future__ import annotations

from array import array
from fractions import Fraction

import av

from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.signal import Signal

_GIF_TICK = Fraction(1, 100)  # s
_GIF_SHORTEST = 2  # ticks; browsers show what is shorter for ten
_FASTEST, _USUAL = 240, Fraction(60)  # frames/s


class Grid:
    """Puts times on the ticks of a clock: the nearest one, but later than the frame before."""

    def __init__(self, container: Container) -> None:
        self._from_zero = container.muxer == "gif"  # GIF knows delays, but no start
        self._shortest = _GIF_SHORTEST if self._from_zero else 1  # ticks between two frames
        self._first = 0
        self._last: int | None = None
        self.moved = 0  # times that are no longer what they were

    def place(self, exact: Fraction) -> int:
        """The tick for a time of `exact` ticks."""
        if self._from_zero:
            if self._last is None:
                self._first = round(exact)
            exact -= self._first
        ticks = round(exact)
        if self._last is not None:
            ticks = max(ticks, self._last + self._shortest)
        self.moved += ticks != exact
        self._last = ticks
        return ticks


class OutputClock:
    """Turns the source's frame times into the output's, exactly wherever the container can.

    Attributes:
        time_base: s; the source's own, except where the container knows only another.
        times: pts of the frames so far, in ticks of `time_base`. 8 bytes a frame.
    """

    def __init__(self, container: Container, signal: Signal) -> None:
        self._container = container
        self._signal = signal
        self._rate = signal.rate
        self._grid = Grid(container)
        self.time_base = signal.time_base
        if container.constant_rate:
            # Of a variable rate FFmpeg may make thousands a second; AVI fills each with a blank.
            self.time_base = 1 / (signal.rate if signal.rate <= _FASTEST else _USUAL)
        elif container.muxer == "gif":
            self.time_base = _GIF_TICK
        self.times = array("q")
        self._last_duration = 0

    @property
    def end(self) -> Fraction:
        """When the last frame so far ends, s."""
        return (self.times[-1] + self._last_duration) * self.time_base

    def stamp(self, picture: av.VideoFrame) -> None:
        """Give `picture`, stamped in the source's clock, its time and duration in the output's."""
        base = Fraction(picture.time_base or self.time_base)
        nominal = max(round(1 / (self._rate * self.time_base)), 1)
        if picture.pts is None:
            exact = Fraction(self.times[-1] + nominal if self.times else 0)
        else:
            exact = (picture.pts - self._signal.shift(base)) * base / self.time_base
        pts = self._grid.place(exact)
        self._last_duration = round((picture.duration or 0) * base / self.time_base) or nominal
        picture.pts, picture.duration = pts, self._last_duration
        picture.time_base = self.time_base
        self.times.append(pts)

    def note(self) -> str | None:
        """A line if times had to be moved."""
        moved = self._grid.moved
        if not moved:
            return None
        grid = float(self.time_base * 1000)
        return (
            f"{moved} of {len(self.times)} frame times moved: "
            f"{self._container.name} knows only multiples of {grid:.4g} ms"
        )
