"""What of a source a container can hold, and what it takes instead."""

from __future__ import annotations

import io
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.stream import Disposition, Stream

from stylize_video.pipeline.containers import channels
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.opening import open_media
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.time_range import TimeRange

if TYPE_CHECKING:
    from av.container.core import Chapter

Tags = dict[str, str]


class Source(NamedTuple):
    """What is carried beside the pictures: a file, which part of it, and the index of the painted stream."""

    file: InputContainer
    clip: TimeRange
    film: int | None


_MICROSECOND = Fraction(1, 1_000_000)  # s
_MP4_FAMILY = ("mp4", "mov")
_MOVIE_TIMESCALE = 1000  # ticks a second of MP4's common clock, as FFmpeg's muxer has it by itself
_TEXT = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}


def codec_name(stream: Stream) -> str:
    """FFmpeg's name of the stream's codec, "unknown" if it has none."""
    context = getattr(stream, "codec_context", None)
    if context is not None:
        return str(context.codec.canonical_name)
    if stream.type == "data":
        return stream.name or "unknown"
    return "unknown" if stream.type == "attachment" else _undecodable(stream)


def _undecodable(stream: Stream) -> str:
    """The name of a codec that FFmpeg knows but can't decode here. PyAV tells it only of data."""
    named = av.open(io.BytesIO(), "w", format="null").add_data_stream()
    BitStreamFilterContext("null", stream, named)  # copies the parameters, and so the codec
    return named.name or "unknown"


def describe(stream: Stream) -> str:
    """The stream for people: "stream 3 (subtitle, subrip, eng)"."""
    words = [stream.type or "unknown", codec_name(stream)]
    if stream.type == "attachment":
        words[1] = stream.metadata.get("filename", "unnamed")
    elif is_timecode(stream):
        words[1] = "time code"
    if stream.language and stream.language != "und":
        words.append(stream.language)
    return f"stream {stream.index} ({', '.join(words)})"


def kind(stream: Stream) -> str:
    """The stream's type; "cover" for a picture that stands for the film."""
    return "cover" if is_cover(stream) else stream.type


def is_cover(stream: Stream) -> bool:
    """Whether the stream is a single picture that stands for the film, or for a part of it."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def cover_data(path: Path, stream: Stream) -> bytes:
    """The picture itself; FFmpeg hands it out as the stream's only packet, before all others."""
    with open_media(path, metadata_errors="surrogateescape") as source:
        for packet in source.demux(source.streams[stream.index]):
            return bytes(packet)
    return b""


def is_timecode(stream: Stream) -> bool:
    """Whether this is MP4's track for the film's time code."""
    return stream.type == "data" and "timecode" in stream.metadata


def lost_timecode(container: Container, clip: TimeRange) -> str | None:
    """What becomes of that track; None if MP4's muxer makes it again, of the film's tag."""
    if clip.start is not None:
        return "counts from the film's own start, left out"
    if container.muxer in _MP4_FAMILY:
        return None
    if container.muxer in ("matroska", "webm"):
        return f"{container.name} has no such track, kept as a tag of the film"
    return f"{container.name} can't hold it, left out"


def text_encoder(stream: Stream, container: Container) -> str | None:
    """The encoder for text subtitles that the container can't hold; None for pictures."""
    context = getattr(stream, "codec_context", None)
    if context is None or not context.codec.text_sub:
        return None
    return _TEXT.get(container.muxer)


_FORMAT_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_STATISTICS = ("_statistics", "bps", "duration", "number_of_", "encoder", "source_id")
# QuickTime's list of languages, as FFmpeg has it, knows these by their other code only.
_MAC_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "mkd": "mac", "hye": "arm", "kat": "geo",
}  # fmt: skip
# Tags that MP4's own list (iTunes) has a place for.
_MP4_TAGS = frozenset(
    {
        "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
        "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id",
        "network", "keywords", "episode_sort", "season_number", "media_type", "hd_video",
        "gapless_playback", "compilation", "track", "disc", "creation_time", "language",
    }
)  # fmt: skip


def container_tags(source: InputContainer, container: Container) -> tuple[Tags, list[str]]:
    """The film's own tags, without those that describe the old file; and those without a place."""
    tags = {k: v for k, v in source.metadata.items() if k.lower() not in _FORMAT_TAGS}
    held = container.tags
    if container.muxer == "mp4" and any(map(is_cover, source.streams)):
        held = _MP4_TAGS  # the cover lies in iTunes' list, and there can be only one list
    lost = [k for k in tags if held is not None and k.lower() not in held]
    return {k: v for k, v in tags.items() if k not in lost}, lost


def stream_tags(stream: Stream, container: Container, *, changed: bool) -> Tags:
    """A stream's tags; without figures on its old packets if those have `changed`."""
    tags = dict(stream.metadata)
    tags.pop("DURATION", None)  # the muxer writes its own
    if "title" not in tags and "name" in tags:
        tags["title"] = tags.pop("name")  # what FFmpeg reads from MP4 as one, it writes as the other
    if tags.get("language") == "und":
        del tags["language"]
    if container.muxer == "mov" and tags.get("language") in _MAC_LANGUAGES:
        tags["language"] = _MAC_LANGUAGES[tags["language"]]
    if container.muxer not in _MP4_FAMILY:
        tags.pop("vendor_id", None)
        if tags.get("handler_name", "").endswith("Handler"):  # MP4's own names for kinds of tracks
            del tags["handler_name"]
    if not changed:
        return tags
    return {k: v for k, v in tags.items() if not k.lower().startswith(_STATISTICS)}


def lost_labels(stream: Stream, container: Container) -> list[str]:
    """What the source says of a stream and the container can't: its language, what it is for."""
    lost = []
    if container.muxer == "avi" and stream.language not in (None, "und"):
        lost.append("its language")
    if container.muxer == "matroska" and codec_name(stream).startswith("pcm_"):
        layout = channels.layout_of(cast(AudioStream, stream).codec_context)
        if layout.is_named and len(layout.channels) > 2:
            lost.append(f"that its channels are {layout.name}")
    flags = Disposition(stream.disposition)
    if next(s for s in stream.container.streams if s.type == stream.type).index == stream.index:
        flags &= ~Disposition.default  # players take the first one anyway
    if container.muxer in ("avi", "mpegts") and flags:
        lost.append("that it is " + ", ".join(str(flag.name).replace("_", " ") for flag in flags))
    return lost


def film_tags(film: Stream, container: Container, clip: TimeRange) -> Tags:
    """The tags of the stream that is painted; without a time code that no longer tells its first frame."""
    tags = stream_tags(film, container, changed=True)
    gone = {"alpha_mode"}  # the painting is opaque
    if clip.start is not None:
        gone.add("timecode")
    return {k: v for k, v in tags.items() if k.lower() not in gone}


def muxer_options(container: Container, signal: Signal, source: Source | None = None) -> dict[str, str]:
    """Options for the muxer so that no tag and no start time is lost.

    Args:
        container: of which kind.
        signal: of the pictures.
        source: what else goes into it.
    """
    options = dict(container.options)
    if container.muxer not in _MP4_FAMILY:
        return options
    if source is None:
        start = None if signal.beginning is None else signal.beginning - signal.origin
        scale = _finer(_MOVIE_TIMESCALE, start, signal.time_base.denominator)
    else:
        tags, _ = container_tags(source.file, container)
        if any(tag.lower() not in _MP4_TAGS for tag in tags):
            # QuickTime's free-form list instead of iTunes' fixed one
            options["movflags"] = "use_metadata_tags"
        scale = _movie_timescale(source, signal.beginning)
    if scale != _MOVIE_TIMESCALE:
        options["movie_timescale"] = str(scale)
    return options


def edit_tick(container: Container, options: Tags) -> Fraction:
    """What a track's start is rounded to in MP4 (s) by a muxer with these options; 0: to nothing."""
    if container.muxer not in _MP4_FAMILY:
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


def clipped_chapters(source: InputContainer, clip: TimeRange) -> list[Chapter]:
    """The source's chapters, cut to the clip and moved with it."""
    chapters: list[Chapter] = []
    for chapter in source.chapters():
        base = chapter["time_base"] or _MICROSECOND
        start, end = chapter["start"], chapter["end"]
        shift = clip.shift(base)
        if clip.start is not None:
            start = max(start, shift)
        if clip.end is not None:
            end = min(end, round(clip.end / base))
        if start < end or (start == end and clip == TimeRange()):
            chapters.append({**chapter, "start": start - shift, "end": end - shift})
    return chapters
