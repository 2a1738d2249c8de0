"""One stream that goes from the source to the output, and the end at which it gets there."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

import av
from av.container import OutputContainer
from av.rational import AVRational
from av.stream import Stream

from stylize_video.pipeline.carried.report import EMPTY_CUE, CarriedStream, Tally
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.formats import Container


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


class TrackOutput:
    """The output's end of a track: gives each packet a decoding time that the muxer accepts."""

    def __init__(
        self, name: str, output: OutputContainer, stream: Stream, kind: Container, *, converted: bool
    ) -> None:
        self.name = name
        self.stream = stream
        self._converted = converted
        self._tally = Tally(streams.codec_name(stream))
        self._packets = 0
        self._muxer = output
        self._kind = kind
        self._last: int | None = None
        self._moved: set[int] = set()
        self._cut = 0  # cues that had to end early
        self.damaged = 0  # packets of the source that could not be decoded
        self._one_at_a_time = streams.codec_name(stream) == "mov_text"
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
            streams.kind(stream),
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
        self._output = TrackOutput(name, output, stream, kind, converted=False)
        self._is_mov_text = streams.codec_name(stream) == "mov_text"

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


def _times(packet: av.Packet[Any]) -> tuple[int, int]:
    """Decoding and presentation time, ticks; where one is missing it is the other."""
    pts = packet.pts if packet.pts is not None else packet.dts or 0
    return (packet.dts if packet.dts is not None else pts), pts
