"""Which streams a container takes as they are, and how they get into it.

A copy is made of the codec's parameters. No codec is opened, so nothing depends on whether FFmpeg has
an encoder for it, or what it calls its decoder.
"""

from __future__ import annotations

import io
from fractions import Fraction
from functools import cache

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.stream import Disposition, Stream

from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.formats import Container

_AUDIBLE = Fraction(1, 25)  # s that sound may be late before anybody sees it

# What FFmpeg's muxers take although hardly a player can take it out again.
_UNPLAYED = {
    "mp4": frozenset({"vorbis", "mp4als"}),
    # In AVI a packet of sound has no time of its own. Those of these codecs last differently long.
    "avi": frozenset({"vorbis", "opus"}),
}
# FFmpeg's transport stream muxer takes anything, and marks what has no number of its own
# "private data", which no player can read.
_MPEGTS = frozenset(
    {
        "aac", "aac_latm", "mp1", "mp2", "mp3", "ac3", "eac3", "dts", "opus", "s302m",
        "dvb_subtitle", "dvb_teletext",
    }
)  # fmt: skip


def can_copy(stream: Stream, container: Container) -> bool:
    """Whether the container holds the stream's packets as they are.

    Found by writing a header into memory, since some muxers refuse only then.
    """
    if stream.type not in ("video", "audio", "subtitle", "data") or not _is_played(stream, container):
        return False
    memory = io.BytesIO()
    try:
        probe = av.open(memory, "w", format=container.muxer)
        copy = add_copy(probe, stream)
        if streams.is_cover(stream):
            copy.disposition = Disposition.attached_pic
        probe.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    finally:
        memory.close()  # a closed file makes PyAV leave out the trailer
    return True


def add_copy(output: OutputContainer, stream: Stream) -> Stream:
    """A new stream in `output` for the packets of `stream` as they are.

    That `output` can't hold the codec may turn out only when its header is written.
    """
    if stream.type == "data":
        return output.add_stream_from_template(stream, opaque=True)
    # PyAV would ask FFmpeg's list of what a format supports, and Matroska's lacks all codecs that have no
    # name there but AVI's number, such as WMA. A stream of data is added without; with the parameters it
    # gets its type too.
    copy = output.add_data_stream()
    BitStreamFilterContext("null", _untagged(stream), copy)
    copy.time_base = stream.time_base
    return copy


def _untagged(stream: Stream) -> Stream:
    """The same parameters without the number that the source's container has for the codec."""
    if stream.codec_context is None:
        return stream  # no decoder here; no template can be made of it
    nowhere = av.open(io.BytesIO(), "w", format="null")
    return nowhere.add_stream_from_template(stream, opaque=True)


@cache
def _supported(muxer: str) -> frozenset[str]:
    """Names of all encoders and decoders whose codecs FFmpeg says `muxer` supports."""
    with av.open(io.BytesIO(), "w", format=muxer) as output:
        return frozenset(output.supported_codecs)


def _is_supported(stream: Stream, container: Container) -> bool:
    """Whether the codec is one of the container's own. MOV's muxer takes all of AVI's, too."""
    if container.muxer != "mov":
        return True
    context = stream.codec_context
    name = streams.codec_name(stream) if context is None else context.codec.name
    return name in _supported(container.muxer)


def _is_played(stream: Stream, container: Container) -> bool:
    """Whether players would find in the container what FFmpeg puts there."""
    codec = streams.codec_name(stream)
    if stream.type != "data" and not _is_supported(stream, container):
        return False
    # FFmpeg can put PCM into MP4, but hardly a player can take it out.
    if container.muxer == "mp4" and codec.startswith("pcm_"):
        return False
    if codec in _UNPLAYED.get(container.muxer, ()) or (container.muxer == "mpegts" and codec not in _MPEGTS):
        return False
    if container.constant_rate and (stream.type != "audio" or _starts_late(stream)):
        return False  # AVI's sound begins with the film; converted, it gets silence in front
    return streams.kind(stream) != "video" or _can_copy_video(stream, container)


def _can_copy_video(stream: Stream, container: Container) -> bool:
    """Whether a further picture's packets can stay as they are: reordered, and as MP4 stores them."""
    codec = getattr(stream, "codec_context", None)
    # AVI does not say in which order frames are shown.
    if codec is None or not container.b_frames or stream.container.format.name == "avi":
        return False
    # H.264 and H.265 of a transport stream are rewritten by all other muxers.
    return streams.codec_name(stream) not in ("h264", "hevc") or (codec.extradata or b"")[:1] == b"\1"


def _starts_late(stream: Stream) -> bool:
    if stream.type != "audio" or not stream.start_time or not stream.time_base:
        return False
    return stream.start_time * Fraction(stream.time_base) > _AUDIBLE
