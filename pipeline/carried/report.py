"""What was carried of a stream, in a form that can be found again in the output."""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from stylize_video.pipeline.carried import aac

EMPTY_CUE = b"\0\0"  # mov_text between two subtitles; muxers add and drop them as they need


@dataclass(frozen=True)
class CarriedStream:
    """One carried stream, to be found again in the output.

    Of a copy, packets, digest and times are those that the source held, so that nothing that
    stands between demuxer and muxer can lose or alter a packet unseen. Of a converted stream they
    are those that were written, and `span` is what the source held.
    """

    name: str  # "stream 1 (audio, aac, eng)"
    index: int  # of the stream in the output
    type: str  # "audio", "subtitle", "data", "video", "cover", "attachment"
    converted: bool
    packets: int
    digest: bytes  # BLAKE2b of the payloads, one after the other
    times: array[int]  # pts of each packet, ticks of time_base, in the output's clock
    time_base: Fraction  # s
    moved: frozenset[int] = frozenset()  # packets whose time the container could not hold
    cut: int = 0  # cues that had to end before their time
    damaged: int = 0  # packets of which a conversion could make nothing
    span: tuple[Fraction, Fraction] | None = None  # first and last time (s) that the source held


class Tally:
    """Counts and hashes the packets of one stream, the same way when writing and when verifying.

    Payloads are hashed without what belongs to the container: AAC's headers, which transport
    streams need and MP4 must not have, and the empty cues of mov_text.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._hash = hashlib.blake2b(digest_size=16)
        self.times = array("q")

    def add(self, packet: av.Packet[Any]) -> None:
        """Count `packet`; its pts must be in the output's ticks."""
        data = memoryview(packet)
        if self._codec == "mov_text" and bytes(data) == EMPTY_CUE:
            return
        self._hash.update(self.payload(data))
        self.times.append(packet.pts if packet.pts is not None else packet.dts or 0)

    def payload(self, data: memoryview) -> Any:
        """What of a packet's bytes is hashed."""
        return aac.sound(data) if self._codec == "aac" else data

    def span(self, time_base: Fraction) -> tuple[Fraction, Fraction] | None:
        """Time (s) of the first and of the last packet; None without any."""
        if not self.times:
            return None
        return min(self.times) * time_base, max(self.times) * time_base

    @staticmethod
    def of(data: bytes) -> bytes:
        """The hash of a payload that is no packet, 16 bytes."""
        return hashlib.blake2b(data, digest_size=16).digest()

    @property
    def packets(self) -> int:
        """How many packets were counted."""
        return len(self.times)

    @property
    def digest(self) -> bytes:
        """The hash of all payloads so far, 16 bytes."""
        return self._hash.digest()
