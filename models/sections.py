"""The painter cut into the parts that a runtime runs: all at once, or for tiles one after the other.

Pictures are (N, 3, H, W) RGB, uint8 in 0..255 or float in 0..1, their sides multiples of the network's
stride; what comes out is of the kind that went in.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from stylize_video.models.transform_net import Moments, TransformNet


class Sections(Protocol):
    """One network in one style on one device, run by one runtime."""

    device: torch.device

    def paint(self, images: Tensor) -> Tensor:
        """Pictures -> paintings, at once."""
        ...

    def trunk(self, images: Tensor) -> Tensor:
        """Pictures -> features at a quarter of their size, (N, C, H/4, W/4)."""
        ...

    def half_features(self, features: Tensor) -> Tensor:
        """A window of those -> features before the last normalisation, at twice the window's size."""
        ...

    def finish(self, features: Tensor, moments: Moments, kind: torch.dtype) -> Tensor:
        """A window of what `trunk` returned, and the moments of all half features -> it painted."""
        ...


def to_unit(images: Tensor) -> Tensor:
    """Pictures of either kind -> float in 0..1."""
    return images.float() * (1 / 255) if images.dtype == torch.uint8 else images


def to_kind(images: Tensor, kind: torch.dtype) -> Tensor:
    """Float pictures in 0..1 -> the kind asked for; bytes are rounded."""
    images = images.float()  # half precision ends here
    return (images * 255).round().to(torch.uint8) if kind == torch.uint8 else images


class Section(nn.Module):
    """What the modules below share: a network, and (1, S) weights over its styles."""

    def __init__(self, network: TransformNet, style: Tensor) -> None:
        super().__init__()
        self.network = network
        self.style = nn.Buffer(style)


class Paint(Section):
    """`Sections.paint` as a module."""

    def forward(self, images: Tensor) -> Tensor:
        """See `Sections.paint`."""
        return to_kind(self.network.paint(to_unit(images), self.style), images.dtype)


class Trunk(Section):
    """`Sections.trunk` as a module."""

    def forward(self, images: Tensor) -> Tensor:
        """See `Sections.trunk`."""
        return self.network.trunk(to_unit(images), self.style)


class HalfFeatures(Section):
    """`Sections.half_features` as a module."""

    def forward(self, features: Tensor) -> Tensor:
        """See `Sections.half_features`."""
        return self.network.half_features(features)


class Finish(Section):
    """`Sections.finish` as a module, for one kind of pictures."""

    def __init__(self, network: TransformNet, style: Tensor, kind: torch.dtype) -> None:
        super().__init__(network, style)
        self.kind = kind

    def forward(self, features: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """See `Sections.finish`."""
        half = self.network.half_features(features)
        return to_kind(self.network.finish(half, self.style, Moments(mean, variance)), self.kind)
