"""What a file hides of a stream: it lies in the file, and nobody is to hear or see it.

MP4 can say so of any stream's beginning. Elsewhere hidden packets would be heard again, or a part of one.
Every codec's own delay is hidden as well; that is silence, or nearly, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream

from stylize_video.pipeline.containers import channels
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.opening import open_media

_EDITABLE = ("mp4", "mov")  # muxers that write edit lists
_DELAY = Fraction(21, 10)  # of a codec's frames: AAC's 2112 samples and MP3's 1105 are no more
_PRE_ROLL = Fraction(1, 12)  # s, of Opus, which Matroska knows as a delay of the codec
_LONGEST = Fraction(3, 20)  # s of which silence may stay, as before HE-AAC; more would be a wait
_AUDIBLE = 0.001  # of full scale, -60 dB


def has_hidden_beginning(path: Path, stream: Stream, container: Container) -> bool:
    """Whether a copy in `container` would show or sound what the file hides of the stream."""
    if container.muxer in _EDITABLE or stream.type not in ("audio", "video"):
        return False
    with open_media(path, metadata_errors="surrogateescape") as source:
        again = source.streams[stream.index]
        if stream.type == "video":
            return _is_first_discarded(source.demux(again))
        return _would_sound(source, cast(AudioStream, again))


def end_with_what_is_heard(packet: av.Packet[Any], container: Container, whole: int) -> None:
    """Let a copied packet whose end is hidden last shorter than a `whole` one (ticks), where that says so."""
    if container.muxer not in _EDITABLE or not packet.has_sidedata("skip_samples"):
        return
    samples = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[4:8], "little")
    context = cast(AudioStream, packet.stream).codec_context
    if samples and context is not None and context.sample_rate and packet.time_base:
        ticks = round(Fraction(samples, context.sample_rate) / packet.time_base)
        packet.duration = max(min(packet.duration or whole, whole - ticks), 1)


def _is_first_discarded(packets: Any) -> bool:
    first = next(iter(packets), None)
    return first is not None and first.is_discard


def _would_sound(source: InputContainer, stream: AudioStream) -> bool:
    packets = source.demux(stream)
    first = next(iter(packets), None)
    samples = 0 if first is None else _skipped(first)
    context = stream.codec_context
    if first is None or not samples or context is None or not context.sample_rate:
        return False
    seconds = Fraction(samples, context.sample_rate)
    if samples <= _DELAY * (context.frame_size or 0):
        return False
    if stream.codec_context.name in ("opus", "libopus") and seconds <= _PRE_ROLL:
        return False
    if source.format.name.startswith("matroska") and seconds <= _LONGEST:
        return False  # it has no edit lists: this is its codec's delay, of any codec
    return seconds > _LONGEST or _sounds(context, chain([first], packets), samples)


def _skipped(packet: av.Packet[Any]) -> int:
    """How many samples at its beginning the file hides."""
    if not packet.has_sidedata("skip_samples"):
        return 0
    return int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")


def _sounds(context: AudioCodecContext, packets: Iterable[av.Packet[Any]], samples: int) -> bool:
    """Whether anything can be heard in the first `samples`."""
    left = samples
    for packet in packets:
        naked: av.Packet[Any] = av.Packet(bytes(packet))  # without the word to skip it
        try:
            frames = [channels.safe(frame) for frame in context.decode(naked)]
        except av.FFmpegError:
            continue
        for frame in frames:
            if _peak(frame, left) > _AUDIBLE:
                return True
            left -= frame.samples
        if left <= 0:
            break
    return False


def _peak(frame: AudioFrame, samples: int) -> float:
    """The loudest of the first `samples` a channel, of full scale."""
    values = frame.to_ndarray()
    count = samples if frame.format.is_planar else samples * frame.layout.nb_channels
    values = values[:, : max(count, 0)]
    if not values.size:
        return 0.0
    if values.dtype.kind == "f":
        return float(np.abs(values).max())
    half = 2.0 ** (8 * values.dtype.itemsize - 1)
    middle = half if values.dtype.kind == "u" else 0.0
    return float(np.abs(values.astype(np.float64) - middle).max()) / half
