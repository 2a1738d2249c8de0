"""What is said of a score: tables for people, one object for programs. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from stylize_video.pipeline.scoring import words
from stylize_video.pipeline.scoring.curves import condense, rounded
from stylize_video.pipeline.scoring.words import clock, number, percent

if TYPE_CHECKING:
    from stylize_video.pipeline.scoring.figures import Figures
    from stylize_video.pipeline.scoring.pairing import Misfits
    from stylize_video.pipeline.scoring.score import Score
    from stylize_video.pipeline.scoring.streams import StreamComparison
    from stylize_video.pipeline.scoring.survey import FilmSummary

_SHOTS = 20  # that are listed on a terminal; --json and --html have all


def tables(score: Score) -> Iterator[Table]:
    """The film's figures, and below them those of its shots if there are several."""
    yield _film(score)
    if len(score.shots) > 1:
        yield _shots(score.shots)


def lines(score: Score) -> Iterator[str]:
    """What became of frames and streams, and what is to be known."""
    if len(score.shots) > _SHOTS:
        yield f"{len(score.shots) - _SHOTS} more shots: --json and --html have them"
    yield from words.frames(score)
    yield from map(words.stream, score.streams)
    yield from (f"note: {note}" for note in score.notes)


def as_json(score: Score) -> dict[str, Any]:
    """Everything about a score; numbers are finite or null."""
    seen = score.distances
    return {
        "input": _of_file(score.source),
        "output": _of_file(score.output),
        "measured_width_px": score.size[0],
        "measured_height_px": score.size[1],
        "film": asdict(score.film),
        "shots": [asdict(shot) for shot in score.shots],
        "frames": _of_frames(score),
        "streams": [_of_stream(stream) for stream in score.streams],
        "distances": None if seen is None else asdict(seen),
        "worst_places_s": [place.time_s for place in score.places],
        "curves": {name: rounded(column) for name, column in condense(score.series).items()},
        "notes": list(score.notes),
    }


def _film(score: Score) -> Table:
    film, seen = score.film, score.distances
    table = Table("", box=None)
    for column in ("output", "input", "ratio"):
        table.add_column(column, justify="right")
    error = number(film.warping_error), number(film.input_warping_error), number(film.warping_error_ratio)
    still = number(film.still_flicker_255), number(film.input_still_flicker_255)
    table.add_row("warping error", *error)
    relative = number(film.relative_warping_error), number(film.input_relative_warping_error)
    table.add_row("relative warping error", *relative, "")
    table.add_row(f"flicker of still regions ({percent(film.still_share)} of the picture), 1/255", *still, "")
    table.add_row("detail", number(film.detail), number(film.input_detail), number(film.detail_ratio))
    table.add_row("drift of mean luminance, 1/255", number(film.luminance_drift_255, sign=True), "", "")
    table.add_row("drift of contrast, 1/255", number(film.contrast_drift_255, sign=True), "", "")
    if film.worst_second_s is not None:
        at = f"worst second, from {clock(film.worst_second_s)}: warping error"
        table.add_row(at, number(film.worst_second_warping_error), "", "")
    if seen is not None:
        table.add_row(f"content distance, {seen.frames} frames", number(seen.content_distance), "", "")
        table.add_row(f"style distance, {seen.frames} frames", number(seen.style_distance), "", "")
        table.add_row(f"bare canvas, {seen.frames} frames", percent(seen.bare_canvas), "", "")
    return table


def _shots(shots: Sequence[Figures]) -> Table:
    table = Table("shot", "from", box=None)
    errors = ("error", "ratio", "relative", "still flicker")
    for column in ("frames", *errors, "detail ratio", "luminance", "contrast", "worst"):
        table.add_column(column, justify="right")
    for count, shot in enumerate(shots[:_SHOTS], 1):
        table.add_row(
            str(count),
            clock(shot.start_s),
            str(shot.frames),
            *map(number, (shot.warping_error, shot.warping_error_ratio, shot.relative_warping_error)),
            *map(number, (shot.still_flicker_255, shot.detail_ratio)),
            *(number(drift, sign=True) for drift in (shot.luminance_drift_255, shot.contrast_drift_255)),
            clock(shot.worst_second_s),
        )
    return table


def _of_file(film: FilmSummary) -> dict[str, Any]:
    return {
        "path": str(film.path),
        "container": film.container,
        "codec": film.codec,
        "stored_width_px": film.coded_size[0],
        "stored_height_px": film.coded_size[1],
        "labelled_frames_per_second": float(film.rate),
        "frames": len(film.times),
    }


def _of_frames(score: Score) -> dict[str, Any]:
    report, times = score.pairing, score.clock
    return {
        "paired": report.pairs,
        **_of_misfits("missing", report.missing),
        **_of_misfits("added", report.added),
        **_of_misfits("moved", report.moved),
        "moved_by_at_most_s": float(report.farthest),
        "output_starts_later_s": float(times.offset),
        "output_duration_ratio": float(times.duration_ratio),
        "output_may_be_later_by_s": float(times.later),
    }


def _of_misfits(what: str, misfits: Misfits) -> dict[str, Any]:
    return {what: misfits.count, f"first_{what}_s": [float(time) for time in misfits.times]}


def _of_stream(comparison: StreamComparison) -> dict[str, Any]:
    source, output = comparison.source, comparison.output
    return {
        "input": source and source.name,
        "output": output and output.name,
        "result": comparison.result,
        "input_packets": source and source.packets,
        "output_packets": output and output.packets,
        "starts_later_s": comparison.start_later_s,
        "ends_later_s": comparison.end_later_s,
    }
