"""The weave: a lattice at a network's own periods, in flat places the texture of a cloth. No torch.

A network that works at a half, a quarter and an eighth of the resolution can tell the pixels of a cell apart,
by strides and by upsampling that is not anti-aliased (Odena et al. 2016, "Deconvolution and Checkerboard
Artifacts"), and paint each in its own way. That repeats every 2, 4 or 8 px and stands still on the screen. In
the power spectrum it is a peak at these periods, whatever the picture shows; so what is there is held against
what is beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

PERIODS = (2, 4, 8)  # px
DIRECTIONS = ("horizontal", "vertical", "both")  # along which the lattice repeats
WINDOW = 128  # px a side of what one spectrum is of, a multiple of all periods; half of it overlaps the next

Ratios = NDArray[np.float64]  # (PERIODS, DIRECTIONS)

_BESIDE = 3  # frequencies away: a peak fills its own and, by the Hann window, the next
_ROUNDING = WINDOW**2 * 3 / 12 * 0.14  # power of rounding to 8 bits, so that blank windows have a ratio of 1


def ratios(picture: Picture) -> Ratios:
    """Power at each period by that of the frequencies beside it: 1 where nothing repeats.

    Windows are averaged by power, so the ratio is that of the whole picture's energy (Welch 1967). Beside are
    frequencies on both sides, the geometric mean. Where power falls with the square of the frequency, as that
    of photographs does, that gives 0.92 to 1; the spectrum of a blurred picture bends downwards, and has up
    to 1.2.

    Args:
        picture: (H, W, 3) uint8 RGB, `WINDOW` px a side or more.

    Returns:
        (3, 3), by period and direction; "both" is the mean over the two diagonals.

    Raises:
        ValueError: a picture smaller than a window.
    """
    power = np.mean([_power(window) for window in _windows(picture)], axis=0) + _ROUNDING
    return np.array([_at(power, WINDOW // period) for period in PERIODS])


def weave(picture: Picture) -> float:
    """The highest of the `ratios`."""
    return float(ratios(picture).max())


def _windows(picture: Picture) -> list[NDArray[np.float32]]:
    height, width = picture.shape[:2]
    if min(height, width) < WINDOW:
        raise ValueError(f"picture of {width}x{height} px, must be {WINDOW} at least")
    rows, columns = (_starts(side) for side in (height, width))
    return [picture[y : y + WINDOW, x : x + WINDOW].astype(np.float32) for y in rows for x in columns]


def _starts(side: int) -> list[int]:
    """Where windows begin, evenly, half overlapping at least."""
    count = 1 + -(-(side - WINDOW) // (WINDOW // 2))
    return [round(start) for start in np.linspace(0, side - WINDOW, count)]


def _power(window: NDArray[np.float32]) -> NDArray[np.float64]:
    """The power spectrum of a window, (WINDOW, WINDOW), the sum over the channels."""
    hann = np.hanning(WINDOW + 1)[:-1]
    weighted = (window - window.mean((0, 1))) * (hann[:, None] * hann)[..., None]
    spectrum = np.square(np.abs(np.fft.fft2(weighted, axes=(0, 1)))).sum(2)
    return np.asarray(spectrum, np.float64)


def _at(power: NDArray[np.float64], f: int) -> list[float]:
    """The ratios of one period, by direction; f is its frequency, in steps of the spectrum."""
    low, high = f - _BESIDE, f + _BESIDE
    horizontal = _peak(power, (0, f), [(0, low), (0, high)])
    vertical = _peak(power, (f, 0), [(low, 0), (high, 0)])
    diagonals = [
        _peak(power, (sign * f, f), [(sign * y, x) for y in (low, high) for x in (low, high)])
        for sign in (1, -1)
    ]
    return [horizontal, vertical, float(np.sqrt(np.prod(diagonals)))]


def _peak(power: NDArray[np.float64], at: tuple[int, int], beside: list[tuple[int, int]]) -> float:
    """Power around one frequency by the geometric mean of that around others."""
    others = [np.log(_around(power, *place)) for place in beside]
    return float(_around(power, *at) / np.exp(np.mean(others)))


def _around(power: NDArray[np.float64], y: int, x: int) -> float:
    """The mean over three by three frequencies; those beyond the shortest period are their mirror image."""
    near = np.arange(-1, 2)
    return float(power[np.ix_((y + near) % WINDOW, (x + near) % WINDOW)].mean())
