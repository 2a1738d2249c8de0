"""What a batch's processes are given to do. Each task and what comes of it can be pickled.

Films are opened, painted and measured there and nowhere else: one that makes a library crash ends a process,
not the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stylize_video.errors import OtherRunError
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.request import PaintRequest

if TYPE_CHECKING:
    from stylize_video.models.method import Step
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs.painted import Painted


class Progress(NamedTuple):
    """How far a task is."""

    frames: int
    of: int | None
    step: Step | None = None


Tell = Callable[[Progress], None]


class Task(Protocol):
    """What a process can do; it and what comes of it can be pickled."""

    def run(self, workshop: Workshop, tell: Tell, /) -> Any:
        """Do it.

        Args:
            workshop: has the painter of the task before.
            tell: takes how far it is.

        Raises:
            StylizeVideoError: why it came to nothing.
        """
        ...


class Given(NamedTuple):
    """A task, and whose it is."""

    name: Any
    task: Task


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
