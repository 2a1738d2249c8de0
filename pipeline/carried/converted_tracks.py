"""Streams that are coded again on their way from the source to the output: sound and text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.filter import Graph
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext

from stylize_video.pipeline.carried import sound
from stylize_video.pipeline.carried.report import CarriedStream
from stylize_video.pipeline.carried.tracks import TrackOutput, is_priming
from stylize_video.pipeline.containers import channels
from stylize_video.pipeline.containers.formats import Container

_PAUSE = b"\0\0"  # mov_text has a packet of no text for each time between two cues


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
        self._output = TrackOutput(name, output, stream, kind, converted=True)
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
        self._output = TrackOutput(name, output, stream, kind, converted=True)
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
