"""What a batch's processes are given to do. Each task and what comes of it can be pickled.

Films are opened, painted and measured there and nowhere else: one that makes a library crash ends a process,
not the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stylize_video.errors import InputError, OtherRunError, StylizeVideoError
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.process import leftovers

if TYPE_CHECKING:
    from stylize_video.models.method import Step
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs.painted import Painted

MEASURING = ".stylize-video-"  # what the names of folders begin with that are there for a measurement
_FEW, _MORE = 3, 24  # frames that are painted to see how long it takes; more where it goes fast
_FAST = 0.25  # s a frame
_PICTURE = 480  # px, longer side of the frames that a report shows
_STEPS = 10  # of a keyframe that is optimised, to see how long it takes


class Progress(NamedTuple):
    """How far a task is."""

    frames: int
    of: int | None
    step: Step | None = None


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Seen:
    """What is known of a film before it is painted."""

    source: FileMark
    frames: int | None  # that will be painted; None: the file doesn't say
    width: int  # px, of the painting
    height: int


@dataclass(frozen=True)
class See:
    """Look at a film: whether it can be read and painted as is asked."""

    request: PaintRequest
    known: FileMark | None  # of the film, when it was painted last

    def run(self, _: Workshop, __: Tell) -> Seen:
        """Do it; raises what painting it would raise at once."""
        from stylize_video.pipeline.containers import formats
        from stylize_video.pipeline.jobs import assembly, preflight

        sink = self.request.sink
        output = self.request.target
        with TemporaryDirectory(prefix="stylize-video-") as folder:  # the output's may not be there yet
            elsewhere = replace(sink, output=Path(folder) / output.name)
            preflight.check(replace(self.request, sink=elsewhere))
        container, _encoder = formats.check_output(output, sink.codec)
        with assembly.open_source(self.request, None, upright=not container.rotation) as reader:
            signal = reader.signal
            frames = signal.frame_count
        source = FileMark.of(self.request.source.input, self.known)
        return Seen(source, frames, signal.width, signal.height)


@dataclass(frozen=True)
class Measured:
    """How long painting takes, by a short part of a film."""

    seconds: float  # a frame
    size: float | None  # bytes a frame; None: not known
    start: float  # s, before the first frame and after the last
    pixels: int  # of a frame
    keyframe: bool = False  # whether `seconds` are a keyframe's, of which nobody knows how many there will be


@dataclass(frozen=True)
class Measure:
    """Paint a short part of a film beside where it will go, and throw it away."""

    request: PaintRequest
    seen: Seen
    folder: Path  # where there is room

    def run(self, workshop: Workshop, _: Tell) -> Measured:
        """Do it."""
        kept = [plan.keeping for plan in self.request.plans() if plan.keeping is not None]
        if kept:
            return _by_frame(self._keyframe(workshop), kept[0].settings.get("keyframe_interval"))
        few = self._part(workshop, _FEW)
        if few.seconds > _FAST:
            return few
        return replace(self._part(workshop, _MORE), start=few.start)

    def _part(self, workshop: Workshop, frames: int) -> Measured:
        from stylize_video.pipeline.jobs.film import film as job

        with self._room() as folder:
            began, times = time.perf_counter(), list[float]()
            request = self._short(frames, Path(folder) / f"part{self.request.target.suffix}")
            done = job.paint(request, on_frame=lambda _: times.append(time.perf_counter()), workshop=workshop)
            ended = time.perf_counter()
            size = done.output.stat().st_size
        each = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else ended - began
        start = max(0.0, ended - began - each * len(times))
        return Measured(each, size / len(times), start, self.seen.width * self.seen.height)

    def _room(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix=leftovers.prefix_of(MEASURING), dir=self.folder)

    def _short(self, frames: int, output: Path) -> PaintRequest:
        from stylize_video.pipeline.jobs import assembly

        source = self.request.source
        with assembly.open_source(self.request, None, upright=True) as reader:
            longest = frames / reader.signal.rate
        duration = longest if source.duration is None else min(source.duration, longest)
        sink = replace(self.request.sink, output=output, overwrite=True, verify=False)
        return replace(self.request, source=replace(source, duration=duration), sink=sink)

    def _keyframe(self, workshop: Workshop) -> Measured:
        """A few steps of the first one."""
        from stylize_video.pipeline.jobs.film import film as job

        began, steps = time.perf_counter(), list[tuple[float, int]]()

        def on_step(step: Step) -> None:
            steps.append((time.perf_counter(), step.of))
            if len(steps) > _STEPS:
                raise _EnoughError

        with (
            TemporaryDirectory(prefix=leftovers.prefix_of(MEASURING), dir=self.folder) as folder,
            suppress(_EnoughError),
        ):
            request = self._short(1, Path(folder) / f"part{self.request.target.suffix}")
            job.paint(request, on_step=on_step, workshop=workshop)
        (first, of), (last, _) = steps[0], steps[-1]
        each = of * (last - first) / max(1, len(steps) - 1)
        return Measured(each, None, first - began, self.seen.width * self.seen.height, keyframe=True)


def _by_frame(keyframe: Measured, interval: object) -> Measured:
    """What a frame takes where a keyframe comes after so many; unchanged where the motion decides that."""
    if not isinstance(interval, int):
        return keyframe
    return replace(keyframe, seconds=keyframe.seconds / interval, keyframe=False)


class _EnoughError(Exception):
    """What was to be seen has been seen."""


@dataclass(frozen=True)
class Finished:
    """A film that is painted."""

    output: FileMark
    frames: int
    seconds: float  # all that it took
    notes: tuple[str, ...]
    verified: str | None


@dataclass(frozen=True)
class PaintFilm:
    """Paint a film."""

    request: PaintRequest
    restarts: bool  # whether what an interrupted run has left goes if it is of other settings

    def run(self, workshop: Workshop, tell: Tell) -> Finished:
        """Do it."""
        from stylize_video.pipeline.jobs.film import film as job

        began = time.perf_counter()
        far = _Far(tell)

        def paint(request: PaintRequest) -> Painted:
            return job.paint(
                request, on_start=far.start, on_frame=far.frame, on_step=far.step, workshop=workshop
            )

        notes: tuple[str, ...] = ()
        try:
            done = paint(self.request)
        except OtherRunError as error:  # the film, or what it is painted with, has changed since
            if not self.restarts:
                raise
            notes = (f"begun anew: {str(error).partition('; ')[0]}",)
            done = paint(replace(self.request, run=replace(self.request.run, resume=False)))
        took = time.perf_counter() - began
        notes += done.notes
        return Finished(FileMark.of(done.output), done.frames, took, notes, done.verified)


class _Far:
    """Tells how far a film is, not more often than anybody can see."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._of: int | None = None
        self._frames, self._told = 0, 0.0

    def start(self, signal: Any) -> None:
        self._of = signal.frame_count
        self._tell(Progress(0, self._of))

    def frame(self, frames: int) -> None:
        self._frames = frames
        now = time.monotonic()
        if now - self._told > 0.1:
            self._told = now
            self._tell(Progress(frames, self._of))

    def step(self, step: Step) -> None:
        self._tell(Progress(self._frames, self._of, step))


@dataclass(frozen=True)
class Compared:
    """A film beside its painting."""

    figures: Mapping[str, Any]  # of its score; empty: it could not be measured
    before: bytes  # a frame of the film, as a JPEG
    after: bytes  # the same of the painting
    note: str = ""  # why there are no figures


@dataclass(frozen=True)
class Compare:
    """Measure a painting against its film, as `score` does, and take a frame from the middle of both."""

    request: PaintRequest
    frames: int  # of the painting
    figures: Mapping[str, Any]  # if they are known already

    def run(self, _: Workshop, __: Tell) -> Compared:
        """Do it."""
        figures, note = dict(self.figures), ""
        if not figures:
            try:
                figures = self._figures()
            except StylizeVideoError as error:
                note = str(error)
        return Compared(figures, *self._pictures(), note)

    def _figures(self) -> dict[str, Any]:
        from stylize_video.pipeline.scoring import score
        from stylize_video.pipeline.scoring.options import ScoreOptions

        source = self.request.source
        if source.start:
            raise InputError("a part that does not begin at 0 can't be measured")
        return asdict(score.score(source.input, self.request.target, ScoreOptions()).film)

    def _pictures(self) -> tuple[bytes, bytes]:
        """The frame in the middle; the first one where there is none at that time."""
        from stylize_video.pipeline.sources.film import FilmSource

        source = self.request.source
        with FilmSource(self.request.target) as painted:
            time = Fraction(self.frames // 2) / painted.signal.rate
        begin = source.start or Fraction(0)
        track = source.video_track
        try:
            return _frame(source.input, begin + time, track), _frame(self.request.target, time)
        except InputError:
            return _frame(source.input, begin, track), _frame(self.request.target, Fraction(0))


def _frame(path: Path, time: Fraction, track: int | None = None) -> bytes:
    """The first frame from a time on (s), as a JPEG."""
    from stylize_video.pipeline.scoring.page.pictures import jpeg
    from stylize_video.pipeline.sources.film import FilmSource

    with FilmSource(path, start=time or None, max_size=_PICTURE, upright=True, track=track) as film:
        for frame in film.frames():
            pixels = np.asarray(frame.pixels)
            return jpeg(pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8), quality=80)
    raise InputError(f"{path}: no frame there")


Task = See | Measure | PaintFilm | Compare
