"""What a painting repeats at a network's own periods, as a loss: see `models/perceptual/weave.py`.

A network whose last layers are thin tells the pixels of a cell apart, and strokes that move with both inputs
forbid it only where they move by a part of a cell.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stylize_video.models.perceptual.weave import PERIODS

_BESIDE = 3  # frequencies away, as the measure has it
_NEAR = torch.arange(-1, 2)
_ROUNDING = 1e-6  # of the power of white noise of the full range: below it nothing is seen


def weave_loss(painted: Tensor) -> Tensor:
    """By how much the power at each period is above that beside it, in natural logarithms; 0: nowhere.

    Args:
        painted: (N, 3, S, S) in 0..1, S a multiple of the largest period and 48 at least.

    Returns:
        The mean over periods, directions (rows, columns, both diagonals) and pictures.
    """
    size = painted.shape[-1]
    hann = torch.hann_window(size, device=painted.device)
    centred = painted.float() - painted.float().mean((2, 3), keepdim=True)
    power = torch.fft.fft2(centred * hann[:, None] * hann).abs().square().sum(1) + _ROUNDING * size**2
    found = [_above(power, size // period, size) for period in PERIODS]
    return torch.relu(torch.stack(found)).mean()


def _above(power: Tensor, f: int, size: int) -> Tensor:
    """(4, N): of one frequency, by direction."""
    low, high = f - _BESIDE, f + _BESIDE
    log = {
        (y, x): _around(power, y, x, size).log()
        for y, x in (
            *((0, f), (0, low), (0, high), (f, 0), (low, 0), (high, 0)),
            *((s * y, x) for s in (1, -1) for y in (f, low, high) for x in (f, low, high)),
        )
    }
    straight = [
        log[0, f] - (log[0, low] + log[0, high]) / 2,
        log[f, 0] - (log[low, 0] + log[high, 0]) / 2,
    ]
    diagonal = [
        log[s * f, f] - sum((log[s * y, x] for y in (low, high) for x in (low, high)), torch.zeros(())) / 4
        for s in (1, -1)
    ]
    return torch.stack([*straight, *diagonal])


def _around(power: Tensor, y: int, x: int, size: int) -> Tensor:
    """(N,): the mean over three by three frequencies."""
    near = _NEAR.to(power.device)
    return power[:, (y + near)[:, None] % size, (x + near) % size].mean((1, 2))
