"""Curves over time of a film of any length, in a number of points that a page can draw and JSON can hold."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from stylize_video.pipeline.scoring.series import Column, Series

_POINTS = 2000  # at most

# What flickers for a single frame has to stay in sight.
_PEAKS = ("warping_error", "input_warping_error", "still_square", "input_still_square")


def condense(series: Series, points: int = _POINTS) -> dict[str, Column]:
    """The columns of a series in `points` points at most; nothing is lost of a shorter one.

    A point of a longer one stands for several frames: of errors the highest, of light and detail the value
    that is furthest from their mean, of everything else the first.
    """
    columns = series.columns()
    if len(series) <= points:
        return columns
    edges = np.linspace(0, len(series), points + 1).astype(int).tolist()
    return {name: np.array(_condensed(name, column, edges), np.float64) for name, column in columns.items()}


def _condensed(name: str, column: Column, edges: list[int]) -> list[float]:
    parts = [column[a:b] for a, b in pairwise(edges)]
    if name in _PEAKS:
        return [float(np.nanmax(part)) if not np.isnan(part).all() else np.nan for part in parts]
    if name in ("time_s", "shot", "still_share"):
        return [float(part[0]) for part in parts]
    return [float(part[np.abs(part - part.mean()).argmax()]) for part in parts]


def rounded(column: Column) -> list[float | None]:
    """For JSON: six significant figures, None where there is nothing."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in column.tolist()]


def cut_times(series: Series) -> list[float]:
    """When each shot but the first begins, s."""
    times, shots = series.column("time_s"), series.column("shot")
    return [float(time) for time in times[1:][np.diff(shots) != 0]]
