"""A task of a batch: see how long painting a film takes, by a short part of it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stylize_video.pipeline.jobs.batch.processes.tasks import Seen, Tell
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.process import leftovers

if TYPE_CHECKING:
    from stylize_video.models.method import Step
    from stylize_video.models.workshop import Workshop

MEASURING = ".stylize-video-"  # what the names of folders begin with that are there for a measurement
_FEW, _MORE = 3, 24  # frames that are painted to see how long it takes; more where it goes fast
_FAST = 0.25  # s a frame
_STEPS = 10  # of a keyframe that is optimised, to see how long it takes


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
