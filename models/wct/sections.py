"""The transform's networks cut into what a runtime runs, between one level's statistics and the next's.

Going from one level down to the next, a picture is decoded only to be encoded again; `Recode` does both, so
that it never has to be written down. What features are mapped by is an input, so that they are written and
read once between a network's two halves. Features are float32, (N, C, h, w); an affine map of them is
(N, (C + 1) C, 1, 1), see `moments.packed`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.wct.network import WctNetwork


class Encode(nn.Module):
    """Pictures -> features of a level."""

    def __init__(self, network: WctNetwork, level: int) -> None:
        super().__init__()
        self.encoder = network.encoder
        self.level = level

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W), uint8 or float in 0..1 -> (N, C, h, w)."""
        features: Tensor = self.encoder(to_unit(images), self.level)
        return features.float()


class Recode(nn.Module):
    """Features of one level -> those of another of the picture that they stand for, once mapped."""

    def __init__(self, network: WctNetwork, level: int, then: int) -> None:
        super().__init__()
        self.decoders = _only(network, level)
        self.level = str(level)
        self.encoder = network.encoder
        self.then = then

    def forward(self, features: Tensor, affine: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h', w')."""
        recoded: Tensor = self.encoder(self.decoders[self.level](mapped(features, affine)), self.then)
        return recoded.float()


class Decode(nn.Module):
    """Features of a level -> the picture that they stand for, once mapped."""

    def __init__(self, network: WctNetwork, level: int, kind: torch.dtype) -> None:
        super().__init__()
        self.decoders = _only(network, level)
        self.level = str(level)
        self.kind = kind

    def forward(self, features: Tensor, affine: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 3, H, W), of the kind asked for."""
        picture: Tensor = self.decoders[self.level](mapped(features, affine))
        return to_kind(picture.clamp(0, 1), self.kind)


def _only(network: WctNetwork, level: int) -> nn.ModuleDict:
    """One decoder, whose convolutions are called as in the network."""
    return nn.ModuleDict({str(level): network.decoders[str(level)]})


def mapped(features: Tensor, affine: Tensor) -> Tensor:
    """(N, C, h, w) features, mapped."""
    channels = features.shape[1]
    rows = affine.reshape(-1, 1, channels + 1, channels)
    # Channels last, as they lie in memory.
    found = features.permute(0, 2, 3, 1) @ rows[:, :, :channels] + rows[:, :, channels:]
    return found.permute(0, 3, 1, 2)


def modules(network: WctNetwork, levels: Sequence[int]) -> Mapping[str, nn.Module]:
    """All that it takes to go through some levels in their order.

    They are called "encode", "recode43" from level 4 to 3, "bytes" and "decode", which give uint8 and float
    pictures.

    Args:
        network: what they are made of.
        levels: from coarse to fine.
    """
    first, last = levels[0], levels[-1]
    return {
        "encode": Encode(network, first),
        **{f"recode{a}{b}": Recode(network, a, b) for a, b in itertools.pairwise(levels)},
        "bytes": Decode(network, last, torch.uint8),
        "decode": Decode(network, last, torch.float32),
    }
