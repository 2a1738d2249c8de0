"""From what was measured of each frame to the figures of a shot and of a film (docs/score.md)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from stylize_video.pipeline.scoring.series import Column, Series

_SECOND = 1.0  # s


@dataclass(frozen=True)
class Figures:
    """What came out, of a shot or of the film; None where there was nothing to measure."""

    start_s: float  # presentation time of the first pair in the input
    end_s: float  # and of the last
    frames: int  # pairs that were looked at
    warping_error: float | None  # mean squared difference along the motion, of values in 0..1
    input_warping_error: float | None
    warping_error_ratio: float | None  # output's to input's
    relative_warping_error: float | None  # by the square of what is painted, px^2
    input_relative_warping_error: float | None
    still_flicker_255: float | None  # root mean squared change of luma where the input stands still, 1/255
    input_still_flicker_255: float | None
    still_share: float | None  # how much of the pictures stands still, 0..1
    detail: float | None  # mean gradient of the luma, 1/px
    input_detail: float | None
    detail_ratio: float | None
    luminance_drift_255: float | None  # change of the mean luma over a shot, less the input's
    contrast_drift_255: float | None  # the same of its standard deviation
    worst_second_s: float | None  # where the second with the highest mean warping error begins
    worst_second_warping_error: float | None


def of_shots(series: Series) -> tuple[Figures, ...]:
    """The figures of each shot in order."""
    return tuple(_figures(columns) for columns in _by_shot(series.columns()))


def of_film(series: Series) -> Figures:
    """The figures of all pairs; drifts are those of the shot that drifts most.

    From one shot to another, a painting may well become lighter by more than the film does: what is in the
    picture decides that. So a drift is only ever said of a shot.
    """
    shots = of_shots(series)
    return replace(
        _figures(series.columns()),
        luminance_drift_255=_largest(shot.luminance_drift_255 for shot in shots),
        contrast_drift_255=_largest(shot.contrast_drift_255 for shot in shots),
    )


def _figures(of: Mapping[str, Column]) -> Figures:
    error, own_error = _mean(of["warping_error"]), _mean(of["input_warping_error"])
    detail, own_detail = _mean(of["detail"]), _mean(of["input_detail"])
    worst = _worst_second(of["time_s"], of["warping_error"])
    return Figures(
        start_s=float(of["time_s"][0]),
        end_s=float(of["time_s"][-1]),
        frames=len(of["time_s"]),
        warping_error=error,
        input_warping_error=own_error,
        warping_error_ratio=_ratio(error, own_error),
        relative_warping_error=_relative(error, of["horizontal_detail"]),
        input_relative_warping_error=_relative(own_error, of["input_horizontal_detail"]),
        still_flicker_255=_root_mean(of["still_square"], of["still_share"]),
        input_still_flicker_255=_root_mean(of["input_still_square"], of["still_share"]),
        still_share=_mean(of["still_share"]),
        detail=detail,
        input_detail=own_detail,
        detail_ratio=_ratio(detail, own_detail),
        luminance_drift_255=_drift(of["time_s"], of["luminance"] - of["input_luminance"]),
        contrast_drift_255=_drift(of["time_s"], of["contrast"] - of["input_contrast"]),
        worst_second_s=None if worst is None else worst[0],
        worst_second_warping_error=None if worst is None else worst[1],
    )


def _by_shot(columns: Mapping[str, Column]) -> Iterator[dict[str, Column]]:
    """The columns cut where a shot begins."""
    starts = np.flatnonzero(np.diff(columns["shot"])) + 1
    for part in np.split(np.arange(len(columns["shot"])), starts):
        yield {name: column[part] for name, column in columns.items()}


def _mean(values: Column) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _root_mean(squares: Column, weights: Column) -> float | None:
    """The root of the mean over all still pixels of all pairs."""
    known = ~np.isnan(squares)
    if not known.any():
        return None
    return math.sqrt(np.average(squares[known], weights=weights[known]))


def _ratio(value: float | None, of: float | None) -> float | None:
    return None if value is None or not of else value / of


def _relative(error: float | None, horizontal_detail: Column) -> float | None:
    """An error by the squared mean of what is painted; None of a painting that shows nothing."""
    return _ratio(error, float(horizontal_detail.mean()) ** 2)


def _drift(times: Column, differences: Column) -> float | None:
    """Mean difference of output and input in the last second, less that in the first.

    Of what is shorter than two seconds, in the later half and in the earlier.
    """
    if len(times) < 2:
        return None
    reach = min(_SECOND, (times[-1] - times[0]) / 2)
    first, last = times < times[0] + reach, times > times[-1] - reach
    return float(differences[last].mean() - differences[first].mean())


def _largest(drifts: Iterator[float | None]) -> float | None:
    """The one that is furthest from 0."""
    return max((drift for drift in drifts if drift is not None), key=abs, default=None)


def _worst_second(times: Column, errors: Column) -> tuple[float, float] | None:
    """Where the second begins over which the mean error is highest, and that mean.

    An error belongs to the time of the later of its frames. A second begins at a frame and ends within the
    film; a film that is shorter has one, which is all of it.
    """
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(errors))])
    counts = np.concatenate([[0], np.cumsum(~np.isnan(errors))])
    begins = np.flatnonzero(times <= max(times[0], times[-1] - _SECOND))
    ends = np.searchsorted(times, times[begins] + _SECOND + 1e-9, side="right")
    count = counts[ends] - counts[begins + 1]  # after the frame that it begins with
    if not count.any():
        return None
    with np.errstate(invalid="ignore"):  # where nothing was measured
        means = np.where(count > 0, (sums[ends] - sums[begins + 1]) / np.maximum(count, 1), -1)
    worst = int(np.argmax(means >= means.max() * (1 - 1e-9)))  # the first, but for rounding
    return float(times[begins[worst]]), float(means[worst])
