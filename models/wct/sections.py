"""The transform's networks cut into what a runtime runs, between one level's statistics and the next's.

Going from one level down to the next, a picture is decoded only to be encoded again; `Recode` does both, so
that it never has to be written down. Features are float32, (N, C, h, w).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.runtimes.program import Program, identity
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
    """Features of one level -> those of another of the picture that they stand for."""

    def __init__(self, network: WctNetwork, level: int, then: int) -> None:
        super().__init__()
        self.decoder = network.decoders[str(level)]
        self.encoder = network.encoder
        self.then = then

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h', w')."""
        recoded: Tensor = self.encoder(self.decoder(features), self.then)
        return recoded.float()


class Decode(nn.Module):
    """Features of a level -> the picture that they stand for."""

    def __init__(self, network: WctNetwork, level: int, kind: torch.dtype) -> None:
        super().__init__()
        self.decoder = network.decoders[str(level)]
        self.kind = kind

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 3, H, W), of the kind asked for."""
        return to_kind(self.decoder(features).clamp(0, 1), self.kind)


def program(network: WctNetwork, levels: Sequence[int]) -> Program:
    """All that it takes to go through some levels in their order.

    The modules are called "encode", "recode43" from level 4 to 3, "bytes" and "decode", which give uint8
    and float pictures.
    """
    first, last = levels[0], levels[-1]
    steps = itertools.pairwise(levels)
    modules: dict[str, nn.Module] = {
        "encode": Encode(network, first),
        **{f"recode{a}{b}": Recode(network, a, b) for a, b in steps},
        "bytes": Decode(network, last, torch.uint8),
        "decode": Decode(network, last, torch.float32),
    }
    return Program(lambda: modules, identity(network, f"{network.config} {tuple(levels)}".encode()))
