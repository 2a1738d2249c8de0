"""One stream that goes from the source to the output: copied packet by packet, or converted."""

from __future__ import annotations

from collections.abc import Iterator
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

from stylize_video.pipeline import holding
from stylize_video.pipeline.formats import Container
from stylize_video.pipeline.report import EMPTY_CUE, CarriedStream, Tally

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
        self._tally = Tally(_codec_name(stream))
        self._packets = 0
        self._muxer = output
        self._kind = kind
        self._last: int | None = None
        self._moved: set[int] = set()
        self._cut = 0  # cues that had to end early
        self.damaged = 0  # packets of the source that could not be decoded
        self._one_at_a_time = _codec_name(stream) == "mov_text"
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
            assert cue.pts is not None
            assert packet.pts is not None
            self._cut += (cue.duration or 0) > packet.pts - cue.pts
            cue.duration = max(min(cue.duration or 0, packet.pts - cue.pts), 1)
            self._mux(cue)

    def finish(self) -> None:
        """Write what is held back."""
        if self._cue is not None:
            self._mux(self._cue)
            self._cue = None

    def _mux(self, packet: av.Packet[Any]) -> None:
        packet.stream = self.stream
        assert self.stream.time_base is not None
        packet.rescale_ts(AVRational(*self.stream.time_base.as_integer_ratio()))
        assert packet.pts is not None
        assert packet.dts is not None
        # Packets of the same time, which some containers allow and others refuse, go one tick
        # apart; so do those that fall together on a coarser clock.
        if self._last is not None and packet.dts < self._last + self._kind.strict:
            packet.dts = self._last + self._kind.strict
            if packet.pts < packet.dts:
                packet.pts = packet.dts
                self._moved.add(self._packets)
        self._last = packet.dts
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
        self._is_mov_text = _codec_name(stream) == "mov_text"

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
        # async=1 fills gaps and cuts overlaps, and leaves everything else as it is. AVI's sound
        # begins with the film, so there silence goes in front.
        self._resampling = "async=1:first_pts=0" if kind.constant_rate else "async=1"

    def mux(self, packet: av.Packet[Any]) -> None:
        """Write what `packet` becomes. A damaged packet becomes silence."""
        pts, time_base = packet.pts, packet.time_base
        for frame in self._decode(packet):
            if frame.pts is None:
                frame.pts, frame.time_base = pts, time_base
            self._push(frame)

    def finish(self) -> None:
        """Drain decoder, filters and encoder."""
        for frame in self._decode(None):
            self._push(frame)
        if self._graph is not None:
            self._graph.push(None)
            self._drain()
        self._mux(self._stream.encode(None))
        self._output.finish()

    def report(self) -> CarriedStream:
        """What was written."""
        return self._output.report()

    def _decode(self, packet: av.Packet[Any] | None) -> list[AudioFrame]:
        try:
            return self._source.decode(packet)
        except av.error.EOFError:
            return []
        except av.FFmpegError:
            self._output.damaged += 1
            return []

    def _push(self, frame: AudioFrame) -> None:
        if self._graph is None:
            self._graph = self._make_graph(frame)
        self._graph.push(frame)
        self._drain()

    def _drain(self) -> None:
        assert self._graph is not None
        for frame in _pulled(self._graph):
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            if not is_priming(packet, self._kind):
                self._output.mux(packet)

    def _make_graph(self, frame: AudioFrame) -> Graph:
        encoder = self._stream.codec_context
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        resample = graph.add("aresample", self._resampling)
        shape = graph.add(
            "aformat",
            f"sample_fmts={encoder.format.name}:sample_rates={encoder.sample_rate}"
            f":channel_layouts={encoder.layout.name}",
        )
        graph.link_nodes(source, resample, shape, graph.add("abuffersink"))
        graph.configure()
        if encoder.frame_size:
            graph.set_audio_frame_size(encoder.frame_size)
        return graph


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


def _codec_name(stream: Stream) -> str:
    context = getattr(stream, "codec_context", None)
    return context.codec.canonical_name if context is not None else ""


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
