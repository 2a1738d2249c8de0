"""The packets that go from the source into the output beside the pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from fractions import Fraction
from typing import Any, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Stream

from stylize_video.pipeline.carried import hidden
from stylize_video.pipeline.carried.report import Tally
from stylize_video.pipeline.carried.tracks import is_priming
from stylize_video.pipeline.carried.trial import Trial
from stylize_video.pipeline.clocks.timeline import Timeline
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.time_range import TimeRange

_MICROSECOND = Fraction(1, av.time_base)
_LONGEST_CUE = 10  # s before the clip in which we look for subtitles that are still on screen
_SLACK = 30  # s that packets of one time may lie apart in a file


class SourcePackets:
    """Packets of the wanted streams that the clip holds, in the file's order, with the output's times.

    Attributes:
        tallies: of each wanted stream, what came out of the demuxer so far.
        failure: why the source ended before its end, if it did.
        refused: of each copied stream, the times (s, the output's clock) of packets that the container
            does not take: damaged ones.
    """

    def __init__(
        self, source: InputContainer, container: Container, clip: TimeRange, timeline: Timeline
    ) -> None:
        self.tallies: dict[int, Tally] = {}
        self.failure: str | None = None
        self.refused: dict[int, list[Fraction]] = {}
        self._source = source
        self._container = container
        self._clip = clip
        self._timeline = timeline
        self._copied: dict[int, Trial] = {}
        self._next_dts: dict[int, int] = {}
        self._last_dts: dict[int, int] = {}
        self._durations: dict[int, int] = {}
        self._begun: set[int] = set()  # further pictures whose first key frame is through
        self._packets = self._demux()
        self._held: av.Packet[Any] | None = None  # read, but not due yet

    def want(self, stream: Stream, *, copied: bool) -> None:
        """Hand out the packets of `stream` too, which are to be copied as they are, or converted."""
        self.tallies[stream.index] = Tally(streams.codec_name(stream))
        if copied:
            self._copied[stream.index] = Trial(stream, self._container)

    def discard_others(self) -> None:
        """Let the demuxer skip what nobody wants."""
        for stream in self._source.streams:
            if stream.index not in self.tallies:
                stream.discard = Discard.all

    def take_until(self, time: Fraction) -> Generator[av.Packet[Any], None, None]:
        """Packets that are decoded at or before `time` (s, the output's clock)."""
        while (packet := self._next()) is not None and _time(packet) <= time:
            self._held = None
            yield packet

    def take_rest(self, end: Fraction | None) -> Generator[av.Packet[Any], None, None]:
        """The rest, up to `end` (s, the output's clock; None: all)."""
        while (packet := self._next()) is not None:
            self._held = None
            if end is None or _time(packet) < end:
                yield packet
            elif _time(packet) > end + _SLACK:
                return

    def close(self) -> None:
        """Let go of the source's packets. Safe to call again."""
        self._packets.close()
        self._held = None
        for trial in self._copied.values():
            trial.close()

    def _next(self) -> av.Packet[Any] | None:
        """The packet that is due next, held until somebody takes it."""
        if self._held is None:
            self._held = next(self._packets, None)
        return self._held

    def _demux(self) -> Generator[av.Packet[Any], None, None]:
        """Packets of the clip, with the output's times. A damaged source just ends."""
        try:
            if self._clip.start is not None and not self._timeline.has_breaks:
                # Nothing breaks if the file can't seek: packets before the clip are skipped anyway.
                kinds = {self._source.streams[index].type for index in self.tallies}
                early = _LONGEST_CUE if "subtitle" in kinds else 1
                with contextlib.suppress(av.FFmpegError):
                    self._source.seek(int((self._clip.start - early - self._timeline.offset) / _MICROSECOND))
            walk = self._timeline.walk()
            for packet in self._source.demux():
                walk.straighten(packet)
                if packet.stream.index not in self.tallies or not self._timed(packet):
                    continue
                time = _time(packet)
                if self._clip.end is not None and time >= self._clip.end + _SLACK:
                    return
                if not self._in_clip(packet):
                    continue
                self._shift(packet)
                if packet.stream.index in self._copied and self._is_left_out(packet):
                    continue
                if packet.stream.index in self._copied and packet.stream.type == "audio":
                    index = packet.stream.index
                    whole = self._durations.setdefault(index, packet.duration or 0)  # the first one's
                    hidden.end_with_what_is_heard(packet, self._container, whole)
                # Of what is converted the decoder needs what is hidden, and nothing comes of it.
                if packet.stream.index in self._copied or not packet.is_discard:
                    self.tallies[packet.stream.index].add(packet)
                yield packet
        except av.FFmpegError as error:
            self.failure = error.strerror

    def _is_left_out(self, packet: av.Packet[Any]) -> bool:
        """Whether the copy of a stream is to be without `packet`."""
        if is_priming(packet, self._container):
            return True
        index = packet.stream.index
        if self._copied[index].takes(packet):
            return False
        self.refused.setdefault(index, []).append(_time(packet))
        return True

    def _in_clip(self, packet: av.Packet[Any]) -> bool:
        """Whether the clip holds `packet`; what reaches into it is cut to it."""
        kind, start = streams.kind(packet.stream), self._clip.start
        if kind == "cover":
            self._delay(packet)  # it has no time of its own
            return True
        if start is None or kind not in ("subtitle", "video"):
            return self._clip.holds(_time(packet))
        begin = (packet.pts or 0) * Fraction(packet.time_base)
        if kind == "subtitle":
            if begin < start < begin + (packet.duration or 0) * Fraction(packet.time_base):
                self._delay(packet)
                return bool(packet.duration)
            return self._clip.holds(_time(packet))
        if begin >= start and packet.is_keyframe:
            self._begun.add(packet.stream.index)
        # Not by the time it is shown, for frames before the end may depend on one after it.
        is_early = self._clip.end is None or _time(packet) < self._clip.end
        return packet.stream.index in self._begun and begin >= start and is_early

    def _delay(self, packet: av.Packet[Any]) -> None:
        """Let `packet` begin with the clip, and end when it did."""
        begin = self._clip.shift(Fraction(packet.time_base))
        late = begin - (packet.pts or 0)
        if self._clip.start is not None and late > 0:
            packet.pts = packet.dts = begin
            packet.duration = max((packet.duration or 0) - late, 0)

    def _timed(self, packet: av.Packet[Any]) -> bool:
        """Fill in missing times; False for the empty packets that mark the end."""
        if packet.dts is None and packet.pts is None:
            if not packet.size:
                return False
            packet.dts = self._next_dts.get(packet.stream.index, 0)
        if packet.pts is None:
            packet.pts = packet.dts
        index = packet.stream.index
        if packet.dts is None and packet.stream.type == "video":
            # Before the first ones of a stream in which frames are reordered; no more than 16 are.
            second = round(1 / Fraction(packet.time_base))
            packet.dts = self._last_dts.get(index, (packet.pts or 0) - second - 1) + 1
        dts = packet.dts = packet.pts or 0 if packet.dts is None else packet.dts
        if not packet.duration and packet.stream.type == "audio":
            packet.duration = self._duration(packet, dts)
        self._last_dts[index] = dts
        self._next_dts[index] = dts + (packet.duration or 0)
        return True

    def _duration(self, packet: av.Packet[Any], dts: int) -> int:
        """What a packet of sound must last that does not say so, ticks. MP4 would lose the last one."""
        context = cast(AudioStream, packet.stream).codec_context
        if context is not None and context.frame_size and context.sample_rate:
            ticks = round(Fraction(context.frame_size, context.sample_rate) / Fraction(packet.time_base))
        else:
            ticks = dts - self._last_dts.get(packet.stream.index, dts)
        return max(ticks, 1)

    def _shift(self, packet: av.Packet[Any]) -> None:
        ticks = self._clip.shift(Fraction(packet.time_base))
        if ticks:
            packet.dts = (packet.dts or 0) - ticks
            packet.pts = (packet.pts or 0) - ticks


def _time(packet: av.Packet[Any]) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base)  # `_timed` gave it one
