"""Whether every frame and all sound of a film can be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from stylize_video.pipeline.containers import limits, streams
from stylize_video.pipeline.verification.finding import Finding, listed

# Any damage that the bitstream tells is an error; and no frame threads, which tell it later.
_STRICT = {**limits.CODEC_OPTIONS, "err_detect": "crccheck+explode"}


def findings(output: InputContainer, film: VideoStream, times: Sequence[int]) -> Iterator[Finding]:
    """Decode a film, newly opened; a sentence for each stream of which something can't be.

    Args:
        output: the file.
        film: its pictures.
        times: of the frames that it should give, its ticks; what is shown at none of them doesn't matter.
    """
    wanted: list[VideoStream | AudioStream] = [film, *output.streams.audio]
    decoders = {s.index: _Decoder(s) for s in wanted if s.codec_context is not None}
    for stream in output.streams:
        if stream.index not in decoders:
            stream.discard = av.stream.Discard.all
    try:
        for packet in output.demux():
            if packet.stream.index in decoders:
                decoders[packet.stream.index].take(packet)
    except av.FFmpegError as error:
        yield Finding("decoding", f"it can't be read to its end ({error.strerror})")
    for decoder in decoders.values():
        yield from decoder.finding(times if decoder.stream.index == film.index else None)


class _Decoder:
    """One stream's, and what it can't decode."""

    def __init__(self, stream: VideoStream | AudioStream) -> None:
        self.stream = stream
        codec = stream.codec_context
        assert codec is not None
        codec.thread_type = "SLICE"
        codec.options = _STRICT
        self._codec: Any = codec
        self._count = 0  # decoded frames
        self._shown: set[int] = set()  # their pts; AVI has none
        self._bad: list[Fraction] = []  # s

    def take(self, packet: av.Packet[Any]) -> None:
        """Decode `packet`, or what is left at the end."""
        try:
            frames = self._codec.decode(packet if packet.size else None)
        except av.error.EOFError:
            return
        except av.FFmpegError:
            time = packet.pts if packet.pts is not None else packet.dts
            self._bad.append((time or 0) * Fraction(packet.time_base or 1))
            return
        self._count += len(frames)
        for frame in frames:
            if frame.pts is not None:
                self._shown.add(frame.pts)
            if frame.is_corrupt:
                self._bad.append((frame.pts or 0) * Fraction(frame.time_base or 1))

    def finding(self, times: Sequence[int] | None) -> Iterator[Finding]:
        """A sentence, if anything was bad, or one of the frames at those times (ticks) didn't come."""
        base = Fraction(self.stream.time_base or 1)
        bad = set(self._bad)
        if times is not None and self._count < len(times) and self._shown:
            bad |= {time * base for time in times if time not in self._shown}
        elif times is not None and self._count < len(times):
            bad |= {time * base for time in times[self._count :]}
        if not bad:
            return
        name = "frames" if times is not None else streams.describe(self.stream)
        places = sorted(bad)
        what = f"{name}: {len(places)} can't be decoded whole, at {listed(places)}"
        if times is None:
            what = f"{name} can't be decoded whole, at {listed(places)}"
        yield Finding("decoding", what, self.stream.index, places[0])
