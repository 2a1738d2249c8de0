"""Several views of the same photographs, as frames of a film would show them.

What a painter is asked for in `losses.consistency`: each further view is the first one panned, zoomed,
re-lit a little and with noise of its own, and the exact optical flow between them is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.training import bending

MARGIN = 16  # px around the first view that the second one may show; enough for views of 320 px

_PAN = 8.0  # px either way: all phases of the network's grid
_ZOOM = 0.05  # either way
_NOISE = 0.02  # highest standard deviation
_GAIN, _OFFSET = 0.03, 0.01  # either way, of the second view's light


@dataclass(frozen=True)
class Views:
    """A first view of N photographs, K further ones, and the flow between them."""

    clean: Tensor  # (N, 3, S, S) in 0..1, the first view without its noise
    first: Tensor  # (N, 3, S, S)
    others: Tensor  # (K, N, 3, S, S)
    flows: Tensor  # (K, N, S, S, 2): where the first view's pixels lie in each other one, for `grid_sample`
    grids: Tensor  # (K, N, S, S, 2): where each other view's pixels lie in the first one, likewise

    def visible(self) -> Tensor:
        """(K, N, 1, S, S): 1 where a pixel of the first view lies in the other one, else 0."""
        return (self.flows.abs() <= 1).all(-1).unsqueeze(2).float()


def random_views(
    photographs: Tensor,
    rng: np.random.Generator,
    *,
    count: int = 2,
    still: float = 0.0,
    bent: float = 0.0,
) -> Views:
    """Cut views out of each photograph.

    Every second pan is by whole pixels and without a zoom: then nothing is interpolated, and a painter
    can't please by painting blurred.

    Args:
        photographs: (N, 3, S + 2 * MARGIN, S + 2 * MARGIN) in 0..1.
        rng: decides everything.
        count: of the views of a photograph, 2 or more.
        still: share of the further views that don't move: they differ by noise and light alone.
        bent: share of the further views that are bent a little as well, see `bending.py`.
    """
    n, _, outer, _ = photographs.shape
    size = outer - 2 * MARGIN
    if size * _ZOOM / 2 + _PAN > MARGIN:
        raise ValueError(f"views of {size} px show more than the margin of {MARGIN} px holds")
    if count < 2:
        raise ValueError(f"{count = } must be at least 2")
    first = photographs[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
    level = rng.uniform(0, _NOISE, (n, 1, 1, 1)).astype(np.float32)
    others, flows, grids = [], [], []
    for _ in range(count - 1):
        zoom, pan = _random_motion(n, size, rng)
        if still:
            rests = rng.random(n) < still
            zoom, pan = np.where(rests, 1.0, zoom), np.where(rests[:, None], 0.0, pan)
        # If none are bent no number is drawn for it, and trainings without bends are what they were.
        to_bend = rng.random(n) < bent if bent else np.zeros(n, np.bool_)
        zoom, pan = np.where(to_bend, (1 + zoom) / 2, zoom), np.where(to_bend[:, None], pan / 2, pan)
        grid, flow = _grid(zoom, pan, size), _grid(1 / zoom, -pan / zoom[:, None], size)
        for number in np.flatnonzero(to_bend):
            grid[number], flow[number] = bending.bent(grid[number], bending.bends(size, rng))
        grids.append(grid)
        seen = sample(photographs, grids[-1] * (size / outer))
        gain, offset = torch.from_numpy(rng.uniform(-1, 1, (2, n, 1, 1, 1)).astype(np.float32))
        others.append(_noisy(seen * (1 + _GAIN * gain) + _OFFSET * offset, level, rng))
        flows.append(flow)
    return Views(
        first, _noisy(first, level, rng), torch.stack(others), torch.stack(flows), torch.stack(grids)
    )


def _random_motion(n: int, size: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    """(N,) zooms and (N, 2) pans in units of half a side: a view shows `zoom * p + pan` of the first at p."""
    whole = rng.random(n) < 0.5
    zoom = np.where(whole, 1.0, 1 + rng.uniform(-_ZOOM, _ZOOM, n))
    pan = rng.uniform(-_PAN, _PAN, (n, 2))
    return zoom, np.where(whole[:, None], pan.round(), pan) * 2 / size


def _grid(zoom: NDArray[Any], pan: NDArray[Any], size: int) -> Tensor:
    """(N, S, S, 2), for `grid_sample`."""
    theta = np.zeros((len(zoom), 2, 3), np.float32)
    theta[:, 0, 0] = theta[:, 1, 1] = zoom
    theta[:, :, 2] = pan
    return F.affine_grid(torch.from_numpy(theta), [len(zoom), 3, size, size], align_corners=False)


def sample(images: Tensor, flow: Tensor) -> Tensor:
    """(N, C, H, W) images looked up at (N, h, w, 2) places -> (N, C, h, w); bicubic, exact on pixels."""
    return F.grid_sample(images, flow, mode="bicubic", padding_mode="border", align_corners=False)


def _noisy(images: Tensor, level: np.ndarray, rng: np.random.Generator) -> Tensor:
    noise = rng.standard_normal(images.shape, np.float32)
    return (images + torch.from_numpy(noise * level)).clamp(0, 1)
