"""One stream that goes from the source to the output: copied packet by packet, or converted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.rational import AVRational
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext

from stylize_video.pipeline.carried import sound
from stylize_video.pipeline.carried.report import EMPTY_CUE, CarriedStream, Tally
from stylize_video.pipeline.containers import channels, holding
from stylize_video.pipeline.containers.formats import Container

_PAUSE = b"\0\0"  # mov_text has a packet of no text for each time between two cues


class Track(Protocol):
    """Takes the packets of one source stream, times already those of the output."""

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write `packet`, or what becomes of it."""

    def finish(self) -> None:
        """Write what is still held back."""

    def report(self) -> CarriedStream:
        """What was written."""


def is_priming(packet: av.Packet[Any], kind: Container) -> bool:
    """Whether this is sound before time 0, which is never heard, and which `kind` can't hold."""
    if kind.negative or packet.pts is None:
        return False
    return packet.pts < 0 and packet.pts + (packet.duration or 0) <= 0


class _Output:
    """The output's end of a track: gives each packet a decoding time that the muxer accepts."""

    def __init__(
        self, name: str, output: OutputContainer, stream: Stream, kind: Container, *, converted: bool
    ) -> None:
        self.name = name
        self.stream = stream
        self._converted = converted
        self._tally = Tally(holding.codec_name(stream))
        self._packets = 0
        self._muxer = output
        self._kind = kind
        self._last: int | None = None
        self._moved: set[int] = set()
        self._cut = 0  # cues that had to end early
        self.damaged = 0  # packets of the source that could not be decoded
        self._one_at_a_time = holding.codec_name(stream) == "mov_text"
        self._cue: av.Packet[Any] | None = None  # held back until the next one is known

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write `packet`, times in its own time base."""
        if not self._one_at_a_time:
            self._mux(packet)
            return
        # A cue of mov_text lasts until the next at most. If it says it lasts longer, FFmpeg moves
        # the next one back.
        cue, self._cue = self._cue, packet
        if cue is not None:
            left = (packet.pts or 0) - (cue.pts or 0)
            self._cut += (cue.duration or 0) > left
            cue.duration = max(min(cue.duration or 0, left), 1)
            self._mux(cue)

    def finish(self) -> None:
        """Write what is held back."""
        if self._cue is not None:
            self._mux(self._cue)
            self._cue = None

    def _mux(self, packet: av.Packet[Any]) -> None:
        packet.stream = self.stream
        packet.rescale_ts(AVRational(*Fraction(self.stream.time_base or 1).as_integer_ratio()))
        dts, pts = _times(packet)
        # Packets of the same time, which some containers allow and others refuse, go one tick
        # apart; so do those that fall together on a coarser clock.
        earliest = None if self._last is None else self._last + self._kind.strict
        if earliest is None and not self._kind.negative:
            earliest = 0  # the first one may be heard in part, from time 0 on
        if earliest is not None and dts < earliest:
            dts = earliest
            if pts < dts:
                pts = dts
                self._moved.add(self._packets)
        packet.dts, packet.pts = dts, pts
        self._last = dts
        if self._converted:  # of copies the carrier has counted what the source holds
            self._tally.add(packet)
        self._packets += 1
        self._muxer.mux_one(packet)

    def report(self) -> CarriedStream:
        """What was written; of a copy without what was in the packets."""
        tally, stream = self._tally, self.stream
        return CarriedStream(
            self.name,
            stream.index,
            holding.kind(stream),
            self._converted,
            tally.packets,
            tally.digest,
            tally.times,
            Fraction(stream.time_base or 1),
            frozenset(self._moved),
            self._cut,
            self.damaged,
        )


class CopyTrack:
    """Packets as they are."""

    def __init__(self, name: str, output: OutputContainer, stream: Stream, kind: Container) -> None:
        self._output = _Output(name, output, stream, kind, converted=False)
        self._is_mov_text = holding.codec_name(stream) == "mov_text"

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write `packet`."""
        if self._is_mov_text and bytes(packet) == EMPTY_CUE:
            return  # the muxer makes its own
        self._output.mux(packet)

    def finish(self) -> None:
        """Write what is held back."""
        self._output.finish()

    def report(self) -> CarriedStream:
        """What was written."""
        return self._output.report()


class AudioTrack:
    """Sound decoded and encoded again, at its own times; gaps become silence.

    Holds back less than one frame of the encoder.
    """

    def __init__(
        self,
        name: str,
        output: OutputContainer,
        source: AudioStream,
        stream: AudioStream,
        kind: Container,
    ) -> None:
        self._output = _Output(name, output, stream, kind, converted=True)
        self._kind = kind
        self._source = source
        self._stream = stream
        self._graph: Graph | None = None
        self._input: sound.Input | None = None  # what the graph takes
        self._begun = False  # whether anything went through a graph
        self._end: Fraction | None = None  # s, where the last frame ended
        self._undecoded = 0  # packets since the last frame

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write what `packet` becomes. A damaged packet becomes silence."""
        begin = None if packet.pts is None else packet.pts * Fraction(packet.time_base)
        self._undecoded += 1
        for frame in self._decode(packet):
            self._push(frame, begin)
            begin = None

    def finish(self) -> None:
        """Drain decoder, filters and encoder."""
        for frame in self._decode(None):
            self._push(frame, None)
        if not self._begun:
            self._output.damaged = self._undecoded  # no error, but no sound either
        self._end_graph()
        self._mux(self._encode(None))
        self._output.finish()

    def report(self) -> CarriedStream:
        """What was written."""
        return self._output.report()

    def _decode(self, packet: av.Packet[Any] | None) -> list[AudioFrame]:
        if packet is not None and not packet.size:
            return []  # to the decoder that would be the end
        try:
            return [channels.safe(frame) for frame in self._source.decode(packet)]
        except av.error.EOFError:
            return []
        except av.FFmpegError:
            self._output.damaged += 1
            return []

    def _push(self, frame: AudioFrame, begin: Fraction | None) -> None:
        """Send `frame` on. `begin`: when (s) its packet begins, unless a frame of it went before."""
        self._stamp(frame, begin)
        shape = sound.Input.of(frame)
        try:
            if self._graph is None or shape != self._input:
                self._end_graph()  # in broadcasts sound changes from stereo to 5.1 and back
                self._graph, self._input = self._make_graph(shape), shape
            self._graph.push(frame)
        except (ValueError, av.FFmpegError):  # channels that the encoder has no place for
            self._output.damaged += 1
            return
        self._begun = True
        self._drain(self._graph)

    def _stamp(self, frame: AudioFrame, begin: Fraction | None) -> None:
        """Give `frame` a time if the decoder gave it none, as when it is drained.

        It begins with its packet, or where the frame before it ended.
        """
        base = Fraction(frame.time_base or 0) or Fraction(1, frame.sample_rate)
        if frame.pts is None:
            time = begin if begin is not None else self._end
            frame.pts = round((time or 0) / base)
        frame.time_base = base
        self._end = frame.pts * base + Fraction(frame.samples, frame.sample_rate)

    def _end_graph(self) -> None:
        graph, self._graph = self._graph, None
        if graph is not None:
            graph.push(None)
            self._drain(graph)

    def _drain(self, graph: Graph) -> None:
        for frame in sound.pulled(graph):
            self._mux(self._encode(frame))

    def _encode(self, frame: AudioFrame | None) -> list[av.Packet[Any]]:
        try:
            return self._stream.encode(frame)
        except av.FFmpegError:
            self._output.damaged += 1
            return []

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            if not is_priming(packet, self._kind):
                self._output.mux(packet)

    def _make_graph(self, shape: sound.Input) -> Graph:
        # AVI's sound begins with the film, so there silence goes in front.
        first = 0 if self._kind.constant_rate and not self._begun else None
        return sound.graph(shape, self._stream.codec_context, first)


class SubtitleTrack:
    """Text subtitles in another coding."""

    def __init__(
        self, name: str, output: OutputContainer, source: Stream, stream: Stream, kind: Container
    ) -> None:
        self._output = _Output(name, output, stream, kind, converted=True)
        self._decoder = cast(SubtitleCodecContext, source.codec_context)
        self._encoder = cast(SubtitleCodecContext, stream.codec_context)

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write what `packet` becomes; nothing if it is damaged or holds no text."""
        if bytes(packet) == _PAUSE:
            return
        try:
            cue = self._decoder.decode2(packet)
            text = self._encoder.encode_subtitle(cue) if cue else None
        except av.FFmpegError:
            text = None
        if text is None or not text.size:
            self._output.damaged += 1
            return
        text.time_base = packet.time_base
        text.pts, text.dts, text.duration = packet.pts, packet.dts, packet.duration
        self._output.mux(text)

    def finish(self) -> None:
        """Write what is held back."""
        self._output.finish()

    def report(self) -> CarriedStream:
        """What was written."""
        return self._output.report()


def _times(packet: av.Packet[Any]) -> tuple[int, int]:
    """Decoding and presentation time, ticks; where one is missing it is the other."""
    pts = packet.pts if packet.pts is not None else packet.dts or 0
    return (packet.dts if packet.dts is not None else pts), pts
