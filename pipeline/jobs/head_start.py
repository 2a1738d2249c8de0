"""What a film waits longest for, begun before the rest of its job is imported and its file is opened.

A network is compiled by a library that leaves Python to others meanwhile; a core would have nothing to do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import av

from stylize_video.errors import StylizeVideoError
from stylize_video.models.method import CanvasPainter
from stylize_video.models.runtimes.devices import choose_device
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.containers import opening
from stylize_video.pipeline.jobs import at_once
from stylize_video.pipeline.jobs.options import SourceOptions
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.sources.fitted import fitted


class _Film(NamedTuple):
    """What a file's header says."""

    width: int  # px of a frame as it is painted
    height: int
    frames: int


def begin(request: PaintRequest, workshop: Workshop) -> None:
    """Begin to make ready what paints a film, in the background; whoever needs it waits for it.

    It goes by the file's header alone. Where that is wrong, or anything else is, only time is lost: the job
    itself looks again, and says so.

    Args:
        request: what is painted, and how.
        workshop: has the painter from now on.
    """
    with suppress(StylizeVideoError, OSError, av.FFmpegError, RuntimeError):  # the last: no more threads
        device = choose_device(request.run.device)
        if request.holds_frames or device.type != "cpu" or (film := _film(request.source)) is None:
            return
        plans, size = request.plans(), (film.width, film.height)
        workshop.serve(plans, device, exact=False, size=size)
        count = at_once.batch_size(request, film.width * film.height, film.frames, device)
        for plan in plans:
            painter = workshop.build(plan, device, exact=False, on_step=None)
            if isinstance(painter, CanvasPainter) and painter.stroke_size == 1:
                _prepare(painter, size, count)


def _prepare(painter: CanvasPainter, size: tuple[int, int], count: int) -> None:
    paints, style = painter.paints, painter.style
    width, height = size
    canvas = paints.new_canvas(height, width)
    _in_background("compiler", lambda: paints.prepare(height, width, style, at_once=count))
    _in_background("canvas", lambda: paints.looked_up(canvas))


def _in_background(name: str, work: Callable[[], object]) -> None:
    def quietly() -> None:
        with suppress(Exception):  # whoever needs it finds out
            work()

    threading.Thread(target=quietly, name=f"stylize-video {name}", daemon=True).start()


def _film(source: SourceOptions) -> _Film | None:
    """A file's only film; None: it has several, none, or more than eight bits, or it is a picture."""
    with opening.open_media(source.input) as container:
        if len(container.streams.video) != 1:
            return None
        stream = container.streams.video[0]
        coded, rate = stream.codec_context.format, stream.average_rate
        frames = stream.frames or round((container.duration or 0) * (rate or 0) / av.time_base)
        if frames < 2 or coded is None or any(part.bits > 8 for part in coded.components):
            return None
        return _Film(*fitted(stream.width, stream.height, source.max_size), frames)
