"""The other streams of two films, one beside the other: what became of the sound and the subtitles."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

from stylize_video.pipeline.scoring.survey import KINDS, FilmSummary, StreamSummary
from stylize_video.pipeline.scoring.time_map import TimeMap

IDENTICAL, OTHER, MISSING, ADDED = "identical", "other packets", "missing", "added"


@dataclass(frozen=True)
class StreamComparison:
    """A stream of the input and the one of the output in its place; one of them may be None."""

    source: StreamSummary | None
    output: StreamSummary | None
    result: str  # IDENTICAL: the same packets, byte by byte; OTHER, MISSING or ADDED
    start_later_s: float | None  # by how much its first packet is later than the output's pictures ask for
    end_later_s: float | None  # the same of its last; None of both where another part of it is compared


def compare(source: FilmSummary, output: FilmSummary, clock: TimeMap) -> tuple[StreamComparison, ...]:
    """Each stream of the input and what became of it: the n-th of a kind is the n-th.

    Args:
        source, output: the two films.
        clock: how the times of their pictures are related, which the sound should keep to.
    """
    part = _part(source, output, clock)
    return tuple(
        _compare(wanted, found, clock, part)
        for kind in KINDS
        for wanted, found in zip_longest(source.of_kind(kind), output.of_kind(kind))
    )


class _Part(NamedTuple):
    """What of the input the output's pictures show, s of the input's clock; None: to that end of the film."""

    start: Fraction | None
    end: Fraction | None

    def of(self, span: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
        """What of a stream goes with it: its first and last time, cut where the pictures are."""
        start, end = span
        return (
            start if self.start is None else max(start, self.start),
            end if self.end is None else min(end, self.end),
        )


def _part(source: FilmSummary, output: FilmSummary, clock: TimeMap) -> _Part:
    if source.span is None or output.span is None:
        return _Part(None, None)
    gap = 2 * clock.reach
    start, end = (clock.to_input(time) for time in output.span)
    return _Part(
        start if start > source.span[0] + gap else None, end + gap if end < source.span[1] - gap else None
    )


def _compare(
    wanted: StreamSummary | None, found: StreamSummary | None, clock: TimeMap, part: _Part
) -> StreamComparison:
    if wanted is None or found is None:
        return StreamComparison(wanted, found, ADDED if wanted is None else MISSING, None, None)
    # Muxers cut raw samples into packets as they like.
    as_many = wanted.packets == found.packets or found.codec.startswith("pcm_")
    result = IDENTICAL if as_many and wanted.digest == found.digest else OTHER
    if wanted.span is None or found.span is None:
        return StreamComparison(wanted, found, result, None, None)
    expected = part.of(wanted.span)
    if expected != wanted.span and wanted.kind != "audio":  # the first line of a part is another line
        return StreamComparison(wanted, found, result, None, None)
    delays = [clock.to_input(late) - time for time, late in zip(expected, found.span, strict=True)]
    return StreamComparison(wanted, found, result, float(delays[0]), float(delays[1]))
