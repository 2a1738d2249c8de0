"""Packets of an encoder as plain data, and those of several encoders one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Self

import av
from av.video.stream import VideoStream


class Encoded(NamedTuple):
    """A packet; times in ticks of whoever knows them."""

    data: bytes
    pts: int
    dts: int
    duration: int  # 0: unknown
    is_keyframe: bool

    @classmethod
    def of(cls, packet: av.Packet[Any]) -> Self:
        """Of an encoder."""
        pts = packet.pts if packet.pts is not None else packet.dts or 0
        dts = packet.dts if packet.dts is not None else pts
        return cls(bytes(packet), pts, dts, packet.duration or 0, packet.is_keyframe)

    def packet(self, stream: VideoStream, time_base: Fraction) -> av.Packet[Any]:
        """For the muxer of a stream, with times in `time_base` (s)."""
        made: av.Packet[Any] = av.Packet(self.data)
        made.stream, made.time_base = stream, time_base
        made.pts, made.dts, made.duration = self.pts, self.dts, self.duration
        made.is_keyframe = self.is_keyframe
        return made


def joined(segments: Iterable[Sequence[Encoded]], times: Sequence[int]) -> Iterator[Encoded]:
    """The packets of segments, each made by an encoder of its own, as those of one film.

    Where frames are not stored in the order in which they are shown, each is decoded as many frames before
    it is shown as the reordering asks for. At a segment's beginning an encoder knows no frames before, and
    says times as if there were some at a constant rate: where the rate varies they may lie before those of
    the segment before. So there the times of the frames before are taken, as one encoder would take them.

    Args:
        segments: packets in the order in which they are decoded, each segment's first a key frame.
        times: pts of all frames in the order in which they are shown.

    Raises:
        ValueError: a segment that can't follow the one before.
    """
    place, last = 0, None
    for segment in segments:
        first = segment[0].pts
        ahead = 0 if place == 0 else sum(packet.dts < first for packet in segment)
        for number, packet in enumerate(segment):
            dts = times[place + number - ahead] if number < ahead else packet.dts
            if last is not None and not last < dts <= packet.pts:
                raise ValueError(
                    f"a packet at {packet.pts} is decoded at {dts}, and the one before at {last}"
                )
            last = dts
            yield packet._replace(dts=dts)
        place += len(segment)
