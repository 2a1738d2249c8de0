"""What is said of a film and its streams (tags, chapters, labels, time codes), and what can hold it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, cast

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from stylize_video.pipeline.containers import channels
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.streams import codec_name, is_cover
from stylize_video.pipeline.time_range import TimeRange

if TYPE_CHECKING:
    from av.container.core import Chapter

Tags = dict[str, str]

_MICROSECOND = Fraction(1, 1_000_000)  # s
MP4_FAMILY = ("mp4", "mov")
_FORMAT_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_STATISTICS = ("_statistics", "bps", "duration", "number_of_", "encoder", "source_id")
# QuickTime's list of languages, as FFmpeg has it, knows these by their other code only.
_MAC_LANGUAGES = {
    "deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi",
    "sqi": "alb", "mkd": "mac", "hye": "arm", "kat": "geo",
}  # fmt: skip
# Tags that MP4's own list (iTunes) has a place for.
MP4_TAGS = frozenset(
    {
        "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
        "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id",
        "network", "keywords", "episode_sort", "season_number", "media_type", "hd_video",
        "gapless_playback", "compilation", "track", "disc", "creation_time", "language",
    }
)  # fmt: skip


def lost_timecode(container: Container, clip: TimeRange) -> str | None:
    """What becomes of that track; None if MP4's muxer makes it again, of the film's tag."""
    if clip.start is not None:
        return "counts from the film's own start, left out"
    if container.muxer in MP4_FAMILY:
        return None
    if container.muxer in ("matroska", "webm"):
        return f"{container.name} has no such track, kept as a tag of the film"
    return f"{container.name} can't hold it, left out"


def container_tags(source: InputContainer, container: Container) -> tuple[Tags, list[str]]:
    """The film's own tags, without those that describe the old file; and those without a place."""
    tags = {k: v for k, v in source.metadata.items() if k.lower() not in _FORMAT_TAGS}
    held = container.tags
    if container.muxer == "mp4" and any(map(is_cover, source.streams)):
        held = MP4_TAGS  # the cover lies in iTunes' list, and there can be only one list
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
    if container.muxer not in MP4_FAMILY:
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
