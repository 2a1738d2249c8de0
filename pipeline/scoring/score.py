"""Looks at a film and at what somebody made of it, frame by frame, and says what came out.

Both are decoded in step and nothing of them is kept, so memory does not grow with the film but for its
times and fifteen figures a frame. Flow and visibility are the input's; the output is looked at in the
input's size. The definitions, and where they are from: docs/score.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.errors import InputError
from stylize_video.pipeline.containers import limits
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.scoring import figures, streams, survey, time_map
from stylize_video.pipeline.scoring.figures import Figures
from stylize_video.pipeline.scoring.frame_scores import FrameScores
from stylize_video.pipeline.scoring.options import SMALLEST, ScoreOptions
from stylize_video.pipeline.scoring.pairing import PairingReport, pair
from stylize_video.pipeline.scoring.series import Series
from stylize_video.pipeline.scoring.streams import StreamComparison
from stylize_video.pipeline.scoring.survey import FilmSummary
from stylize_video.pipeline.scoring.time_map import TimeMap
from stylize_video.pipeline.scoring.worst_places import Place
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import cuts

if TYPE_CHECKING:
    from stylize_video.models.perceptual.frame_distances import Distances, Judge

_SAMPLES = 8  # frames for style and content distance
_SAME_SHAPE = 0.02  # by which two aspect ratios may differ: sizes are rounded to even numbers


@dataclass(frozen=True, eq=False)
class Score:
    """What came out."""

    source: FilmSummary
    output: FilmSummary
    size: tuple[int, int]  # px, width and height of the frames that were measured
    clock: TimeMap
    pairing: PairingReport
    streams: tuple[StreamComparison, ...]
    film: Figures
    shots: tuple[Figures, ...]
    distances: Distances | None  # None if no style was named
    series: Series
    places: tuple[Place, ...]  # the worst first; none unless asked for
    notes: tuple[str, ...]  # what could not be measured, or should be known


def score(
    source: Path,
    output: Path,
    options: ScoreOptions,
    *,
    on_start: Callable[[Signal], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Score:
    """Compare a film with its painting.

    Args:
        source: the film as it was.
        output: what was made of it, by whatever tool.
        options: everything else.
        on_start: called once with what is known of the input.
        on_frame: called with the number of frames of the input looked at so far.

    Raises:
        InputError: one of them can't be read, is too small, or no frame of theirs belongs together.
        WeightsError, TrainingError: the distances to the style can't be measured.
    """
    judge = _judge(options)  # what is wrong with a painting is said before the work is done
    with (
        FilmSource(source, max_size=options.max_size) as original,
        FilmSource(output, max_size=options.max_size) as painted,
    ):
        _check_size(source, original.signal)
        limits.check_worth(source, original.signal)
        limits.check_worth(output, painted.signal)
        if on_start is not None:
            on_start(original.signal)
        films = survey.survey(source), survey.survey(output)
        clock = time_map.find(films[0].times, films[0].time_base, films[1].times, films[1].time_base)
        scores = FrameScores(options.places, () if judge is None else _sample_times(*films, clock))
        report = _see_all(original, painted, clock, scores, on_frame)
        return Score(
            source=films[0],
            output=films[1],
            size=(original.signal.width, original.signal.height),
            clock=clock,
            pairing=report,
            streams=streams.compare(*films, clock),
            film=figures.of_film(scores.series),
            shots=figures.of_shots(scores.series),
            distances=judge.measure(scores.samples) if judge and scores.samples else None,
            series=scores.series,
            places=scores.worst.found(),
            notes=(*_notes(original, painted), *_missing_painting(options)),
        )


def _judge(options: ScoreOptions) -> Judge | None:
    """Who measures the distances to film and painting, if they were asked for."""
    if options.style is None:
        return None
    from stylize_video.models.perceptual import frame_distances
    from stylize_video.pictures import pictures  # these need torch

    painting = None if options.painting is None else pictures.read_picture(options.painting)
    return frame_distances.Judge(painting)


def _check_size(path: Path, signal: Signal) -> None:
    if min(signal.width, signal.height) < SMALLEST:
        small = f"{signal.width}x{signal.height} px is too small to find motion in"
        raise InputError(f"{path}: {small}; it takes {SMALLEST} px a side")


def _see_all(
    original: FilmSource,
    painted: FilmSource,
    clock: TimeMap,
    scores: FrameScores,
    on_frame: Callable[[int], None] | None,
) -> PairingReport:
    """Measure each pair of frames; what came of the pairing."""
    report = PairingReport()
    frames = cuts.mark(_counted(original.frames(), on_frame))
    for found in pair(frames, painted.frames(), clock, report):
        scores.see(found)
    if not report.pairs:
        films = f"{painted.path}: no frame at the time of one of {original.path}"
        raise InputError(f"{films}; is it the same film?")
    return report


def _counted(frames: Iterator[Frame], on_frame: Callable[[int], None] | None) -> Iterator[Frame]:
    for number, frame in enumerate(frames, 1):
        yield frame
        if on_frame is not None:
            on_frame(number)


def _sample_times(source: FilmSummary, output: FilmSummary, clock: TimeMap) -> list[float]:
    """In the middle of each eighth of what the output shows of the film; s, in the input's clock."""
    if not output.times:
        return []
    first, last = (clock.to_input(output.times[end] * output.time_base) for end in (0, -1))
    times = [time * source.time_base for time in source.times]
    shown = times[bisect_left(times, first - clock.reach) : bisect_right(times, last + clock.reach)]
    places = {int((index + 0.5) * len(shown) / _SAMPLES) for index in range(_SAMPLES)} if shown else set()
    return [float(shown[place]) for place in sorted(places)]


def _missing_painting(options: ScoreOptions) -> Iterator[str]:
    if options.style is not None and options.painting is None:
        yield (
            f"the style distance of {options.style!r} needs a picture of the painting, which does not come "
            "with the weights: give the picture's file as `style`"
        )


def _notes(original: FilmSource, painted: FilmSource) -> Iterator[str]:
    """What is to be known of the reading."""
    for reader in (original, painted):
        for note in reader.report.notes:
            yield note if str(reader.path) in note else f"{reader.path}: {note}"
    shapes = [_shape(reader.signal) for reader in (original, painted)]
    if abs(shapes[1] / shapes[0] - 1) > _SAME_SHAPE:
        yield (
            f"the output has another shape, {shapes[1]:.2f}:1 and not {shapes[0]:.2f}:1; "
            "it was stretched to the input's"
        )


def _shape(signal: Signal) -> float:
    """Width to height, as seen."""
    aspect = float(signal.sample_aspect_ratio or 1)
    return signal.width / signal.height * (1 / aspect if signal.quarter_turns % 2 else aspect)
