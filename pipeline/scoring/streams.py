"""The other streams of two films, one beside the other: what became of the sound and the subtitles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from stylize_video.pipeline.scoring.survey import KINDS, FilmSummary, StreamSummary
from stylize_video.pipeline.scoring.time_map import TimeMap

IDENTICAL, OTHER, MISSING, ADDED = "identical", "other packets", "missing", "added"


@dataclass(frozen=True)
class StreamComparison:
    """A stream of the input and the one of the output in its place; one of them may be None."""

    source: StreamSummary | None
    output: StreamSummary | None
    result: str  # IDENTICAL: the same packets, byte by byte; OTHER, MISSING or ADDED
    start_later_s: float | None  # by how much its first packet is later than the pictures are
    end_later_s: float | None  # the same of its last


def compare(source: FilmSummary, output: FilmSummary, clock: TimeMap) -> tuple[StreamComparison, ...]:
    """Each stream of the input and what became of it: the n-th of a kind is the n-th.

    Args:
        source, output: the two films.
        clock: how the times of their pictures are related, which the sound should keep to.
    """
    return tuple(
        _compare(wanted, found, clock)
        for kind in KINDS
        for wanted, found in zip_longest(source.of_kind(kind), output.of_kind(kind))
    )


def _compare(wanted: StreamSummary | None, found: StreamSummary | None, clock: TimeMap) -> StreamComparison:
    if wanted is None or found is None:
        return StreamComparison(wanted, found, ADDED if wanted is None else MISSING, None, None)
    # Muxers cut raw samples into packets as they like.
    as_many = wanted.packets == found.packets or found.codec.startswith("pcm_")
    result = IDENTICAL if as_many and wanted.digest == found.digest else OTHER
    if wanted.span is None or found.span is None:
        return StreamComparison(wanted, found, result, None, None)
    delays = [clock.to_input(late) - time for time, late in zip(wanted.span, found.span, strict=True)]
    return StreamComparison(wanted, found, result, float(delays[0]), float(delays[1]))
