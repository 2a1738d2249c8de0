"""Which films are painted by segments, how long those are, and what is finished of one."""

from __future__ import annotations

import json

from stylize_video.models.look import LookTimeline
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.jobs.identity import identity
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.places import Ahead, Cutter, Lengths, usual_length
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stages.cuts import Cuts

_WHOLE = frozenset({"gif"})  # muxers of films whose frames hang together from first to last


def suits(request: PaintRequest, container: Container, signal: Signal) -> bool:
    """Whether a film is painted by segments: it is long, or of unknown length, and its format allows it."""
    if container.is_picture or container.muxer in _WHOLE:
        return False
    return signal.frame_count is None or signal.frame_count > _lengths(request, signal).longest


def cutter(
    request: PaintRequest,
    signal: Signal,
    *,
    ahead: Ahead | None = None,
    read: int = 0,
    segments: int | None = None,
) -> Cutter:
    """What cuts a film; see `Cutter` for what is known of it before."""
    cuts = Cuts() if request.needs_cuts else None
    return Cutter(_lengths(request, signal), cuts, ahead=ahead, read=read, segments=segments)


def open_parts(request: PaintRequest, timeline: LookTimeline | None) -> Parts:
    """What is finished of a film.

    Raises:
        OutputError: another run paints it, or what is there is of other settings.
        InputError: a file can't be read.
    """
    wanted = json.loads(json.dumps(identity(request, timeline)))  # as it will be read
    return Parts(request.target, wanted, resume=request.run.resume)


def _lengths(request: PaintRequest, signal: Signal) -> Lengths:
    return Lengths(request.run.segment_length or usual_length(signal))
