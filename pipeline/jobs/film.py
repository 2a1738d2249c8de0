"""The main job: one film in, the same film painted out, and nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.errors import DeviceError
from stylize_video.models import methods
from stylize_video.models.motion.flow_estimation import DisMotion, MotionEstimator
from stylize_video.models.runtimes import engine, memory
from stylize_video.models.runtimes.devices import Device, choose_device, core_count, is_out_of_memory
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.pipeline import runner, transfer
from stylize_video.pipeline.containers import formats, limits
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import preflight
from stylize_video.pipeline.jobs.options import PaintOptions
from stylize_video.pipeline.planes.pixel_formats import chroma_is_halved
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sinks.verification import verify
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages import cuts, painters
from stylize_video.pipeline.stages.composite import Compositor
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import FilmClock, Mask, open_mask
from stylize_video.pipeline.stages.painters import Painter
from stylize_video.pipeline.stages.regions import Coverage, Regions
from stylize_video.pipeline.stages.steady import Stabilize
from stylize_video.process import signals

if TYPE_CHECKING:
    from stylize_video.pipeline.stages.optimised import OnStep

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


def paint(
    source: Path,
    output: Path,
    options: PaintOptions,
    *,
    on_start: Callable[[Signal], None] | None = None,
    on_frame: OnFrame | None = None,
    on_step: OnStep | None = None,
) -> Painted:
    """Paint one film.

    Args:
        source: a film or a picture.
        output: its extension decides the container.
        options: everything else.
        on_start: called once with what is known of the film.
        on_frame: called in the writer's thread after each frame.
        on_step: called after each step of a keyframe that is optimised.

    Raises:
        StylizeVideoError: nothing is left behind but finished keyframes, an existing output is untouched.
        VerificationError: the finished film is kept under a name that says that it is unverified.
        PaintingInterrupted: Ctrl-C; what was painted so far lies in a playable file.
    """
    preflight.check(source, output, options)
    store = preflight.open_store(source, output, options)
    device = choose_device(options.device)
    container, _ = formats.check_output(output, options.codec)
    clock = FilmClock.of(source, options.video_track) if options.masked else FilmClock()
    with ExitStack() as masks, _reader(source, options, upright=not container.rotation) as reader:
        limits.check_worth(source, reader.signal)
        if reader.signal.width * reader.signal.height > _MEMORY_MATTERS:
            memory.return_large_blocks()
        exact = reader.signal.bit_depth > 8
        if options.has_keyframes:
            painter = painters.create_with_keyframes(
                options, device, exact=exact, store=store, on_step=on_step
            )
        else:
            painter = _painter(options, device, clock, exact=exact)
        coverage = Coverage(_open(options, clock, masks)) if options.masked else None
        encoding = EncoderOptions(
            options.codec, options.crf, options.preset, options.overwrite, options.pixel_format
        )
        painted = painter.stage.output(reader.signal)
        with FilmSink(output, encoding, others=reader.others).open(painted) as writer:
            stages: list[AnyStage] = [painter.stage]
            if options.stabilizes:
                stages.append(_stabilizer(options, writer, device))
            if on_start is not None:
                on_start(reader.signal)
            began = time.perf_counter()
            compositor = _compositor(reader.signal, writer, options, coverage)
            report, verified, profile = _run(
                reader, stages, compositor, writer, options, device, on_frame, store
            )
        if store is not None:
            store.remove()
        masks_said = coverage.notes if coverage is not None else ()
        return Painted(
            output=output,
            frames=report.frames,
            damaged=reader.report.damaged,
            seconds=time.perf_counter() - began,
            notes=(*reader.report.notes, *painter.notes, *masks_said, *report.notes),
            verified=verified,
            profile=profile,
        )


def _reader(source: Path, options: PaintOptions, *, upright: bool) -> FilmSource:
    return FilmSource(
        source,
        start=options.start,
        duration=options.duration,
        max_size=options.max_size,
        keep_source=_mixed_strength(options) < 1 or options.preserve_color or options.masked,
        upright=upright,
        track=options.video_track,
        deinterlace=options.deinterlace,
    )


def _compositor(
    signal: Signal, writer: FilmSink, options: PaintOptions, coverage: Coverage | None
) -> Compositor:
    return Compositor(
        signal,
        writer.pixel_format,
        output=writer.color,
        strength=_mixed_strength(options),
        preserve_color=options.preserve_color,
        coverage=coverage,
    )


def _run(
    reader: FilmSource,
    stages: Sequence[AnyStage],
    compositor: Compositor,
    writer: FilmSink,
    options: PaintOptions,
    device: Device,
    on_frame: OnFrame | None,
    store: KeyframeStore | None,
) -> tuple[WriteReport, str | None, Profile]:
    way = transfer.choose(reader.signal, writer.pixel_format, writer.color, device)
    written = 0
    verified: str | None = None

    def check(partial: Path, report: WriteReport) -> None:
        nonlocal verified
        verified = verify(partial, report, FramesRead.of(reader.report.times, reader.signal))

    def write(frame: Frame) -> None:
        nonlocal written
        writer.write(compositor(frame))
        signals.begin_work()  # there is something to keep
        written += 1
        if on_frame is not None:
            on_frame(written)

    if methods.GATYS in options.ways:
        signals.begin_work()  # each of its keyframes takes minutes
    batch_size = options.batch_size or _batch_size(reader.signal, options, device)
    try:
        profile = runner.run(
            _frames(reader, options, rgb=way.needs_rgb),
            stages,
            write,
            signal=reader.signal,
            batch_size=batch_size,
            transfer=way,
            depth=max(batch_size, runner.channel_depth(reader.signal)),
        )
        # Verified under its partial name, so that a bad film never replaces a good one.
        report = writer.finish(check if options.verify else None)
    except RuntimeError as error:
        if is_out_of_memory(error):  # outside the engine, which knows what to do
            raise _out_of_memory(reader.signal, batch_size, device) from error
        raise
    except KeyboardInterrupt:
        resumable = store is not None and not store.is_empty
        raise PaintingInterrupted(writer.keep_partial(), written, resumable=resumable) from None
    return report, verified, profile


def _blends_features(options: PaintOptions) -> bool:
    """Whether `strength` is the transform's alpha; else the painting is mixed with the original."""
    return options.ways == {methods.WCT}


def _mixed_strength(options: PaintOptions) -> float:
    """How much of the painting is mixed with how much of the original."""
    return 1.0 if _blends_features(options) else options.strength


def _painter(options: PaintOptions, device: Device, clock: FilmClock, *, exact: bool) -> Painter:
    """What paints; each style in its region, if there are several."""
    alpha = options.strength if _blends_features(options) else 1.0
    found = [
        painters.create(region.style, options, device, exact=exact, alpha=alpha) for region in options.painted
    ]
    if len(found) == 1:
        return found[0]
    masks = [partial(open_mask, region.mask, clock) for region in options.painted if region.mask is not None]
    stage = Regions([(painter.stage, opener) for painter, opener in zip(found, masks, strict=True)])
    return Painter(stage, list(dict.fromkeys(note for painter in found for note in painter.notes)))


def _open(options: PaintOptions, clock: FilmClock, masks: ExitStack) -> list[Mask]:
    """Each region's; open until `masks` is closed."""
    return [masks.enter_context(open_mask(r.mask, clock)) for r in options.painted if r.mask is not None]


def _batch_size(signal: Signal, options: PaintOptions, device: Device) -> int:
    if options.has_keyframes:
        return 1
    # In px, of frame or painting, the larger one.
    canvas = signal.width * signal.height / min(1.0, options.stroke_size) ** 2
    return engine.batch_size(device, round(canvas))


def _frames(reader: FilmSource, options: PaintOptions, *, rgb: bool) -> Iterator[Frame]:
    """The film's frames; the first of each shot marked, if a stage asks for it."""
    frames = reader.frames(rgb=rgb)
    return cuts.mark(frames) if options.stabilizes or options.has_keyframes else frames


def _stabilizer(options: PaintOptions, writer: FilmSink, device: Device) -> Stabilize:
    steadying = painters.steadying(options)
    stabilizer = Stabilizer(
        _estimator(options.flow, device),
        steadying.stability,
        sharpening=steadying.sharpening,
        halved_chroma=chroma_is_halved(writer.pixel_format),
    )
    return Stabilize(stabilizer, threads=max(1, core_count() // 4))


def _estimator(name: str, device: Device) -> MotionEstimator:
    if name == "dis":
        return DisMotion()
    from stylize_video.models.motion.raft import RaftMotion  # brings torchvision

    return RaftMotion.load(device)


def _out_of_memory(signal: Signal, batch_size: int, device: Device) -> DeviceError:
    smaller = "--batch-size or --max-size" if batch_size > 1 else "--max-size"
    return DeviceError(
        f"{device}: too little memory for frames of {signal.width}x{signal.height}, {batch_size} at once; "
        f"use a smaller {smaller}, or --device cpu"
    )
