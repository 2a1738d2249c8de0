"""The noise of canvases' fields, in octaves: drawn once a seed, and kept in the user's cache.

Each octave is Gaussian noise made in the Fourier domain, in a band that its texels hold with room to spare,
so that it can be looked up between them without losing contrast. Periodic across and down. Needs no torch.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.runtimes import model_cache

Array = NDArray[np.float32]

_WAVELENGTH = 5.5  # texels, at the middle of an octave's band
_SHORTEST = 4.25  # texels: nothing beyond, which a canvas's cells could not tell from longer waves
_BANDWIDTH = 0.4  # octaves, standard deviation of the band around its middle


@lru_cache(maxsize=2)
def octaves(seed: int, sides: tuple[int, ...], channels: int) -> tuple[Array, ...]:
    """The noise of a seed, the same on every machine but for rounding; not to be written to.

    To draw 11 MB takes a tenth of a second, to read them back a hundredth.

    Args:
        seed: 0 or more.
        sides: of the octaves, texels.
        channels: of each.

    Returns:
        For each octave (side, side, channels), of mean 0 and standard deviation 1 in each channel.
    """
    shapes = [(side, side, channels) for side in sides]
    key = model_cache.key("canvas noise", repr((seed, shapes)), np.__version__, Path(__file__).read_bytes())
    noise = _unpacked(model_cache.load(key), shapes)
    if noise is None:
        rng = np.random.default_rng(seed)
        noise = tuple(_octave(side, channels, rng) for side in sides)
        model_cache.store(key, b"".join(octave.tobytes() for octave in noise))
    for octave in noise:
        octave.flags.writeable = False
    return noise


def _unpacked(data: memoryview | None, shapes: list[tuple[int, int, int]]) -> tuple[Array, ...] | None:
    """What was kept; None if nothing was, or something else."""
    sizes = [int(np.prod(shape)) for shape in shapes]
    if data is None or len(data) != 4 * sum(sizes):
        return None
    parts = np.split(np.frombuffer(data, np.float32), np.cumsum(sizes)[:-1])
    return tuple(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))


def _octave(side: int, channels: int, rng: np.random.Generator) -> Array:
    """Noise of one octave, (side, side, channels)."""
    across, down = np.fft.rfftfreq(side), np.fft.fftfreq(side)
    frequency = np.hypot(down[:, None], across[None])
    frequency[0, 0] = np.inf  # no mean
    from_middle = np.log2(frequency * _WAVELENGTH)
    gain = np.exp(-0.5 * (from_middle / _BANDWIDTH) ** 2) * (frequency < 1 / _SHORTEST)
    white = rng.standard_normal((channels, side, side))
    noise = np.fft.irfft2(np.fft.rfft2(white) * gain, s=(side, side))
    noise /= noise.std(axis=(1, 2), keepdims=True)
    return np.ascontiguousarray(noise.transpose(1, 2, 0), np.float32)
