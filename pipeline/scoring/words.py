"""A score in words and figures for people, the same ones on the terminal and on the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stylize_video.pipeline.scoring.streams import ADDED, IDENTICAL, MISSING, OTHER, StreamComparison

if TYPE_CHECKING:
    from stylize_video.pipeline.scoring.pairing import Misfits
    from stylize_video.pipeline.scoring.score import Score

NOTHING = "–"
_AUDIBLE = {IDENTICAL: 0.0015, OTHER: 0.06}  # s; encoders cut sound into frames of up to 60 ms


def number(value: float | None, *, sign: bool = False) -> str:
    """Three significant figures, never with an exponent; a dash for None."""
    if value is None or not math.isfinite(value):
        return NOTHING
    digits = 2 if not value else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:{'+' if sign else ''}.{min(digits, 9)}f}"


def percent(value: float | None) -> str:
    """Of a share in 0..1."""
    return NOTHING if value is None else f"{100 * value:.0f} %"


def clock(seconds: float | None) -> str:
    """A time in a film: 0:04.20, 1:02:03.00."""
    if seconds is None:
        return NOTHING
    hundredths = round(abs(seconds) * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and hundredths else ""
    front = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{sign}{front}:{rest / 100:05.2f}"


def frames(score: Score) -> Iterator[str]:
    """How the frames of the two films belong together, a line for each thing to be said."""
    report, times = score.pairing, score.clock
    total = report.pairs + report.missing.count
    equal = "" if report.moved.count else ", at equal times"
    yield f"{report.pairs} of {total} frames of the input are in the output{equal}"
    if times.duration_ratio != 1:
        yield f"the output takes {float(times.duration_ratio):.4f} times as long, with the same frames"
    if times.offset:
        later = "later" if times.offset > 0 else "earlier"
        yield f"the output starts {abs(float(times.offset)):.3f} s {later}"
    if times.later > times.reach:
        part = f"it may be a later part as well, by up to {float(times.later):.3f} s"
        yield f"the output is shorter and taken for the film's beginning; {part}"
    for misfits, what in ((report.missing, "missing"), (report.added, "added")):
        if misfits.count:
            yield f"{_counted(misfits)} {what}: {_when(misfits)}"
    if report.moved.count:
        far = f"by {1000 * float(report.farthest):.1f} ms at most"
        yield f"{_counted(report.moved)} moved, {far}: {_when(report.moved)}"


def _counted(misfits: Misfits) -> str:
    return "1 frame is" if misfits.count == 1 else f"{misfits.count} frames are"


def _when(misfits: Misfits) -> str:
    named = ", ".join(clock(float(time)) for time in misfits.times)
    return f"at {named}" + (", ..." if misfits.count > len(misfits.times) else "")


def stream(comparison: StreamComparison) -> str:
    """What became of a stream: "stream 1 (audio, aac, eng): identical"."""
    named = comparison.source or comparison.output
    assert named is not None  # one of them is there
    words = comparison.result
    if comparison.result in (MISSING, ADDED):
        return f"{named.name}: {words}"
    if comparison.result == OTHER and comparison.source and comparison.output:
        source, output = comparison.source, comparison.output
        words = f"encoded again as {output.codec}"
        if source.codec == output.codec:
            words = f"cut or altered, {output.packets} packets of {source.packets} in the input"
    for verb, delay in (("starts", comparison.start_later_s), ("ends", comparison.end_later_s)):
        if delay is not None and abs(delay) > _AUDIBLE[comparison.result]:
            words += f", {verb} {abs(delay):.3f} s too {'late' if delay > 0 else 'early'} for the pictures"
    return f"{named.name}: {words}"
