"""What is said of a batch: its plan, its films one by one, a table at the end. Prints nothing itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from stylize_video.commands.console import cluster_words
from stylize_video.commands.console.flags import spelled
from stylize_video.pipeline.jobs.batch.results import (
    DONE,
    FAILED,
    NOT_BEGUN,
    PAINTED,
    BatchInterrupted,
    Outcome,
    Result,
)

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.batch.plan import BatchPlan
    from stylize_video.pipeline.jobs.batch.survey import Item
    from stylize_video.pipeline.jobs.cluster.population import Figures

_LISTED = 10  # films of a plan that are named, of each kind
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def plan(found: BatchPlan, *, listed: int = _LISTED) -> Iterator[str]:
    """What will be painted, how long that takes, how much disk it needs."""
    count = len(found.items)
    if count or found.done or found.failed:
        yield f"{counted(count, 'film')} to paint into {short(found.folder)}{_frames(found) if count else ''}"
    yield from _some([f"  {short(item.path)}: {item.why}" for item in found.items if _is_told(item)], listed)
    if found.done:
        yield f"{counted(len(found.done), 'film')} painted before, and as they would be now"
    if found.failed:
        yield f"{counted(len(found.failed), 'film')} that can't be painted:"
        yield from _some([f"  {failure(path, reason)}" for path, reason in found.failed], len(found.failed))
    if found.left_out:
        names = ", ".join(path.name for path in found.left_out[:3])
        more = ", ..." if len(found.left_out) > 3 else ""
        yield f"{counted(len(found.left_out), 'file')} left out, no film by the name: {names}{more}"
    yield from (f"note: {note}" for note in found.notes)
    if count:
        yield from _expected(found)


def _is_told(item: Item) -> bool:
    """New films are counted; why others are painted anew is said."""
    return item.why != "new"


def _frames(found: BatchPlan) -> str:
    unknown = found.of_unknown_length
    if unknown == len(found.items):
        return "; none says how many frames it has"
    more = f", and {counted(unknown, 'film')} of unknown length" if unknown else ""
    return f": {counted(found.frames, 'frame')}{more}"


def _some(lines: Sequence[str], most: int) -> Iterator[str]:
    yield from lines[:most]
    if len(lines) > most:
        yield f"  ... and {len(lines) - most} more"


def _expected(found: BatchPlan) -> Iterator[str]:
    expected = found.estimate
    if expected.seconds is not None and expected.per_frame is not None:
        by = f"measured: {1000 * expected.per_frame:.0f} ms a frame of {expected.pixels / 1e6:.2g} megapixels"
        at_once = f", {found.jobs} films at once" if found.jobs > 1 else ""
        yield f"time: about {duration(expected.seconds)} ({by}{at_once})"
    elif expected.keyframes is None:
        yield "time: not measured, there are few frames"
    if expected.keyframes is not None:
        each = f"a keyframe takes about {duration(expected.keyframes)}"
        yield f"time: {each}, and nobody knows yet how many there will be"
    needed = "not measured" if expected.size is None else f"about {size(expected.size)} needed"
    yield f"disk: {needed}, {size(found.free)} free"
    if found.too_large:
        yield (
            "note: the disk will hardly hold it all; what is finished stays, and the same command goes on "
            "when there is room"
        )


def line(result: Result) -> str:
    """What became of a film."""
    if result.status == PAINTED:
        rate = result.frames / result.seconds if result.seconds else 0.0
        took = f"{counted(result.frames, 'frame')} in {duration(result.seconds)} ({rate:.1f} frames/s)"
        return f"painted {short(result.film)}: {took}"
    return f"{result.status}: {failure(result.film, result.reason)}"


def notes(result: Result) -> Iterator[str]:
    """What a user should know of a painting."""
    yield from (f"  note: {spelled(note)}" for note in result.notes)


def failure(film: Path, reason: str) -> str:
    """A film and why it can't be painted, each once."""
    return f"{short(film)}: {_without(film, reason)}"


def _without(film: Path, reason: str) -> str:
    return spelled(reason.removeprefix(f"{film}: "))


def table(results: Sequence[Result]) -> Table:
    """All that was painted or was not; films that were done before are only counted."""
    found = Table("film", "result", box=None)
    for column in ("frames", "time"):
        found.add_column(column, justify="right")
    found.add_column("why")
    order = [PAINTED, NOT_BEGUN, FAILED]
    for result in sorted((r for r in results if r.status in order), key=lambda r: order.index(r.status)):
        done = result.status == PAINTED
        figures = (str(result.frames), duration(result.seconds)) if done else ("", "")
        found.add_row(short(result.film), result.status, *figures, _without(result.film, result.reason))
    return found


def summary(results: Sequence[Result]) -> str:
    """How many films came to what."""
    counts = Counter(result.status for result in results)
    told = [f"{counts[status]} {status}" for status in (PAINTED, DONE, FAILED, NOT_BEGUN) if counts[status]]
    return f"{counted(len(results), 'film')}: {', '.join(told) or 'nothing to do'}"


def watching(folder: Path) -> str:
    """What is done from now on."""
    return f"watching {short(folder)}: films are painted once they have stopped growing; Ctrl-C ends it"


def interrupted(interrupt: BatchInterrupted) -> str:
    """What is kept after Ctrl-C."""
    painted = sum(result.status == PAINTED for result in interrupt.results)
    left = f"{interrupt.left} left" if interrupt.left else "none left"
    return f"{counted(painted, 'film')} painted and recorded, {left}; the same command goes on"


def as_json(found: BatchPlan | None, outcome: Outcome, workers: Sequence[Figures] = ()) -> dict[str, Any]:
    """Everything about a batch; `workers` are those of a cluster."""
    return {
        **cluster_words.as_json(workers),
        "plan": None if found is None else _plan_as_json(found),
        "films": [
            {
                "film": str(result.film),
                "result": result.status,
                "output": None if result.output is None else str(result.output),
                "frames": result.frames,
                "seconds": round(result.seconds, 3),
                "reason": spelled(result.reason),
                "notes": [spelled(note) for note in result.notes],
            }
            for result in outcome.results
        ],
        **({"report_missing": spelled(outcome.unreported)} if outcome.unreported else {}),
    }


def _plan_as_json(found: BatchPlan) -> dict[str, Any]:
    return {
        "output": str(found.folder),
        "to_paint": [
            {
                "film": str(item.path),
                "output": str(found.folder / item.name),
                "why": item.why,
                "frames": None if item.seen is None else item.seen.frames,
            }
            for item in found.items
        ],
        "frames": found.frames,
        "done_before": len(found.done),
        "left_out": [str(path) for path in found.left_out],
        "expected_seconds": found.estimate.seconds,
        "expected_bytes": found.estimate.size,
        "seconds_a_keyframe": found.estimate.keyframes,
        "free_bytes": found.free,
        "notes": list(found.notes),
    }


def counted(number: int, what: str) -> str:
    """`1 film`, `1,234 films`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `5 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(number: float) -> str:
    """`1.2 GB`."""
    unit = 0
    while number >= 1000 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.3g} {_UNITS[unit]}" if number < 1000 else f"{number:.0f} {_UNITS[unit]}"


def short(path: Path) -> str:
    """A path as one would type it here."""
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):
        return str(path)
    return str(path) if near.startswith("..") else near
