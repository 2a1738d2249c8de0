"""Puts the parts of a file that go by different clocks one behind the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize_video.pipeline.clocks.readings import Reading
from stylize_video.pipeline.clocks.timeline import Timeline

_RETURN = Fraction(1, 2)  # s within which a clock that goes on as before a disturbance is taken for that one
# s from which on a start says what a clock showed, not where the film begins
_LATE_BROADCAST, _LATE = 5, 3600


@dataclass
class Part:
    """The packets of one stream between two breaks."""

    epoch: int  # number of the file's clock; the first is 0
    astray: bool  # whether its times belong to none of the file's clocks
    number: int  # of the first packet
    begin: int
    end: int

    def add(self, packet: Reading) -> None:
        """One more packet of the same clock."""
        self.begin = min(self.begin, packet.begin)
        self.end = max(self.end, packet.end)


def is_no_beginning(begin: Fraction, *, is_broadcast: bool) -> bool:
    """Whether `begin` (s) is what a clock happened to show."""
    return (is_broadcast and not 0 <= begin <= _LATE_BROADCAST) or begin > _LATE


def said_of_start(path: Path, begin: Fraction) -> str:
    """A line for people on a film that is moved from `begin` (s) to 0."""
    if begin < 0:
        return f"{path}: its clock starts again {float(-begin):.3f} s from where the film begins, here at 0"
    return f"{path}: its clock stands at {_clock(begin)} where the film begins; here it begins at 0"


def _clock(time: Fraction) -> str:
    seconds = round(time, 3)
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{float(rest):06.3f}"


class Joiner:
    """Puts the parts one behind the other."""

    def __init__(self, parts: dict[int, list[Part]], dense: frozenset[int], film: int, ticks: int) -> None:
        self._parts = parts
        self._dense = {index: parts[index] for index in dense if parts.get(index)}
        self._film = film
        self._ticks = ticks
        self._ends: dict[int, int] = {}  # where each stream ends so far, on the timeline

    def join(self, path: Path, *, is_broadcast: bool) -> Timeline:
        """The timeline."""
        first = min(p.begin for parts in self._dense.values() for p in parts if p.epoch == 0 and not p.astray)
        start = Fraction(first, self._ticks)
        notes = []
        if is_no_beginning(start, is_broadcast=is_broadcast):
            notes.append(said_of_start(path, start))
            offsets = [-first]
        else:
            offsets = [0]
        joints = []
        self._note_ends(0, offsets[0])
        for epoch in range(1, 1 + max((part.epoch for part in self._parts.get(self._film, ())), default=0)):
            joints.append(self._ends[self._film])
            offsets.append(self._offset(epoch, offsets))
            self._note_ends(epoch, offsets[-1])
        if joints:
            notes.append(_said_of_breaks(path, [Fraction(joint, self._ticks) for joint in joints]))
        shifts = {index: self._shifts(parts, offsets) for index, parts in self._parts.items()}
        return Timeline(
            offset=Fraction(offsets[0], self._ticks),
            shifts=shifts if any(len(s) > 1 for s in shifts.values()) else {},
            beginning=Fraction(first + offsets[0], self._ticks),
            end=Fraction(max(self._ends.values()), self._ticks),
            notes=tuple(notes),
        )

    def _spans(self, epoch: int) -> Iterator[tuple[int, Part]]:
        for index, parts in self._dense.items():
            yield from ((index, part) for part in parts if part.epoch == epoch and not part.astray)

    def _note_ends(self, epoch: int, offset: int) -> None:
        for index, part in self._spans(epoch):
            end = part.end + offset
            self._ends[index] = max(self._ends.get(index, end), end)

    def _offset(self, epoch: int, earlier: list[int]) -> int:
        """By how much all that goes by one clock moves."""
        begins: dict[int, int] = {}
        for index, part in self._spans(epoch):
            begins[index] = min(begins.get(index, part.begin), part.begin)
        for offset in earlier[:-1]:
            # The clock of before, which only a few broken times had interrupted.
            pause = begins[self._film] + offset - self._ends[self._film]
            if 0 <= pause <= _RETURN * self._ticks:
                return offset
        return max(self._ends[index] - begin for index, begin in begins.items() if index in self._ends)

    def _shifts(self, parts: list[Part], offsets: list[int]) -> list[tuple[int, Fraction]]:
        shifts: list[tuple[int, Fraction]] = []
        end = 0
        for part in parts:
            offset = end - part.begin if part.astray else offsets[part.epoch]
            end = max(end, part.end + offset)
            shift = Fraction(offset, self._ticks)
            if not shifts or shifts[-1][1] != shift:
                shifts.append((part.number if shifts else 0, shift))
        return shifts


def _said_of_breaks(path: Path, joints: list[Fraction]) -> str:
    places = ", ".join(f"{float(joint):.3f}" for joint in joints[:3]) + (", ..." if len(joints) > 3 else "")
    return f"{path}: its clock starts again or jumps (here at {places} s); times run on over that"
