"""What is said of a finished run: lines for people, one object for programs. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stylize_video.commands.console.flags import spelled

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.painted import Painted
    from stylize_video.pipeline.profile import Profile


def lines(result: Painted) -> Iterator[str]:
    """What could not be kept, what was verified, what it took."""
    yield from (f"note: {note}" for note in result.notes)
    if result.verified:
        yield result.verified
    painted = result.frames - result.before
    rate = painted / result.seconds
    took = f"{result.seconds:.1f} s"
    if result.frames == 1:
        yield f"painted {result.output} in {took}"
    elif result.before:
        yield (
            f"painted {result.output}: {result.frames} frames, {result.before} of them by an interrupted run,"
            f" {painted} in {took} ({rate:.1f} frames/s)"
        )
    else:
        yield f"painted {result.output}: {result.frames} frames in {took} ({rate:.1f} frames/s)"


def as_json(result: Painted, style: str, *, draft: bool) -> dict[str, Any]:
    """Everything about a run."""
    return {
        "output": str(result.output),
        "style": style,
        "draft": draft,
        "frames": result.frames,
        "frames_of_interrupted_runs": result.before,
        "damaged": result.damaged,
        "seconds": round(result.seconds, 3),
        "frames_per_second": round((result.frames - result.before) / result.seconds, 3),
        "seconds_to_first_frame": round(result.profile.first_frame, 3),
        "profile": {
            name: {"working": round(stage.working, 3), "waiting": round(stage.waiting, 3)}
            for name, stage in result.profile.times.items()
        },
        "notes": [spelled(note) for note in result.notes],
        "verified": result.verified,
    }


def of_profile(profile: Profile) -> Iterator[str]:
    """A table: how long each stage worked and waited, and which one limits."""
    yield "stage       working s  waiting s"
    for name, stage in profile.times.items():
        limit = "  limits" if name == profile.limit else ""
        yield f"{name:10}  {stage.working:9.2f}  {stage.waiting:9.2f}{limit}"
    yield f"first frame painted {profile.first_frame:.2f} s after the film was open and the network loaded"
