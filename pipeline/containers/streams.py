"""What the streams of a file are: their kind and codec, and what people call them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.bitstream import BitStreamFilterContext
from av.stream import Disposition, Stream

from stylize_video.pipeline.containers.opening import open_media

if TYPE_CHECKING:
    pass


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
