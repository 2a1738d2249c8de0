"""A series of a film in which next to nothing happens."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from stylize_video.pipeline.scoring.series import Moment, Series

_DULL = Moment(0, 1, 0.002, 0.001, 9, 1, 0.5, 0.03, 0.06, 0.02, 0.05, 100, 100, 50, 50)
_NO_CHANGE = dict.fromkeys(
    ("warping_error", "input_warping_error", "still_square", "input_still_square", "still_share"), math.nan
)


def dull_film(count: int, **columns: Any) -> Series:
    """Ten frames a second, all alike but for the columns given by lists or values."""
    series = Series()
    for index in range(count):
        own = {k: v[index] if isinstance(v, (list, np.ndarray)) else v for k, v in columns.items()}
        first = _NO_CHANGE if index == 0 else {}
        series.add(_DULL._replace(**{"time_s": index / 10, **own, **first}))
    return series
