"""Packets of an encoder as plain data, and those of several encoders one behind the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
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


def lead(segment: Sequence[Encoded]) -> int:
    """How many frames before it is shown a frame is decoded: by what the encoder says, or by the order.

    Args:
        segment: all packets of an encoder, as they are decoded; its first frame is shown first.
    """
    first = segment[0].pts if segment else 0
    said = sum(packet.dts < first for packet in segment)
    shown = {pts: number for number, pts in enumerate(sorted(packet.pts for packet in segment))}
    return max([said, *(number - shown[packet.pts] for number, packet in enumerate(segment))])


def joined(segments: Iterable[Sequence[Encoded]], times: Sequence[int], ahead: int) -> Iterator[Encoded]:
    """The packets of segments, each made by an encoder of its own, as those of one film.

    Where frames are not stored in the order in which they are shown, each is decoded some frames before it
    is shown. At a segment's beginning an encoder knows no frames before, and says times as if there were some
    at a constant rate: where the rate varies they may lie before those of the segment before. So all are
    decoded when the frames before them are shown, as one encoder would have it.

    Args:
        segments: packets in the order in which they are decoded, each segment's first a key frame.
        times: pts of all frames in the order in which they are shown.
        ahead: the largest `lead` of any segment.

    Raises:
        ValueError: a segment that can't follow the one before.
    """
    last = None
    for number, packet in enumerate(chain.from_iterable(segments)):
        dts = packet.dts
        if 0 < ahead <= number:
            dts = times[number - ahead]
        elif 0 < ahead < len(times):
            dts = times[number] - (times[ahead] - times[0])
        if dts > packet.pts or (last is not None and dts <= last):
            raise ValueError(f"a packet at {packet.pts} is decoded at {dts}, the one before at {last}")
        last = dts
        yield packet._replace(dts=dts)
