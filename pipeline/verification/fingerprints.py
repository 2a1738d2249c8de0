"""A tally that knows each packet by a number, so that the one that differs can be told."""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import Any
from zlib import crc32

import av

from stylize_video.pipeline.carried.report import Tally


class PrintedTally(Tally):
    """Counts, hashes and knows packets again. 12 bytes a packet.

    Attributes:
        prints: of each packet's payload, as it is counted by `Tally`.
        time_base: of the times, s; whoever counts says it.
    """

    def __init__(self, codec: str) -> None:
        super().__init__(codec)
        self.prints = array("I")
        self.time_base = Fraction(1)

    def add(self, packet: av.Packet[Any]) -> None:
        """Count `packet`; its pts must be in the output's ticks."""
        before = self.packets
        super().add(packet)
        if self.packets > before:
            self.prints.append(crc32(self.payload(memoryview(packet))))
