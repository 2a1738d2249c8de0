"""VGG-16 features by layer name (Simonyan & Zisserman 2014, configuration D, up to conv5_1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models import weights

# One entry a convolution, in order; "pool" halves the size. The names are the paper's.
_LAYOUT: tuple[tuple[str, int, int] | Literal["pool"], ...] = (
    ("conv1_1", 3, 64),
    ("conv1_2", 64, 64),
    "pool",
    ("conv2_1", 64, 128),
    ("conv2_2", 128, 128),
    "pool",
    ("conv3_1", 128, 256),
    ("conv3_2", 256, 256),
    ("conv3_3", 256, 256),
    "pool",
    ("conv4_1", 256, 512),
    ("conv4_2", 512, 512),
    ("conv4_3", 512, 512),
    "pool",
    ("conv5_1", 512, 512),
)

LAYERS = tuple(step[0].replace("conv", "relu") for step in _LAYOUT if step != "pool")

# The Caffe weights were trained on BGR pixels in 0..255 less this mean, (B, G, R).
_MEAN_BGR = (103.939, 116.779, 123.68)


class Vgg16(nn.Module):
    """The feature network of every perceptual loss here. Frozen: its weights take no gradient.

    Args:
        pooling: "max" as trained, or "mean", which Gatys et al. 2016 (section 2) found to give
            smoother gradients.
    """

    mean: Tensor

    def __init__(self, *, pooling: Literal["max", "mean"] = "max") -> None:
        if pooling not in ("max", "mean"):
            raise ValueError(f"{pooling = } must be 'max' or 'mean'")
        super().__init__()
        self._pool = F.max_pool2d if pooling == "max" else F.avg_pool2d
        self.convolutions = nn.ModuleDict(
            {step[0]: nn.Conv2d(step[1], step[2], 3, padding=1) for step in _LAYOUT if step != "pool"}
        )
        self.register_buffer("mean", torch.tensor(_MEAN_BGR).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    @classmethod
    def pretrained(cls, *, pooling: Literal["max", "mean"] = "max") -> Vgg16:
        """The network with the bundled ImageNet weights, in float32.

        Raises:
            WeightsError: the bundled file is missing or damaged.
        """
        network = cls(pooling=pooling)
        state = weights.load("vgg16").tensors
        named = {f"convolutions.{name}": tensor.float() for name, tensor in state.items()}
        network.load_state_dict(named)
        return network.eval()

    def forward(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features after the ReLU of each named layer, e.g. "relu3_3".

        Args:
            images: (N, 3, H, W) float RGB in 0..1; H and W at least 16.
            layers: names out of `LAYERS`; nothing beyond the deepest one is computed.
        """
        wanted = set(layers)
        if unknown := wanted - set(LAYERS):
            raise ValueError(f"no such VGG-16 layer: {sorted(unknown)}; there are {LAYERS}")
        features: dict[str, Tensor] = {}
        x = images.flip(1) * 255.0 - self.mean
        for step in _LAYOUT:
            if step == "pool":
                x = self._pool(x, 2)
                continue
            x = F.relu(self.convolutions[step[0]](x))
            name = step[0].replace("conv", "relu")
            if name in wanted:
                features[name] = x
                if len(features) == len(wanted):
                    break
        return features
