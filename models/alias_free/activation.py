"""Non-linearities that leave next to nothing folded back onto the grid.

A rectifier puts harmonics of all orders into a signal; those beyond the Nyquist frequency come back as others
and stick to the grid. So it is computed on twice the samples, and what the first grid can't hold is taken
away again (Karras et al. 2021, section 3). How much is left then is decided by how fast the harmonics fall:
a kink's do by the square, those of a smooth curve faster than any power, and a parabola has none beyond the
second (Michaeli et al. 2023, "Alias-Free Convnets: Fractional Shift Invariance via Polynomial Activations").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.filtered import Curve, Filtered
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.resampling import Upsample
from stylize_video.models.feed_forward.layers import is_traced

SLOPE = 0.2  # of a leaky rectifier below zero

# A short filter, for what was upsampled before: the lower half of the frequencies is all that comes in. It
# keeps the lowest fifth within -44 dB; four taps more would keep it within -66 and take 4 % of the time.
AGAIN = LowPass(cutoff=0.5, transition=0.8, taps=10)

_NOTHING = 8.0  # a smooth curve is nothing, to any precision, of what is so far below zero


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


class BentUpsampling(nn.Module):
    """Upsampling by two, then a curve: (N, C, H, W) -> (N, C, 2H, 2W).

    The finer grid that the curve needs is there anyway, and is gone on with. What comes in reaches up to half
    of what that grid holds, so that third harmonics fold back: where fine strokes are made that is most of
    what sticks to the grid. `oversampled`, the curve is computed on twice the samples again, by a short
    filter: there is next to nothing where it begins to let go.

    Args:
        channels: C.
        curve: see `CURVES`.
        design: of the filter.
        oversampled: whether to compute the curve on a grid of (4H, 4W).
    """

    def __init__(self, channels: int, curve: Curve, design: LowPass, *, oversampled: bool = False) -> None:
        super().__init__()
        self.up = Upsample(channels, design)
        self.oversampled = oversampled
        self.bend: Curve = Filtered(channels, curve, AGAIN) if oversampled else curve

    def forward(self, x: Tensor) -> Tensor:
        """Upsample and bend."""
        fine = self.up(x)
        return self.bend(_followed(fine) if self.oversampled and is_traced() else fine)


def _followed(x: Tensor) -> Tensor:
    """What is traced for OpenVINO as it is, but for what a curve makes nothing of.

    Version 2026.4 never finishes compiling some convolutions of single channels in bfloat16, of 15 taps or
    more in a row (by 16 channels any, by 24 and 32 those of 92 px), unless an exponential follows, which
    becomes part of it. This one changes nothing above -8.
    """
    return F.elu(x + _NOTHING) - _NOTHING
