"""What becomes of sound that a container can't hold: encoder, rate, and which channel goes where."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Self, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.filter import Graph

from stylize_video.pipeline.formats import Container

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

# Layouts in which every channel comes out of a player where it went in. Of others FFmpeg's AAC keeps the
# number of channels only. Its Opus swaps channels of 5.0 and 6.1.
_LAYOUTS = {
    "aac": ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"),
    "libopus": ("mono", "stereo", "3.0", "quad", "5.1", "7.1"),
}
# What so many channels without names are taken for. None for a low frequency effect, where an encoder
# would leave out all that is higher, but where the number means hardly anything else.
_UNNAMED = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "7.0", 8: "7.1"}
# Where a channel goes that the layout lacks: to its twin, which is the same speaker by another name, or
# to the first neighbours that are there.
_TWINS = {"SL": "BL", "SR": "BR", "BL": "SL", "BR": "SR", "DL": "FL", "DR": "FR"}
_NEIGHBOURS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "SL": [("BL",)], "SR": [("BR",)], "BL": [("SL",)], "BR": [("SR",)], "BC": [("BL", "BR")],
    "FLC": [("FL",)], "FRC": [("FR",)], "WL": [("FL",)], "WR": [("FR",)], "LFE2": [("LFE",)],
    "TFL": [("FL",)], "TFC": [("FC",)], "TFR": [("FR",)], "TC": [("FL", "FR")],
    "TBL": [("BL",)], "TBC": [("BL", "BR")], "TBR": [("BR",)],
    "TSL": [("SL",), ("BL",)], "TSR": [("SR",), ("BR",)],
    "SDL": [("SL",), ("BL",)], "SDR": [("SR",), ("BR",)],
    "SSL": [("SL",), ("BL",)], "SSR": [("SR",), ("BR",)],
    "BFL": [("FL",)], "BFC": [("FC",)], "BFR": [("FR",)], "DL": [("FL",)], "DR": [("FR",)],
}  # fmt: skip

Matrix = dict[str, dict[int, float]]  # gain of each source channel in each channel of the layout


@dataclass(frozen=True)
class Layout:
    """Channels of a stream of sound.

    Attributes:
        name: FFmpeg's name of the layout.
        channels: FFmpeg's names of the channels, in order.
    """

    name: str
    channels: tuple[str, ...]

    @property
    def is_named(self) -> bool:
        """Whether it is known which channel is which."""
        return "NONE" not in self.channels


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
            frame.sample_rate, frame.format.name, _layout(frame.layout), Fraction(frame.time_base or 1)
        )


def layout_of(context: AudioCodecContext) -> Layout:
    """The channels of a stream."""
    return _layout(_kept(context.layout))


def safe(frame: AudioFrame) -> AudioFrame:
    """`frame` as a decoder made it, so that it can be let go of."""
    _kept(frame.layout)
    return frame


def _kept(layout: AudioLayout) -> AudioLayout:
    """`layout`, never to be freed if its channels lie in an order of their own.

    PyAV's object shares the list of that order with FFmpeg's, and each would free it.
    """
    if " channels (" in layout.name:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    return layout


def _layout(layout: AudioLayout) -> Layout:
    return Layout(layout.name, tuple(channel.name for channel in layout.channels))


def named(name: str) -> Layout:
    """The layout that FFmpeg calls `name`."""
    return _layout(AudioLayout(name))


def conversion(source: AudioStream, container: Container) -> Conversion | str:
    """How to encode `source` for `container`; or why that can't be done, for people."""
    encoder = _ENCODERS.get(container.muxer)
    if encoder is None:
        return f"{container.name} can't hold it"
    layout = layout_of(source.codec_context)
    if not layout.channels or not source.codec_context.sample_rate:
        return "the file does not say what is in it"
    target = _target(layout, encoder)
    if target is None:
        return f"no encoder here for its channels ({layout.name})"
    rate = _rate(encoder, source.codec_context.sample_rate)
    bit_rate = _BITS_PER_CHANNEL.get(encoder, 0) * len(named(target).channels)
    made = Conversion(encoder, rate, target, bit_rate, _remark(layout, target))
    refusal = _refusal(made)
    return made if refusal is None else f"{encoder} refuses it ({refusal})"


def pan(source: Layout, target: str) -> str | None:
    """Arguments of FFmpeg's filter "pan" from one layout to another; None if there is nothing to do.

    Raises:
        ValueError: a channel has no place in `target`.
    """
    if source.name == target:
        return None
    matrix = _matrix(source, named(target).channels)
    if matrix is None:
        raise ValueError(f"{source.name} has channels that {target} has no place for")
    outputs = [
        f"{channel}=" + "+".join(f"{gain:.6f}*c{index}" for index, gain in gains.items())
        for channel, gains in matrix.items()
        if gains
    ]
    return "|".join([target, *outputs])


def _rate(encoder: str, rate: int) -> int:
    rates = av.Codec(encoder, "w").audio_rates
    if rates and rate not in rates:
        return min((r for r in rates if r >= rate), default=max(rates))
    return rate


def _target(source: Layout, encoder: str) -> str | None:
    """The layout that keeps most of the channels apart, and the smallest of those."""
    known = _LAYOUTS.get(encoder)
    if known is None:
        return source.name if source.is_named else _UNNAMED.get(len(source.channels), source.name)
    found = []
    for name in known:
        matrix = _matrix(source, named(name).channels)
        if matrix is not None:
            found.append((_mixed(matrix), len(matrix), name))
    return min(found)[2] if found else None


def _matrix(source: Layout, target: Sequence[str]) -> Matrix | None:
    """Where each channel goes; None if one has no place. Nothing gets louder than full scale."""
    channels = source.channels
    if not source.is_named:
        name = _UNNAMED.get(len(channels))
        if name is None:
            return None
        channels = named(name).channels
    matrix: Matrix = {name: {} for name in target}
    for index, channel in enumerate(channels):
        places = _places(channel, channels, target)
        if places is None:
            return None
        for place in places:
            matrix[place][index] = 1 / sqrt(len(places))
    loudest = max(sum(gains.values()) for gains in matrix.values())
    return {name: {n: gain / max(loudest, 1) for n, gain in gains.items()} for name, gains in matrix.items()}


def _places(channel: str, channels: Sequence[str], target: Sequence[str]) -> tuple[str, ...] | None:
    if channel in target:
        return (channel,)
    twin = _TWINS.get(channel, "")
    if twin in target and twin not in channels:
        return (twin,)
    for places in _NEIGHBOURS.get(channel, ()):
        if all(place in target for place in places):
            return places
    return None


def _mixed(matrix: Matrix) -> int:
    """How many entries are more than a channel each on its own."""
    shared = sum(len(gains) - 1 for gains in matrix.values() if gains)
    homes = [index for gains in matrix.values() for index in gains]
    return shared + len(homes) - len(set(homes))


def _remark(source: Layout, target: str) -> str:
    if source.name == target:
        return ""
    channels = named(target).channels
    if not source.is_named:
        # One or two channels are always these.
        return "" if len(source.channels) <= 2 else f"{source.name} without names taken for {target}"
    matrix = _matrix(source, channels)
    if matrix is None or _mixed(matrix):
        return f"{source.name} mixed to {target}"
    if len(channels) > len(source.channels):
        return f"{source.name} in {target}, whose other channels are silent"
    return ""


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
    if (channels := pan(source.layout, encoder.layout.name)) is not None:
        nodes.append(made.add("pan", channels))
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
