"""Two films frame by frame, in step: which frame of the one belongs to which of the other, by their times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.scoring.time_map import TimeMap

_FIRST = 5  # how many times of what went wrong are kept


class Pair(NamedTuple):
    """A frame of the original, the same of the output, and the number of the shot it is in, from 1."""

    source: Frame
    output: Frame
    shot: int


@dataclass
class Misfits:
    """Frames of which something is wrong: how many, and when the first few are."""

    count: int = 0
    times: list[Fraction] = field(default_factory=list)  # s, in the clock of the film that has the frame

    def add(self, time: Fraction) -> None:
        """Count one more."""
        self.count += 1
        if len(self.times) < _FIRST:
            self.times.append(time)


@dataclass
class PairingReport:
    """What came of a pairing, complete once the pairs are all taken."""

    pairs: int = 0
    missing: Misfits = field(default_factory=Misfits)  # frames of the input without one in the output
    added: Misfits = field(default_factory=Misfits)  # frames of the output without one in the input
    moved: Misfits = field(default_factory=Misfits)  # pairs further apart than a tick of the coarser clock
    farthest: Fraction = Fraction(0)  # s that a pair is apart at most


def pair(
    source: Iterable[Frame], output: Iterable[Frame], clock: TimeMap, report: PairingReport
) -> Iterator[Pair]:
    """Pairs in order of time. Each frame is in one pair at most; of each film two frames are held.

    Two frames are a pair if no later frame of either film is nearer to the other, and they are within
    `clock.reach`. A film that lacks a frame so loses this one, and the others stay where they are.

    Args:
        source: with `Frame.cut` set where a shot begins.
        output: in order of presentation.
        clock: the relation of their times.
        report: is filled in meanwhile.
    """
    ours, theirs = _Ahead(_by_shot(source)), _Ahead(_on_the_clock(output, clock))
    while ours.head is not None and theirs.head is not None:
        wanted, found = ours.head, theirs.head
        distance = found.time - wanted.time
        if distance > 0 and (distance > clock.reach or _is_nearer(ours.next, found, distance)):
            report.missing.add(wanted.frame.time)
            ours.advance()
        elif distance < 0 and (-distance > clock.reach or _is_nearer(theirs.next, wanted, -distance)):
            report.added.add(found.frame.time)
            theirs.advance()
        else:
            _count(report, wanted, abs(distance), clock)
            yield Pair(wanted.frame, found.frame, wanted.shot)
            ours.advance()
            theirs.advance()
    for misfits, rest in ((report.missing, ours), (report.added, theirs)):
        while rest.head is not None:
            misfits.add(rest.head.frame.time)
            rest.advance()


class _Item(NamedTuple):
    frame: Frame
    time: Fraction  # s, the input's clock
    shot: int  # 0 for frames of the output, which has no shots of its own


def _is_nearer(following: _Item | None, other: _Item, distance: Fraction) -> bool:
    """Whether a film's next frame is nearer to the other film's than the one at hand."""
    return following is not None and abs(following.time - other.time) < distance


def _count(report: PairingReport, wanted: _Item, distance: Fraction, clock: TimeMap) -> None:
    report.pairs += 1
    report.farthest = max(report.farthest, distance)
    if distance > clock.tick:
        report.moved.add(wanted.time)


def _by_shot(frames: Iterable[Frame]) -> Iterator[_Item]:
    """The input's frames, each with the number of its shot."""
    shot = 0
    for frame in frames:
        shot += frame.cut or not shot
        yield _Item(frame, frame.time, shot)


def _on_the_clock(frames: Iterable[Frame], clock: TimeMap) -> Iterator[_Item]:
    """The output's frames with their times in the input's clock."""
    return (_Item(frame, clock.to_input(frame.time), 0) for frame in frames)


class _Ahead:
    """An iterator of which the next two items can be seen."""

    def __init__(self, items: Iterator[_Item]) -> None:
        self._items = items
        self.head = next(items, None)
        self.next = next(items, None)

    def advance(self) -> None:
        """Let go of the head."""
        self.head, self.next = self.next, next(self._items, None)
