"""What a muxer must be told so that no tag and no start time is lost."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import NamedTuple

from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream

from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.tags import MP4_FAMILY, MP4_TAGS, Tags, container_tags
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.time_range import TimeRange

_MOVIE_TIMESCALE = 1000  # ticks a second of MP4's common clock, as FFmpeg's muxer has it by itself


class Source(NamedTuple):
    """What is carried beside the pictures: a file, which part of it, and the index of the painted stream."""

    file: InputContainer
    clip: TimeRange
    film: int | None


def choose(container: Container, signal: Signal, source: Source | None = None) -> dict[str, str]:
    """Options for the muxer so that no tag and no start time is lost.

    Args:
        container: of which kind.
        signal: of the pictures.
        source: what else goes into it.
    """
    options = dict(container.options)
    if container.muxer not in MP4_FAMILY:
        return options
    if source is None:
        start = None if signal.beginning is None else signal.beginning - signal.origin
        scale = _finer(_MOVIE_TIMESCALE, start, signal.time_base.denominator)
    else:
        tags, _ = container_tags(source.file, container)
        if any(tag.lower() not in MP4_TAGS for tag in tags):
            # QuickTime's free-form list instead of iTunes' fixed one
            options["movflags"] = "use_metadata_tags"
        scale = _movie_timescale(source, signal.beginning)
    if scale != _MOVIE_TIMESCALE:
        options["movie_timescale"] = str(scale)
    return options


def edit_tick(container: Container, options: Tags) -> Fraction:
    """What a track's start is rounded to in MP4 (s) by a muxer with these options; 0: to nothing."""
    if container.muxer not in MP4_FAMILY:
        return Fraction(0)
    return Fraction(1, int(options.get("movie_timescale", _MOVIE_TIMESCALE)))


def _movie_timescale(source: Source, beginning: Fraction | None) -> int:
    """Ticks a second of MP4's common clock in which all start offsets are exact.

    A track that does not start at 0 is put there by an "edit" in that clock. Only
    of these containers is the start known before the first frame is decoded.
    Sound begins with its codec's delay, so it is always edited, and its last packet cut off where
    less of it is to be heard than such a tick.
    """
    file, clip, film = source
    scale = _MOVIE_TIMESCALE
    known = clip.start is None and file.format.name.startswith(("mov,", "matroska,"))
    for stream in sorted(file.streams, key=lambda s: s.type != "video"):
        if stream.type not in ("video", "audio", "subtitle") or stream.time_base is None:
            continue
        start = None if stream.start_time is None else stream.start_time * stream.time_base
        if stream.index == film and beginning is not None:
            start = beginning  # its first pictures may be lost
        is_certain = known and not isinstance(stream, AudioStream)
        scale = _finer(scale, start if is_certain else None, _rate(stream) or stream.time_base.denominator)
    return scale


def _finer(scale: int, start: Fraction | None, ticks: int) -> int:
    """A clock of `scale` ticks a second made to hold a `start` (s; None: unknown) in `ticks` a second."""
    if start is not None and (start * 1000).denominator == 1:
        return scale
    finer = lcm(scale, ticks)
    return finer if 0 < finer < 2**31 else scale


def _rate(stream: Stream) -> int:
    """Samples/s of sound; 0 of anything else, and of what can't be decoded."""
    context = stream.codec_context
    return context.sample_rate if stream.type == "audio" and isinstance(context, AudioCodecContext) else 0
