"""What a non-linearity folds back onto the grid: harmonics beyond Nyquist, which seem to be lower ones there.

After Karras et al. 2021, section 3. For measuring; no painter needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from stylize_video.models.perceptual.equivariance import circular

Bend = Callable[[Tensor], Tensor]  # (N, C, H, W) -> (N, C, H, W), or of another size

SIZE = 509  # px of a wave; a prime: no harmonic folds onto another's place
_AMPLITUDE = math.sqrt(2)  # of a wave of variance one, as normalised features have
_LOWEST, _HIGHEST, _STEP = 11, int(0.39 * SIZE), 5  # cycles: to just below the filters' cutoff


def folded_db(bend: Bend, cycles: int) -> float:
    """The energy that a wave's harmonics leave where there are none below Nyquist, by all but its mean; dB.

    Args:
        bend: the non-linearity.
        cycles: of the wave, in `SIZE` px.
    """
    wave = _AMPLITUDE * torch.sin(2 * math.pi * cycles * torch.arange(SIZE) / SIZE)
    bent = bend(wave.expand(8, -1)[None, None])[0, 0, 0].double()
    energy = torch.fft.rfft(bent).abs().square()
    harmonic = torch.zeros_like(energy, dtype=torch.bool)
    harmonic[::cycles] = True
    return 10 * math.log10(energy[~harmonic].sum().item() / energy[1:].sum().item())


def worst_folded_db(bend: Bend) -> float:
    """`folded_db` of the worst wave up to 0.39 cycles a pixel."""
    return max(folded_db(bend, cycles) for cycles in range(_LOWEST, _HIGHEST, _STEP))


def without_borders(layer: nn.Module) -> Bend:
    """A layer's filters and curves on pictures that go round in a circle; no gradients."""

    def bend(x: Tensor) -> Tensor:
        """By that layer, in a circle."""
        with circular(layer), torch.inference_mode():
            bent: Tensor = layer(x)
        return bent

    return bend
