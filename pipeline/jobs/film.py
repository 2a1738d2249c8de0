"""The main job: one film in, the same film painted out, and nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from stylize_video.errors import DeviceError
from stylize_video.models.look import LookTimeline
from stylize_video.models.method import OnStep
from stylize_video.models.runtimes import memory
from stylize_video.models.runtimes.devices import Device, choose_device, is_out_of_memory
from stylize_video.pipeline import runner, transfer
from stylize_video.pipeline.containers import formats, limits
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly, preflight
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages import cuts
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import Mask
from stylize_video.pipeline.stages.painters import PaintingStage
from stylize_video.pipeline.stages.regions import Coverage
from stylize_video.pipeline.stages.workshop import Workshop
from stylize_video.pipeline.verification.verify import verify
from stylize_video.process import signals

_MEMORY_MATTERS = 2560 * 1440  # px of a frame, from there on


@dataclass(frozen=True)
class Painted:
    """What a job did."""

    output: Path
    frames: int
    damaged: int  # of the frames, those that could be decoded only in part
    seconds: float  # from the first frame asked for to the output in its place
    notes: tuple[str, ...]  # damage, and what could not be kept as it was, a line each
    verified: str | None  # what was compared, or None if verification was off
    profile: Profile  # where the time went


class PaintingInterrupted(KeyboardInterrupt):
    """Ctrl-C; `partial` is the playable film of what had been painted, or None.

    `resumable` says that finished keyframes are kept, so that the job can go on from there.
    """

    def __init__(self, partial: Path | None, frames: int, *, resumable: bool = False) -> None:
        super().__init__()
        self.partial = partial
        self.frames = frames
        self.resumable = resumable


OnFrame = Callable[[int], None]  # called with the number of frames written so far


class _Listener(NamedTuple):
    """Who is told how far a job is; see `paint`."""

    on_start: Callable[[Signal], None] | None
    on_frame: OnFrame | None
    on_step: OnStep | None


def paint(
    request: PaintRequest,
    *,
    timeline: LookTimeline | None = None,
    on_start: Callable[[Signal], None] | None = None,
    on_frame: OnFrame | None = None,
    on_step: OnStep | None = None,
    workshop: Workshop | None = None,
) -> Painted:
    """Paint one film.

    Args:
        request: what, and how.
        timeline: the look at each time, where it changes; see `ChangingLook`. By default it is the request's.
        on_start: called once with what is known of the film.
        on_frame: called in the writer's thread after each frame.
        on_step: called after each step of a keyframe that is optimised.
        workshop: has the painter of the film before, where one process paints several.

    Raises:
        StylizeVideoError: nothing is left behind but finished keyframes, an existing output is untouched.
        VerificationError: the finished film is kept under a name that says that it is unverified.
        PaintingInterrupted: Ctrl-C; what was painted so far lies in a playable file.
    """
    preflight.check(request)
    looks = ChangingLook(request, timeline) if timeline is not None else None
    store = preflight.open_store(request)
    container, _ = formats.check_output(request.target, request.sink.codec)
    with ExitStack() as opened:
        masks = assembly.openers(request)
        reader = opened.enter_context(assembly.open_source(request, looks, upright=not container.rotation))
        job = _Job(request, looks, reader, masks, store, _Listener(on_start, on_frame, on_step), workshop)
        if request.look.masked:
            job.coverage = Coverage([opened.enter_context(mask()) for mask in masks])
        with assembly.open_sink(request, reader, job.painted) as writer:
            return job.run(writer)


class _Job:
    """A film that is open, and all that it takes to paint it."""

    def __init__(
        self,
        request: PaintRequest,
        looks: ChangingLook | None,
        reader: FilmSource,
        masks: Sequence[Callable[[], Mask]],
        store: KeyframeStore | None,
        listener: _Listener,
        workshop: Workshop | None,
    ) -> None:
        limits.check_worth(request.source.input, reader.signal)
        if reader.signal.width * reader.signal.height > _MEMORY_MATTERS:
            memory.return_large_blocks()
        self._request, self._looks, self._reader = request, looks, reader
        self._store, self._listener = store, listener
        self._device = choose_device(request.run.device)
        exact = reader.signal.bit_depth > 8
        if workshop is not None:
            size = reader.signal.width, reader.signal.height
            workshop.serve(request.plans(), self._device, exact=exact, size=size)
        self._painter: PaintingStage = assembly.painter(
            request,
            looks,
            masks,
            self._device,
            exact=exact,
            store=store,
            on_step=listener.on_step,
            workshop=workshop,
        )
        self.coverage: Coverage | None = None  # of the masks, if some of the original may stay
        self._batch_size = assembly.batch_size(request, reader.signal, self._device)
        self._written = 0
        self._verified: str | None = None

    @property
    def painted(self) -> Signal:
        """What comes out of the painter."""
        return self._painter.stage.output(self._reader.signal)

    def run(self, writer: FilmSink) -> Painted:
        """Read, paint, write and verify all of it."""
        stages = assembly.stages(self._request, self._painter.stage, writer.pixel_format, self._device)
        if self._listener.on_start is not None:
            self._listener.on_start(self._reader.signal)
        began = time.perf_counter()
        if self._store is not None:
            signals.begin_work()  # each of its keyframes takes minutes
        try:
            profile = self._paint(writer, stages)
            # Verified under its partial name, so that a bad film never replaces a good one.
            report = writer.finish(self._verify if self._request.sink.verify else None)
        except RuntimeError as error:
            if is_out_of_memory(error):  # outside the engine, which knows what to do
                raise _out_of_memory(self._reader.signal, self._batch_size, self._device) from error
            raise
        except KeyboardInterrupt:
            resumable = self._store is not None and not self._store.is_empty
            raise PaintingInterrupted(writer.keep_partial(), self._written, resumable=resumable) from None
        if self._store is not None:
            self._store.remove()
        return Painted(
            output=self._request.target,
            frames=report.frames,
            damaged=self._reader.report.damaged,
            seconds=time.perf_counter() - began,
            notes=self._notes(report),
            verified=self._verified,
            profile=profile,
        )

    def _paint(self, writer: FilmSink, stages: Sequence[AnyStage]) -> Profile:
        """All frames, from the reader to the writer."""
        signal = self._reader.signal
        way = transfer.choose(signal, writer.pixel_format, writer.color, self._device)
        return runner.run(
            self._frames(rgb=way.needs_rgb),
            stages,
            self._writing(writer),
            signal=signal,
            batch_size=self._batch_size,
            transfer=way,
            depth=max(self._batch_size, runner.channel_depth(signal)),
        )

    def _frames(self, *, rgb: bool) -> Iterator[Frame]:
        """The film's; the first of each shot is marked, if a stage asks for it."""
        frames = self._reader.frames(rgb=rgb)
        return cuts.mark(frames) if self._request.needs_cuts else frames

    def _writing(self, writer: FilmSink) -> Callable[[Frame], None]:
        compositor = assembly.compositor(
            self._request, self._looks, self._reader.signal, writer, self.coverage
        )

        def write(frame: Frame) -> None:
            writer.write(compositor(frame))
            signals.begin_work()  # there is something to keep
            self._written += 1
            if self._listener.on_frame is not None:
                self._listener.on_frame(self._written)

        return write

    def _verify(self, partial: Path, report: WriteReport) -> None:
        read = FramesRead.of(self._reader.report.times, self._reader.signal)
        self._verified = verify(partial, report, read)

    def _notes(self, report: WriteReport) -> tuple[str, ...]:
        masks = self.coverage.notes if self.coverage is not None else ()
        return (*self._reader.report.notes, *self._painter.notes, *masks, *report.notes)


def _out_of_memory(signal: Signal, batch_size: int, device: Device) -> DeviceError:
    smaller = "`batch_size` or `max_size`" if batch_size > 1 else "`max_size`"
    return DeviceError(
        f"{device}: too little memory for frames of {signal.width}x{signal.height}, {batch_size} at once; "
        f"use a smaller {smaller}, or `device` cpu"
    )
