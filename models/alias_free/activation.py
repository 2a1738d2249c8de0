"""Non-linearities that leave next to nothing folded back onto the grid.

A rectifier puts harmonics of all orders into a signal; those beyond the Nyquist frequency come back as others
and stick to the grid. So it is computed on twice the samples, and what the first grid can't hold is taken
away again (Karras et al. 2021, section 3). How much is left then is decided by how fast the harmonics fall:
a kink's do by the square, those of a smooth curve faster than any power, and a parabola has none beyond the
second (Michaeli et al. 2023, "Alias-Free Convnets: Fractional Shift Invariance via Polynomial Activations").
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.resampling import Downsample, Upsample

SLOPE = 0.2  # of a leaky rectifier below zero

Curve = Callable[[Tensor], Tensor]  # of each number by itself


def leaky(x: Tensor) -> Tensor:
    """The paper's own: a kink at zero."""
    return F.leaky_relu(x, SLOPE)


def smooth(x: Tensor) -> Tensor:
    """A rectifier with a round bend, about one wide (Hendrycks & Gimpel 2016, "GELU")."""
    return F.gelu(x)


def parabola(x: Tensor) -> Tensor:
    """A rectifier as the nearest parabola for numbers of variance one: it has no third harmonic."""
    return torch.addcmul(x / 2, x, x, value=0.25) + 0.15


CURVES: dict[str, Curve] = {"leaky": leaky, "smooth": smooth, "parabola": parabola}


class Filtered(nn.Module):
    """Upsampling by two, a curve, downsampling by two: (N, C, H, W) -> the same shape.

    Args:
        channels: C.
        curve: see `CURVES`.
        design: of both filters.
    """

    def __init__(self, channels: int, curve: Curve, design: LowPass) -> None:
        super().__init__()
        self.curve = curve
        self.up, self.down = Upsample(channels, design), Downsample(channels, design)

    def forward(self, x: Tensor) -> Tensor:
        """Bend."""
        bent: Tensor = self.down(self.curve(self.up(x)))
        return bent


class BentUpsampling(nn.Module):
    """Upsampling by two, then a curve: (N, C, H, W) -> (N, C, 2H, 2W).

    The finer grid that the curve needs is there anyway, and is gone on with.

    Args:
        channels: C.
        curve: see `CURVES`.
        design: of the filter.
    """

    def __init__(self, channels: int, curve: Curve, design: LowPass) -> None:
        super().__init__()
        self.curve = curve
        self.up = Upsample(channels, design)

    def forward(self, x: Tensor) -> Tensor:
        """Upsample and bend."""
        return self.curve(self.up(x))
