"""What is measured of each frame of a long film, in little memory: 8 bytes a figure."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]  # (N,)


class Moment(NamedTuple):
    """One pair of frames, and what changed since the pair before it; nan where there is nothing to say.

    The changes are between pairs of one shot, so its first has none.
    """

    time_s: float  # presentation time in the input
    shot: float  # its number, from 1
    warping_error: float  # see flow.warping_error
    input_warping_error: float
    still_square: float  # see steadiness.squared_change, (1/255)^2
    input_still_square: float
    still_share: float  # of the frame's pixels, 0..1
    detail: float  # see flow.detail
    input_detail: float
    horizontal_detail: float  # see flow.horizontal_detail
    input_horizontal_detail: float
    luminance: float  # see steadiness.Light, 1/255
    input_luminance: float
    contrast: float  # 1/255
    input_contrast: float


class Series:
    """The moments of a film, by column."""

    def __init__(self) -> None:
        self._columns = {name: array("d") for name in Moment._fields}

    def add(self, moment: Moment) -> None:
        """Append one."""
        for name, value in zip(Moment._fields, moment, strict=True):
            self._columns[name].append(value)

    def __len__(self) -> int:
        return len(self._columns["time_s"])

    def column(self, name: str) -> Column:
        """One figure of all moments, a copy."""
        return np.array(self._columns[name], np.float64)

    def columns(self) -> dict[str, Column]:
        """All of them."""
        return {name: self.column(name) for name in self._columns}
