"""What a file's clock shows, packet by packet; nothing is decoded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import av
from av.container import InputContainer

from stylize_video.pipeline.clocks.timeline import REORDERED, mend
from stylize_video.pipeline.containers import streams

_BACK = Fraction(1, 10)  # s by which a decoding time may fall behind the one before, as FFmpeg's command line
_GAP = 10  # s that may lie between two packets of pictures or sound, as there
_SEAMLESS = Fraction(1, 500)  # s between two packets of which the second goes by the same clock for sure


class Reading(NamedTuple):
    """One packet's times, in the survey's ticks."""

    stream: int
    number: int  # of the packets of its stream
    place: int  # in the file: bytes, or else packets; never decreases within a stream
    time: int  # at which it is decoded
    begin: int  # at which it is shown or heard
    end: int  # at which that ends


class Packets:
    """The packets of a file one after the other."""

    def __init__(self, source: InputContainer) -> None:
        self._source = source
        bases = {s.index: Fraction(s.time_base or 1) for s in source.streams}
        self.ticks = lcm(*(base.denominator for base in bases.values()))  # a second
        self._factors = {index: int(base * self.ticks) for index, base in bases.items()}
        # MP4's streams may lie one behind the other: where in the file does not tell when.
        self.has_places = not source.format.name.startswith("mov,")
        # Matroska knows no decoding times; FFmpeg makes some up, and loses count where the clock breaks.
        # Of NUT it makes up all but those of the first pictures, whose times as shown go back and forth.
        is_unsure = source.format.name.startswith(("matroska", "nut"))
        self.reordered = frozenset(s.index for s in source.streams.video if is_unsure)
        self.dense = frozenset(s.index for s in source.streams if streams.kind(s) in ("video", "audio"))

    def read(self) -> Iterator[Reading]:
        """All that have a time. A damaged file just ends."""
        numbers: dict[int, int] = {}
        places: dict[int, int] = {}
        try:
            for order, packet in enumerate(self._source.demux()):
                index = packet.stream.index
                if not packet.size or index not in self._factors:
                    continue
                mend(packet)
                number = numbers[index] = numbers.get(index, -1) + 1
                if packet.pos is not None and self.has_places:  # None behind the first frame of a piece
                    places[index] = max(places.get(index, 0), packet.pos)
                begin = packet.pts if packet.pts is not None else packet.dts
                if begin is None:
                    continue
                time = begin if packet.dts is None or index in self.reordered else packet.dts
                factor = self._factors[index]
                lasts = packet.duration or 0
                end = begin + (lasts if lasts * factor < _GAP * self.ticks else 0)
                place = places.get(index, order)
                yield Reading(index, number, place, time * factor, begin * factor, end * factor)
        except av.FFmpegError:
            return


class Pace:
    """How far a stream has come, in its own times."""

    def __init__(self, packets: Packets, index: int) -> None:
        self._ticks = packets.ticks
        self._is_reordered = index in packets.reordered
        self._times: deque[int] = deque(maxlen=REORDERED if self._is_reordered else 1)
        self.last: Reading | None = None

    @property
    def due(self) -> int:
        """When the next packet is expected."""
        return 0 if self.last is None else self.last.time + self.last.end - self.last.begin

    def add(self, packet: Reading) -> None:
        """The next packet."""
        if self.jumps(packet):
            self._times.clear()
        self._times.append(packet.time)
        self.last = packet

    def jumps(self, packet: Reading) -> bool:
        """Whether the next packet of the stream follows by another clock, or after a long pause."""
        if not self._times:
            return False
        if self._is_reordered:
            is_back = packet.time <= min(self._times)
        else:
            is_back = packet.time < self._times[-1] - _BACK * self._ticks
        return is_back or packet.time > max(*self._times, self.due) + _GAP * self._ticks

    def continues(self, packet: Reading) -> bool:
        """Whether the next packet of the stream begins where the last one ends."""
        return self.last is not None and abs(packet.begin - self.last.end) <= _SEAMLESS * self._ticks
