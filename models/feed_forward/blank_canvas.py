"""Pictures painted by the network itself, in PyTorch, on a new canvas: for sheets and measurements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from stylize_video.models.canvas import CELL, Canvas, Field
from stylize_video.models.feed_forward import gallery
from stylize_video.models.feed_forward.layers import StyleNumbers
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.networks import FULL, Networks
from stylize_video.models.feed_forward.shape import STRIDE
from stylize_video.models.mixture import Mixture
from stylize_video.pictures.arrays import padded


class OnBlankCanvas(nn.Module):
    """(N, 3, H, W) RGB in 0..1 and styles -> paintings as a film's first frame is painted; any H and W.

    Args:
        network: what paints.
        seed: of the canvas.
    """

    def __init__(self, network: StyledNet, *, seed: int = 0) -> None:
        super().__init__()
        self.network = network
        self._field, self._seed = Field.draw(seed), seed

    def forward(self, images: Tensor, styles: Tensor) -> Tensor:
        """Paint.

        Args:
            images: (N, 3, H, W).
            styles: (1 or N, K) numbers, see `shape.norms`.
        """
        height, width = images.shape[-2:]
        rows = images.permute(0, 2, 3, 1)
        down, right = (max(2 * STRIDE - side, -side % STRIDE) for side in (height, width))
        wide = padded(rows, down, right)
        noise = self._field.at(Canvas.of(height, width, seed=self._seed).places)
        cells = [side // CELL for side in wide.shape[1:3]]
        blank = padded(np.moveaxis(noise, 0, -1)[None], cells[0] - noise.shape[1], cells[1] - noise.shape[2])
        canvas = torch.from_numpy(np.ascontiguousarray(blank)).to(images).permute(0, 3, 1, 2)
        every = canvas.expand(len(images), -1, -1, -1)
        painted: Tensor = self.network(wide.permute(0, 3, 1, 2), every, StyleNumbers(styles))
        return painted[..., :height, :width]


@dataclass(frozen=True)
class StyledNetwork:
    """A network ready to paint, and the style that it is asked for."""

    network: OnBlankCanvas
    style: Tensor  # (K,) numbers, see `shape.norms`


def load(style: Mixture, *, networks: Networks = FULL, seed: int = 0) -> StyledNetwork:
    """What paints in a style or a mixture of styles, as a network; see `gallery.load`."""
    found = gallery.load(style, networks)
    return StyledNetwork(
        OnBlankCanvas(found.parameters.network().freeze(), seed=seed), torch.from_numpy(found.style)
    )
