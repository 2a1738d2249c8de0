"""Low-pass filters for resampling: a sinc under Kaiser's window, designed by what is to be kept and stopped.

After Karras et al. 2021, "Alias-Free Generative Adversarial Networks", appendix C, and Kaiser 1974,
"Nonrecursive digital filter design using the I0-sinh window function". From the papers' mathematics alone.
Frequencies are in cycles a sample of the grid that is not resampled ("a sample"), so that 0.5 is its Nyquist
frequency; a filter itself runs at `rate` times that grid. Needs no torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_SILENT = 1e-20  # power, so that a logarithm of it is a number
_STEPS = 4096  # of frequencies that a response is measured at


@dataclass(frozen=True)
class LowPass:
    """A symmetric filter, of an even number of taps: it lies between the samples, as grids of 2:1 do.

    Raises:
        ValueError: what no filter can be.
    """

    cutoff: float  # cycles a sample: there half of the amplitude is left
    transition: float  # cycles a sample, from the last frequency kept to the first one stopped
    taps: int  # even
    rate: int = 2  # taps a sample of the coarse grid

    def __post_init__(self) -> None:
        if self.taps < 2 or self.taps % 2:
            raise ValueError(f"{self.taps = } must be even and at least 2")
        if self.rate < 1:
            raise ValueError(f"{self.rate = } must be at least 1")
        if not 0 < self.cutoff < self.rate / 2:
            raise ValueError(f"{self.cutoff = } must lie between 0 and {self.rate / 2}")
        if not 0 < self.transition <= 2 * self.cutoff:
            raise ValueError(f"{self.transition = } must lie between 0 and twice the cutoff")

    @classmethod
    def reaching(cls, attenuation_db: float, *, cutoff: float, transition: float, rate: int = 2) -> LowPass:
        """The shortest one that is designed to stop so much."""
        taps = (attenuation_db - 7.95) / (2.285 * 2 * math.pi * transition / rate) + 1
        return cls(cutoff, transition, max(2, 2 * math.ceil(taps / 2 - 1e-9)), rate)

    @property
    def passes(self) -> float:
        """The last frequency that is kept, cycles a sample."""
        return self.cutoff - self.transition / 2

    @property
    def stops(self) -> float:
        """The first frequency that is stopped, cycles a sample."""
        return self.cutoff + self.transition / 2

    @property
    def designed_attenuation_db(self) -> float:
        """What Kaiser's formula promises of so many taps."""
        return 2.285 * (self.taps - 1) * 2 * math.pi * self.transition / self.rate + 7.95

    @cached_property
    def kernel(self) -> NDArray[np.float64]:
        """(taps,), whose sum is 1."""
        places = (np.arange(self.taps) - (self.taps - 1) / 2) / self.rate
        window = np.kaiser(self.taps, _beta(self.designed_attenuation_db))
        kernel = np.sinc(2 * self.cutoff * places) * window
        return np.asarray(kernel / kernel.sum())

    def gain_db(self, frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
        """What is left of frequencies, in cycles a sample: 0 dB is all."""
        places = (np.arange(self.taps) - (self.taps - 1) / 2) / self.rate
        response = np.cos(2 * np.pi * np.multiply.outer(frequencies, places)) @ self.kernel
        return np.asarray(10 * np.log10(np.square(response) + _SILENT))

    def measured_attenuation_db(self) -> float:
        """The least that is stopped of any frequency that should be."""
        return float(-self.gain_db(np.linspace(self.stops, self.rate / 2, _STEPS)).max())

    def measured_cutoff(self) -> float:
        """Where half of the amplitude is left, cycles a sample."""
        frequencies = np.linspace(0, self.rate / 2, _STEPS)
        return float(frequencies[np.argmax(self.gain_db(frequencies) < 20 * math.log10(0.5))])


def _beta(attenuation_db: float) -> float:
    """The shape of Kaiser's window for an attenuation."""
    if attenuation_db > 50:
        return 0.1102 * (attenuation_db - 8.7)
    if attenuation_db >= 21:
        return 0.5842 * math.pow(attenuation_db - 21, 0.4) + 0.07886 * (attenuation_db - 21)
    return 0.0
