"""Bare canvas: how much of a picture holds less brushwork than nearly all of the painting does. No torch.

Gram distances over a whole picture are good while a third of it is bare, and so is a warping error. Here the
picture is cut into windows, and each is held against the painting's own: the energy of the band of strokes,
octaves of about 3 to 24 px of a Laplacian pyramid (Burt & Adelson 1983), in CIE L*a*b*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

SIZE = 512  # px, the longer side at which pictures and paintings are measured

WINDOW = 32  # px a side
OCTAVES = ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0))  # px, standard deviations of the two Gaussians of a band
_BARE_BELOW = 10  # percentile of the painting's windows

Energies = list[NDArray[np.float32]]  # for each octave (windows,), root mean square in units of L*a*b*


def looked_at(picture: Picture, size: int = SIZE) -> Picture:
    """A picture in the size that it is measured in: so many px on its longer side, larger or smaller.

    Averaged over areas in both cases: what is enlarged by a smoother rule has its strokes blurred or
    sharpened, and counts as barer or fuller than it is.
    """
    height, width = picture.shape[:2]
    scale = size / max(height, width)
    sides = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, sides, interpolation=cv2.INTER_AREA), np.uint8)


def energies(picture: Picture) -> Energies:
    """The brushwork in each window of a picture.

    Args:
        picture: (H, W, 3) uint8 RGB of at least a window; what makes no whole window is left out.

    Raises:
        ValueError: a picture smaller than a window.
    """
    if min(picture.shape[:2]) < WINDOW:
        raise ValueError(f"picture of {picture.shape[1]}x{picture.shape[0]} px, must be {WINDOW} at least")
    lab = np.asarray(cv2.cvtColor(np.float32(1 / 255) * picture, cv2.COLOR_RGB2LAB), np.float32)
    return [_of_windows(_band(lab, fine, coarse)) for fine, coarse in OCTAVES]


def bare_canvas(painted: Picture, painting: Picture) -> float:
    """The share of windows barer than nine tenths of the painting's, 0..1, the mean over the octaves.

    The painting itself has 0.10; that much or less is as full as it.

    Args:
        painted, painting: (H, W, 3) uint8 RGB, each as it is `looked_at`.
    """
    found = zip(energies(painted), least(painting), strict=True)
    return float(np.mean([(windows < enough).mean() for windows, enough in found]))


def least(painting: Picture) -> NDArray[np.float64]:
    """(octaves,): what nine tenths of the windows of a painting, as it is `looked_at`, have at least."""
    return np.array([np.percentile(windows, _BARE_BELOW) for windows in energies(painting)])


def _band(lab: NDArray[np.float32], fine: float, coarse: float) -> NDArray[np.float32]:
    """An octave of the pyramid, (H, W, 3)."""
    blurred = (cv2.GaussianBlur(lab, (0, 0), deviation) for deviation in (fine, coarse))
    return np.subtract(*blurred, dtype=np.float32)


def _of_windows(band: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) -> root mean square of each window, (windows,)."""
    power = np.square(band).sum(2)
    rows, columns = (side // WINDOW for side in power.shape)
    windows = power[: rows * WINDOW, : columns * WINDOW].reshape(rows, WINDOW, columns, WINDOW)
    return np.asarray(np.sqrt(windows.mean((1, 3))), np.float32).ravel()
