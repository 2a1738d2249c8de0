"""What becomes of sound that a container can't hold: encoder, rate, and which channel goes where."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Self, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter import Graph

from stylize_video.pipeline.containers import channels
from stylize_video.pipeline.containers.channels import Layout
from stylize_video.pipeline.containers.formats import Container

# Encoders for sound that a container can't hold. Everything plays PCM in AVI.
_ENCODERS = {
    "mp4": "aac",
    "mov": "aac",
    "matroska": "aac",
    "webm": "libopus",
    "avi": "pcm_s16le",
    "mpegts": "aac",
}
_BITS_PER_CHANNEL = {"aac": 96_000, "libopus": 64_000}  # bit/s, transparent to nearly everybody


@dataclass(frozen=True)
class Conversion:
    """How a stream of sound is encoded again.

    Attributes:
        encoder: FFmpeg's name.
        rate: samples/s.
        layout: FFmpeg's name of the channels' layout.
        bit_rate: bit/s; 0: the codec's own.
        remark: what happens to the channels, for people; "" if each stays what it is.
    """

    encoder: str
    rate: int
    layout: str
    bit_rate: int
    remark: str


@dataclass(frozen=True)
class Input:
    """What a graph takes: samples/s, FFmpeg's name of the sample format, channels, time base (s)."""

    rate: int
    format: str
    layout: Layout
    time_base: Fraction

    @classmethod
    def of(cls, frame: AudioFrame) -> Self:
        """That of a frame that has a time."""
        return cls(
            frame.sample_rate,
            frame.format.name,
            channels.layout_from(frame.layout),
            Fraction(frame.time_base or 1),
        )


def conversion(source: AudioStream, container: Container, *, same_codec: bool = False) -> Conversion | str:
    """How to encode `source` for `container`; or why that can't be done, for people.

    `same_codec`: its own codec is welcome, where encoding it again loses nothing.
    """
    encoder = (_lossless_encoder(source) if same_codec else None) or _encoder(source, container)
    if encoder is None:
        return f"{container.name} can't hold it"
    layout = channels.layout_of(source.codec_context)
    if not layout.channels or not source.codec_context.sample_rate:
        return "the file does not say what is in it"
    try:
        target = channels.target(channels.ordered(layout), encoder)
    except ValueError:
        target = None
    if target is None:
        return f"no encoder here for its channels ({layout.name})"
    rate = _rate(encoder, source.codec_context.sample_rate)
    bit_rate = _BITS_PER_CHANNEL.get(encoder, 0) * len(channels.named(target).channels)
    made = Conversion(encoder, rate, target, bit_rate, channels.remark(channels.ordered(layout), target))
    refusal = _refusal(made)
    return made if refusal is None else f"{encoder} refuses it ({refusal})"


def _lossless_encoder(source: AudioStream) -> str | None:
    codec = str(source.codec_context.codec.canonical_name)
    return codec if codec in ("flac", "alac") or codec.startswith("pcm_") else None


def _encoder(source: AudioStream, container: Container) -> str | None:
    encoder = _ENCODERS.get(container.muxer)
    samples = source.codec_context.format
    is_deep = samples is not None and samples.name in ("s32", "s32p")  # lossless, of 24 bits or more
    return "pcm_s24le" if encoder == "pcm_s16le" and is_deep else encoder


def _rate(encoder: str, rate: int) -> int:
    rates = av.Codec(encoder, "w").audio_rates
    if rates and rate not in rates:
        return min((r for r in rates if r >= rate), default=max(rates))
    return rate


def _refusal(made: Conversion) -> str | None:
    """Why the encoder can't be opened; None if it can."""
    nowhere = av.open(io.BytesIO(), "w", format="null")
    try:
        set_up(cast(AudioStream, nowhere.add_stream(made.encoder, made.rate)), made)
        nowhere.start_encoding()
    except (ValueError, av.FFmpegError) as error:
        return str(getattr(error, "strerror", None) or error)
    return None


def set_up(stream: AudioStream, made: Conversion) -> None:
    """Give a new stream of an output the settings of `made`."""
    context = stream.codec_context
    context.layout = made.layout
    context.bit_rate = made.bit_rate
    context.time_base = stream.time_base = Fraction(1, made.rate)


def graph(source: Input, encoder: AudioCodecContext, first: int | None) -> Graph:
    """A graph that makes of `source` what an open `encoder` takes.

    Gaps are filled with silence and overlaps cut; all else stays as it is. `first`: the sample at which
    the sound begins, with silence in front of it if need be; None: as it does.

    Raises:
        ValueError: a channel has no place in the encoder's layout.
        av.FFmpegError: FFmpeg can't do it.
    """
    made = Graph()
    layout = source.layout.name
    nodes = [
        made.add_abuffer(
            sample_rate=source.rate, format=source.format, layout=layout, time_base=source.time_base
        )
    ]
    if source.layout.in_order != layout:
        nodes.append(made.add("aformat", f"channel_layouts={source.layout.in_order}"))
    if (moved := channels.pan(channels.ordered(source.layout), encoder.layout.name)) is not None:
        nodes.append(made.add("pan", moved))
    nodes.append(made.add("aresample", "async=1" if first is None else f"async=1:first_pts={first}"))
    nodes.append(
        made.add(
            "aformat",
            f"sample_fmts={encoder.format.name}:sample_rates={encoder.sample_rate}"
            f":channel_layouts={encoder.layout.name}",
        )
    )
    made.link_nodes(*nodes, made.add("abuffersink"))
    made.configure()
    if encoder.frame_size:
        made.set_audio_frame_size(encoder.frame_size)
    return made


def pulled(made: Graph) -> Iterator[AudioFrame]:
    """The frames that are ready."""
    while True:
        try:
            yield cast(AudioFrame, made.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
