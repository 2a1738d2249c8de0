"""One clock for all streams of a file, which neither starts again nor jumps, wherever the file's own does.

Recordings appended to each other, a transmitter's clock that is set or wraps: the file's times start again
in its middle. A `Timeline` says by how much the packets of each stream have to be moved from which packet on.
It is found once (`survey.py`), and all who read the file move packets by it, so that decoded frames
and carried packets agree, whatever each of them leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av

Shifts = Sequence[tuple[int, Fraction]]  # from which packet on, and by how many s; the first from 0

_APART = 60  # s between decoding and showing, beyond which one of the two is damaged
REORDERED = 16  # frames; no decoder holds more back to put them in order


def mend(packet: av.Packet[Any]) -> None:
    """Show a packet when it is decoded, if its own times can't be true together."""
    if packet.pts is None or packet.dts is None or not packet.time_base:
        return
    apart = abs(packet.pts - packet.dts)
    if apart > REORDERED * (packet.duration or 0) and apart * packet.time_base > _APART:
        packet.pts = packet.dts


@dataclass(frozen=True)
class Timeline:
    """How a file's times become those of one clock. Without arguments: they are such times already.

    Attributes:
        offset: s to add to all times up to the first break, and to those of streams not in `shifts`.
        shifts: for the streams whose clock breaks, by their index.
        beginning: s, where the earliest stream begins; None: as the file's header says.
        end: s, where the last one ends; None: as the header says.
        notes: a line for whatever was done to the times.
    """

    offset: Fraction = Fraction(0)
    shifts: Mapping[int, Shifts] = field(default_factory=dict)
    beginning: Fraction | None = None
    end: Fraction | None = None
    notes: tuple[str, ...] = ()

    @property
    def has_breaks(self) -> bool:
        """Whether a packet's shift depends on its place, so that nobody may seek."""
        return bool(self.shifts)

    def walk(self) -> Walk:
        """A way through the file from its first packet on, for one reader."""
        return Walk(self)


class Walk:
    """Moves the packets of one pass over a file, in the file's order. Counts them for each stream."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._counts: dict[int, int] = {}
        self._pending = {index: list(shifts) for index, shifts in timeline.shifts.items()}

    def straighten(self, packet: av.Packet[Any]) -> None:
        """Give `packet` its times on the timeline."""
        mend(packet)
        shift = self._shift(packet)
        if shift and packet.time_base:
            ticks = round(shift / packet.time_base)
            if packet.pts is not None:
                packet.pts += ticks
            if packet.dts is not None:
                packet.dts += ticks

    def _shift(self, packet: av.Packet[Any]) -> Fraction:
        pending = self._pending.get(packet.stream.index)
        if pending is None:
            return self._timeline.offset
        number = self._counts.get(packet.stream.index, 0)
        if packet.size:
            self._counts[packet.stream.index] = number + 1
        while len(pending) > 1 and pending[1][0] <= number:
            del pending[0]
        return pending[0][1]
