"""What a request asks for, put together: its source, its stages, and what is written of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from stylize_video.models.method import OnStep
from stylize_video.models.motion import choice
from stylize_video.models.motion.neighbours import MotionFinder
from stylize_video.models.runtimes.devices import Device, core_count
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.planes.pixel_formats import chroma_is_halved
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages import painters
from stylize_video.pipeline.stages.composite import Compositor
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import FilmClock, Mask, open_mask
from stylize_video.pipeline.stages.motion import FindMotion
from stylize_video.pipeline.stages.painters import PaintingStage
from stylize_video.pipeline.stages.regions import Coverage
from stylize_video.pipeline.stages.steady import Stabilize


class Takes(Protocol):
    """What pictures have to be like, as whoever encodes them says."""

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name."""
        ...

    @property
    def color(self) -> ColorTags:
        """How they must be coded."""
        ...


def open_source(request: PaintRequest, looks: ChangingLook | None, *, upright: bool) -> FilmSource:
    """The film.

    Args:
        request: what is asked for.
        looks: see `painter`.
        upright: whether frames that lie on their side are turned.

    Raises:
        InputError: it can't be read.
        UsageError: it has no such track.
    """
    source = request.source
    mixes = request.mixed < 1 if looks is None else looks.mixes
    return FilmSource(
        source.input,
        start=source.start,
        duration=source.duration,
        max_size=source.max_size,
        keep_source=mixes or request.look.preserve_color or request.look.masked,
        upright=upright,
        track=source.video_track,
        deinterlace=source.deinterlace,
    )


def open_sink(request: PaintRequest, reader: FilmSource, painted: Signal) -> FilmSink:
    """What the painted film is written to.

    Args:
        request: what is asked for.
        reader: has the streams that are carried over.
        painted: what flows into it.

    Raises:
        OutputError: it can't be written.
    """
    return FilmSink(request.target, encoding(request), others=reader.others).open(painted)


def encoding(request: PaintRequest) -> EncoderOptions:
    """How the painted film is encoded."""
    sink = request.sink
    return EncoderOptions(
        sink.codec, sink.crf, sink.preset, sink.overwrite, sink.pixel_format, draft=request.is_draft
    )


def openers(request: PaintRequest) -> list[Callable[[], Mask]]:
    """Each opens the mask of one of the look's regions, for one user alone: time only goes on.

    Raises:
        InputError: masks are to run along with a film that can't be read.
    """
    source, look = request.source, request.look
    clock = FilmClock.of(source.input, source.video_track) if look.masked else FilmClock()
    return [partial(open_mask, file, clock) for file in look.masks]


def painter(
    request: PaintRequest,
    looks: ChangingLook | None,
    masks: Sequence[Callable[[], Mask]],
    device: Device,
    *,
    exact: bool,
    store: KeyframeStore | None,
    on_step: OnStep | None,
    workshop: Workshop | None = None,
    at_once: int = 1,
) -> PaintingStage:
    """What paints; `looks` is what is asked for at each time, if that changes. See `painters.create`."""
    return painters.create(
        request.plans(),
        masks,
        device,
        exact=exact,
        store=store,
        on_step=on_step,
        changes=looks,
        workshop=workshop,
        at_once=at_once,
    )


def stages(
    request: PaintRequest, painter: PaintingStage, pixel_format: str, device: Device
) -> list[AnyStage]:
    """All that a film that is written in a pixel format goes through, in its order.

    Raises:
        WeightsError: what finds motion can't be loaded.
    """
    found = [painter.stage]
    if request.needs_motion:
        finder = MotionFinder(
            choice.between_neighbours(request.steadying.flow, device, draft=request.is_draft)
        )
        # What waits for a keyframe need not wait with its motion.
        find = FindMotion(finder, threads=_opencv_threads())
        found = [painter.stage, find] if painter.stage.holds else [find, *painter.ahead, painter.stage]
    if (last := stabilizer(request, pixel_format)) is not None:
        found.append(last)
    return found


def _opencv_threads() -> int:
    return max(1, core_count() // 4)


def stabilizer(request: PaintRequest, pixel_format: str) -> Stabilize | None:
    """What steadies a film that is written in a pixel format; None if nothing does."""
    if not request.stabilizes or request.stability is None:
        return None
    found = Stabilizer(request.stability, halved_chroma=chroma_is_halved(pixel_format))
    return Stabilize(found, threads=_opencv_threads())


def compositor(
    request: PaintRequest,
    looks: ChangingLook | None,
    signal: Signal,
    target: Takes,
    coverage: Coverage | None,
) -> Compositor:
    """What mixes painting and original; `looks` as in `painter`."""
    return Compositor(
        signal,
        target.pixel_format,
        output=target.color,
        strength=looks.mixed_at if looks is not None and looks.mixes else request.mixed,
        preserve_color=request.look.preserve_color,
        coverage=coverage,
    )
