"""How alike two pictures are, and the noise of a sensor, for programs that ask what that changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from stylize_video.pictures.pictures import Picture

SENSOR_NOISE = 4.0  # levels, standard deviation


def noisy(picture: Picture, seed: int = 0) -> Picture:
    """A picture with sensor noise; that of a seed is the same for all pictures of a size."""
    grain = np.random.default_rng(seed).normal(0, SENSOR_NOISE, picture.shape)
    return np.asarray(np.clip(np.rint(picture + grain), 0, 255), np.uint8)


def psnr(one: Any, other: Any, *, peak: float = 255) -> float:
    """In dB; infinite if every bit is the same.

    Args:
        one, other: arrays, or tensors on the CPU, of one shape.
        peak: the largest value there can be.
    """
    error = np.square(np.asarray(one, np.float64) - np.asarray(other, np.float64)).mean()
    return float(10 * np.log10(peak**2 / error)) if error else float("inf")
