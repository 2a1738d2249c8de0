"""Finds where the clock of a file starts again or jumps, and makes one `Timeline` of it.

The packets are read once; if anything breaks, once more. Nothing is decoded. The pictures lead: a break of
their clock is one of the file's, as soon as the other streams follow. A stream follows where its times are
nearer to the new clock than to the old one, which is not everywhere the same place in the file: sound lies
some way behind its pictures. Behind a break everything moves by the same amount, by just as much as it
takes for no stream to overlap itself. A stream whose times alone go astray is moved alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, cast

import av
from av.container import InputContainer
from av.format import Flags

from stylize_video.pipeline.clocks import top_level
from stylize_video.pipeline.clocks.joints import Joiner, Part, is_no_beginning, said_of_start
from stylize_video.pipeline.clocks.readings import Pace, Packets, Reading
from stylize_video.pipeline.clocks.timeline import Timeline

_ASTRAY = 30  # s from any of the file's clocks: such times belong to none of them
_ANOTHER_CLOCK = 60  # s between two streams of which the beginning of a file holds both
_MEANWHILE = 10_000  # packets beside a picture that are kept: minutes of sound, where one stands for hours
_RUNNING_CLOCKS = ("flv", "live_flv", "asf", "asf_o", "wtv")  # recorded while sent, beside MPEG's


def survey(
    path: Path, container: InputContainer, film: int, reopen: Callable[[], InputContainer]
) -> Timeline:
    """The timeline of the file.

    Args:
        path: the file, for what is said of it, and for a look at its outermost parts.
        container: the file, open; only its header is looked at.
        film: index of the stream of pictures that leads.
        reopen: opens it anew, to be read to its end.
    """
    if not _may_break(path, container):
        return _late_start(path, container, film)
    with reopen() as source:
        breaks, broken = _Scout(source, film).look()
    if not broken:
        return _late_start(path, container, film)
    with reopen() as source:
        surveyor = _Surveyor(source, film, breaks)
        parts = surveyor.parts()
    joiner = Joiner(parts, surveyor.dense, film, surveyor.ticks)
    return joiner.join(path, is_broadcast=_is_broadcast(container))


def _may_break(path: Path, container: InputContainer) -> bool:
    """Whether times are written beside each packet, rather than in one table for all."""
    name = container.format.name
    if _has(container, Flags.no_timestamps) or name in ("avi", "image2") or name.endswith("_pipe"):
        return False
    if name.startswith("mov,"):
        return top_level.is_fragmented_mp4(path)
    if name.startswith("matroska"):
        return top_level.has_second_segment(path)
    return True


def _has(container: InputContainer, flag: Flags) -> bool:
    return bool(container.format.flags & cast(int, flag.value))


def _is_broadcast(container: InputContainer) -> bool:
    is_running = _has(container, Flags.ts_discont) and container.format.name != "ogg"
    return is_running or container.format.name in _RUNNING_CLOCKS


def _late_start(path: Path, container: InputContainer, film: int) -> Timeline:
    is_broadcast = _is_broadcast(container)
    starts = {
        s.index: s.start_time * s.time_base
        for s in container.streams
        if s.type in ("video", "audio") and s.start_time is not None and s.time_base
    }
    there = starts.get(film, Fraction(container.start_time or 0, av.time_base))
    # A broadcast may hold several programmes, each by a clock of its own.
    other = {index: s for index, s in starts.items() if is_broadcast and abs(s - there) > _ANOTHER_CLOCK}
    begin = min((start for index, start in starts.items() if index not in other), default=there)
    is_late = is_no_beginning(begin, is_broadcast=is_broadcast)
    if not is_late and not other:
        return Timeline()
    notes = [said_of_start(path, begin)] if is_late else []
    notes += [f"{path}: stream {index} goes by another clock; it begins with the film" for index in other]
    begins_at = Fraction(0) if is_late else begin
    return Timeline(
        offset=begins_at - begin,
        shifts={index: ((0, begins_at - start),) for index, start in other.items()},
        beginning=begins_at,
        notes=tuple(notes),
    )


class _Break(NamedTuple):
    """Where the pictures' clock jumps."""

    number: int  # of the first packet by the new clock
    before: int  # place of the last one by the old clock
    place: int
    jump: int  # ticks from where the old clock would be to where the new one is


class _Scout:
    """First pass: whether anything breaks, and where the pictures do."""

    def __init__(self, source: InputContainer, film: int) -> None:
        self._packets = Packets(source)
        self._film = film
        self._paces = {index: Pace(self._packets, index) for index in self._packets.dense}
        self._meanwhile: deque[Reading] = deque(maxlen=_MEANWHILE)  # of other streams, since the last picture

    def look(self) -> tuple[list[_Break], bool]:
        """The breaks of the pictures' clock; and whether there are any in the file."""
        breaks: list[_Break] = []
        broken = False
        for packet in self._packets.read():
            pace = self._paces.get(packet.stream)
            if pace is None:
                continue
            if pace.jumps(packet):
                broken = True
                if packet.stream == self._film and pace.last is not None and not self._pauses(packet):
                    jump = packet.time - pace.due
                    breaks.append(_Break(packet.number, pace.last.place, packet.place, jump))
            pace.add(packet)
            if packet.stream == self._film:
                # By place: of a transport stream a picture comes out only when the next one begins.
                later = (other for other in self._meanwhile if other.place > packet.place)
                self._meanwhile = deque(later, maxlen=_MEANWHILE)
            else:
                self._meanwhile.append(packet)
        return breaks, broken

    def _pauses(self, packet: Reading) -> bool:
        """Whether only the pictures make a pause, since sound goes on in it."""
        last = self._paces[self._film].last
        if last is None or packet.time < last.time:
            return False
        margin = self._packets.ticks
        return any(
            last.time + margin < other.time < packet.time - margin
            for other in self._meanwhile
            if other.place > last.place
        )


class _Surveyor:
    """Second pass, of a file that breaks: which packets go by which of its clocks."""

    def __init__(self, source: InputContainer, film: int, breaks: list[_Break]) -> None:
        self._packets = Packets(source)
        self._film = film
        self._breaks = breaks
        self._paces = {index: Pace(self._packets, index) for index in self._packets.dense}
        self._parts: dict[int, list[Part]] = {}
        self._epoch = 0  # number of the clock by which the pictures go

    def parts(self) -> dict[int, list[Part]]:
        """Read all; the parts of each stream."""
        for packet in self._packets.read():
            self._sort(packet)
            if packet.stream in self._paces:
                self._paces[packet.stream].add(packet)
        return self._parts

    @property
    def ticks(self) -> int:
        """The survey's ticks a second."""
        return self._packets.ticks

    @property
    def dense(self) -> frozenset[int]:
        """The streams of pictures and sound."""
        return self._packets.dense

    def _sort(self, packet: Reading) -> None:
        parts = self._parts.setdefault(packet.stream, [])
        pace = self._paces.get(packet.stream)
        jumps = pace is not None and pace.jumps(packet)
        if packet.stream == self._film:
            self._epoch = sum(b.number <= packet.number for b in self._breaks)
            epoch, astray = self._epoch, False
        else:
            epoch = self._nearest(packet, parts[-1].epoch if parts else 0, jumps=jumps)
            may_stray = jumps or (bool(parts) and parts[-1].astray)
            astray = may_stray and self._distance(packet, epoch) > _ASTRAY * self.ticks
        if not parts or (epoch, astray) != (parts[-1].epoch, parts[-1].astray) or (astray and jumps):
            parts.append(Part(epoch, astray, packet.number, packet.begin, packet.end))
        else:
            parts[-1].add(packet)

    def _nearest(self, packet: Reading, current: int, *, jumps: bool) -> int:
        """The clock by which a packet of another stream goes; never an earlier one than that before."""
        if not self._packets.has_places:
            return min(current + jumps, len(self._breaks))
        pace = self._paces.get(packet.stream)
        if self._paces[self._film].last is None or (pace is not None and pace.continues(packet)):
            return current
        passed = sum(b.place <= packet.place for b in self._breaks)
        last = min(passed + jumps, len(self._breaks))  # a stream that jumps may do so before the pictures
        epochs = range(current, max(current, last) + 1)
        return min(reversed(epochs), key=lambda epoch: self._distance(packet, epoch))

    def _distance(self, packet: Reading, epoch: int) -> int:
        """Ticks between a packet's time and what that clock shows where the pictures are now."""
        film = self._paces[self._film].last
        if film is None:
            return 0
        low, high = sorted((epoch, self._epoch))
        jump = sum(b.jump for b in self._breaks[low:high])
        return abs(packet.time - (film.time + (jump if epoch > self._epoch else -jump)))
