"""Parts of a film that can be painted side by side: from a segment that begins with a shot to the next such.

At a shot's first frame every stage drops what it knows, so nothing that comes before is needed. What is known
of a film beside that, its times and its shots, is found here once, by whoever reads it from its beginning.
"""

from __future__ import annotations

import tempfile
import threading
import zlib
from array import array
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.segments.places import Cutter, Place
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sources.report import ReadingReport


class Spool:
    """Keeps what is large and needed late on the disk, in a file without a name; for any thread."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as this is used
        self._end = 0
        self._lock = threading.Lock()

    def put(self, data: bytes) -> Kept:
        """Keep something."""
        with self._lock:
            kept = Kept(self, self._end, len(data))
            self._file.seek(self._end)
            self._file.write(data)
            self._end += len(data)
        return kept

    def get(self, at: int, size: int) -> bytes:
        """What was kept."""
        with self._lock:
            self._file.seek(at)
            return self._file.read(size)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class Kept(NamedTuple):
    """Something in a spool."""

    spool: Spool
    at: int
    size: int

    def read(self) -> bytes:
        """It."""
        return self.spool.get(self.at, self.size)


@dataclass(frozen=True)
class Planned:
    """A segment that is to be painted."""

    number: int  # from 0
    end: int  # frames of the film up to its end
    read: int  # frames that the source has given there
    report: ReadingReport  # what it said of them
    ahead: list[Kept]  # what lies ahead of the first stage there
    clock: OutputClock  # there
    captions: dict[int, bytes]  # of frames that are read there, but not painted
    last: bool  # whether the film ends with it


@dataclass
class Stretch:
    """Segments one behind the other, the first of which needs nothing that comes before."""

    first: int  # frames of the film before it
    clock: OutputClock  # there
    cuts: set[int] = field(default_factory=set)  # frames of the film that are a shot's first
    marks: dict[int, int] = field(default_factory=dict)  # what some of its frames hold, see `sum_of`
    times: array[int] = field(default_factory=lambda: array("q"))  # pts of its frames, source's ticks
    segments: list[Planned] = field(default_factory=list)


class Survey:
    """Finds a film's stretches.

    Args:
        cutter: knows where segments end.
        clock: of the output, at the film's beginning.
        captions: of the frames on their way from the source.
        spool: keeps what is known at the segments' ends.
    """

    def __init__(self, cutter: Cutter, clock: OutputClock, captions: Captions, spool: Spool) -> None:
        self._cutter, self._clock, self._captions, self._spool = cutter, clock, captions, spool
        self._painted = self._number = 0
        self._stopped = False
        self._newest: Frame | None = None
        captions.wanted = True

    def stretches(self, frames: Iterable[Frame], report: ReadingReport) -> Iterator[Stretch]:
        """All of them, each as soon as it is known.

        Args:
            frames: the film's; closed with this generator if it is one itself.
            report: what the source says of them, while it reads.
        """
        stretch = Stretch(0, deepcopy(self._clock))
        place: Mark | None = None
        for item in self._cutter.mark(frames, report):
            if self._stopped:
                break
            if isinstance(item, Mark):
                place = item
                continue
            if isinstance(place, Place):
                self._end(stretch, place, last=False)
                if item.cut:
                    yield stretch
                    stretch = Stretch(self._painted, deepcopy(self._clock))
                place = None
            self._add(stretch, item)
        if self._stopped:
            return
        end = Place([], True, self._cutter.read, deepcopy(report))
        self._end(stretch, end, last=True)
        yield stretch

    def stop(self) -> None:
        """Have `stretches` end, wherever it is; from any thread."""
        self._stopped = True

    def _add(self, stretch: Stretch, frame: Frame) -> None:
        if frame.cut:
            stretch.cuts.add(self._painted)
        if not stretch.times:
            stretch.marks[self._painted] = sum_of(frame)
        self._newest = frame
        stretch.times.append(frame.pts)
        times: Any = SimpleNamespace(pts=frame.pts, time_base=frame.time_base, duration=frame.duration)
        self._clock.stamp(times)
        self._captions.take(frame.pts)
        self._painted += 1

    def _end(self, stretch: Stretch, place: Place, *, last: bool) -> None:
        waiting = dict(self._captions.waiting)
        if self._newest is not None:
            stretch.marks[self._painted - 1] = sum_of(self._newest)
        ahead = [self._spool.put(state) for state in place.states]
        clock = deepcopy(self._clock)
        stretch.segments.append(
            Planned(self._number, self._painted, place.read, place.report, ahead, clock, waiting, last)
        )
        self._number += 1


def sum_of(frame: Frame) -> int:
    """A number that is another where a frame holds something else."""
    if frame.pixels is not None:
        return zlib.crc32(np.ascontiguousarray(frame.pixels).data)
    found = 0
    for plane in frame.planes.planes:
        found = zlib.crc32(bytes(plane), found)
    return found


def without_past(clock: OutputClock) -> OutputClock:
    """A clock that goes on like another, but has forgotten all times but the last."""
    found = deepcopy(clock)
    del found.times[:-1]
    return found
