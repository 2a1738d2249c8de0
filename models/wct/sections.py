"""The transform's networks cut into what a runtime runs, between one level's statistics and the next's.

Going from one level down to the next, a picture is decoded only to be encoded again; `Recode` does both, so
that it never has to be written down. What features are mapped by is an input, so that they are written and
read once between a network's two halves. Features are float32, (N, C, h, w); an affine map of them is
(N, (C + 1) C, 1, 1), see `packed`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.runtimes.program import ChannelRanges, Program, identity
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.transform import Affine


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


def packed(affine: Affine) -> Tensor:
    """(N, 1, 1, (C + 1) C) float32, as `mapped` takes it (there its channels come first)."""
    rows = torch.cat([affine.matrix.transpose(1, 2), affine.offset.unsqueeze(1)], 1)
    return rows.float().reshape(len(rows), 1, 1, -1)


def mapped(features: Tensor, affine: Tensor) -> Tensor:
    """(N, C, h, w) features, mapped."""
    channels = features.shape[1]
    rows = affine.reshape(-1, 1, channels + 1, channels)
    # Channels last, as they lie in memory.
    found = features.permute(0, 2, 3, 1) @ rows[:, :, :channels] + rows[:, :, channels:]
    return found.permute(0, 3, 1, 2)


def program(network: WctNetwork, levels: Sequence[int], ranges: ChannelRanges | None = None) -> Program:
    """All that it takes to go through some levels in their order.

    The modules are called "encode", "recode43" from level 4 to 3, "bytes" and "decode", which give uint8
    and float pictures.

    Args:
        network: what it is made of.
        levels: from coarse to fine.
        ranges: of what goes into the network's convolutions, by their names; see `training.calibration`.
    """
    first, last = levels[0], levels[-1]
    steps = itertools.pairwise(levels)
    modules: dict[str, nn.Module] = {
        "encode": Encode(network, first),
        **{f"recode{a}{b}": Recode(network, a, b) for a, b in steps},
        "bytes": Decode(network, last, torch.uint8),
        "decode": Decode(network, last, torch.float32),
    }
    known = identity(network, f"{network.config} {tuple(levels)}".encode())
    return Program(lambda: modules, known, _by_section(network, levels, ranges or {}))


def _by_section(
    network: WctNetwork, levels: Sequence[int], ranges: ChannelRanges
) -> Mapping[str, ChannelRanges]:
    """The ranges of those convolutions that a section has."""
    encoding = {
        level: [f"encoder.convolutions.{name}" for name in network.encoder.names(level)] for level in levels
    }
    decoding = {
        level: [f"decoders.{level}.{name}" for name, _ in network.decoders[str(level)].named_modules()]
        for level in levels
    }
    last = levels[-1]
    sections = {
        "encode": encoding[levels[0]],
        **{f"recode{a}{b}": decoding[a] + encoding[b] for a, b in itertools.pairwise(levels)},
        "bytes": decoding[last],
        "decode": decoding[last],
    }
    return {
        section: {name: ranges[name] for name in names if name in ranges}
        for section, names in sections.items()
    }
