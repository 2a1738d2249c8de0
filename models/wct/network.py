"""The encoder and the five decoders of the whitening and colouring transform.

Li et al. 2017, "Universal Style Transfer via Feature Transforms", encode by VGG-19 and train a decoder
that mirrors it for each of relu1_1 .. relu5_1. That takes seconds a frame. Here the encoder is a student
of VGG-16 with a quarter of its channels, and so a sixteenth of its work, as in Wang et al. 2020,
"Collaborative Distillation for Ultra-Resolution Universal Style Transfer": a linear map of its features
comes near to the teacher's (their equation 6), so that statistics of the one are statistics of the other.
The decoders mirror the student.

Departures from Wang et al.: the teacher is VGG-16, whose weights are bundled; student and decoders are
trained together; the fifth block keeps half of its channels, or little could be reconstructed from it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.wct import shape
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.shape import IN_BLOCK, WctConfig


class Convolution(nn.Conv2d):
    """3x3, with a mirrored border, as Li et al. have it: no dark frame comes of it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode="reflect")


class Encoder(nn.Module):
    """A small VGG; features after each convolution have the names that VGG's have."""

    def __init__(self, config: WctConfig) -> None:
        super().__init__()
        made = {c.name: Convolution(c.inputs, c.outputs) for c in shape.encoder(config)}
        self.convolutions = nn.ModuleDict(made)

    def forward(self, images: Tensor, level: int) -> Tensor:
        """Features at relu{level}_1.

        Args:
            images: (N, 3, H, W) RGB in 0..1, H and W at least 2^level.
            level: 1..5.

        Returns:
            (N, C, H / 2^(level-1), W / 2^(level-1)), rounded down.
        """
        return self.features(images, level)[f"relu{level}_1"]

    def features(self, images: Tensor, level: int) -> dict[str, Tensor]:
        """Those after every convolution up to relu{level}_1, by name."""
        found = {}
        x = images - 0.5
        for name in self.names(level):
            block, number = name.split("_")
            if number == "1" and block != "1":
                x = F.max_pool2d(x, 2)
            x = F.relu(self.convolutions[name](x))
            found[f"relu{name}"] = x
        return found

    def names(self, level: int) -> list[str]:
        """Of the convolutions up to relu{level}_1: "1_1", "1_2" and so on."""
        names = list(self.convolutions)
        return names[: names.index(f"{level}_1") + 1]


class Decoder(nn.Module):
    """From the features at relu{level}_1 back to the picture; the encoder in a mirror.

    Args:
        config: the encoder's.
        level: 1..5.
        convolutions: in each block of the encoder.
    """

    def __init__(self, config: WctConfig, level: int, convolutions: tuple[int, ...] = IN_BLOCK) -> None:
        super().__init__()
        self.level = level
        steps: list[nn.Module] = []
        inputs = config.channels[level - 1]
        for block in range(level, 0, -1):
            count = 1 if block == level else convolutions[block - 1]
            outputs = config.channels[block - 2] if block > 1 else 3
            for _ in range(count - 1):
                steps += [Convolution(inputs, inputs), nn.ReLU()]
            steps.append(Convolution(inputs, outputs))
            if block > 1:
                steps += [nn.ReLU(), nn.Upsample(scale_factor=2, mode="nearest")]
            inputs = outputs
        self.steps = nn.Sequential(*steps)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, 3, h * 2^(level-1), w * 2^(level-1)) RGB, about 0..1."""
        picture: Tensor = self.steps(features) + 0.5
        return picture


class WctNetwork(nn.Module):
    """Encoder and decoders."""

    def __init__(self, config: WctConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoders = nn.ModuleDict({str(level): Decoder(config, level) for level in LEVELS})

    def decode(self, features: Tensor, level: int) -> Tensor:
        """See `Decoder.forward`."""
        picture: Tensor = self.decoders[str(level)](features)
        return picture

    def multiplying(self) -> list[str]:
        """The names of the convolutions that may multiply bytes."""
        return shape.multiplying(self.config)

    def own_convolutions(self, level: int) -> list[Convolution]:
        """Those that only this level uses: its decoder's; of the deepest, the encoder's last ones too."""
        own = self._decoder(level)
        if level == LEVELS[-1]:
            names = list(self.encoder.convolutions)
            beyond = names[names.index(f"{LEVELS[-2]}_1") + 1 :]
            own += [cast(Convolution, self.encoder.convolutions[name]) for name in beyond]
        return own

    def begin_deepest(self) -> None:
        """Begin what only the deepest level has anew: at first it is the level before it, pooled once more.

        Deep layers can come to rest where all is grey: the decoder has no use for colour, so that the encoder
        learns to bring none, and the other way round. The level before knows colour. Of it are the decoder's
        last layers a copy; its first, and the encoder's last, pass on what they get (Zagoruyko and Komodakis
        2017, "DiracNets", for their start), and in channels beyond those, random things.
        """
        level = LEVELS[-1]
        own, before = self._decoder(level), self._decoder(level - 1)
        added = len(own) - len(before)
        for convolution, known in zip(own[added:], before, strict=True):
            convolution.load_state_dict(known.state_dict())
        for convolution in (*own[:added], *self.own_convolutions(level)[len(own) :]):
            _pass_on(convolution)

    def _decoder(self, level: int) -> list[Convolution]:
        decoder = cast(Decoder, self.decoders[str(level)])
        return [step for step in decoder.steps if isinstance(step, Convolution)]

    @classmethod
    def empty(cls, config: WctConfig) -> WctNetwork:
        """Without values, for those of a file; needs no random numbers."""
        with torch.device("meta"):
            network = cls(config)
        return network.to_empty(device="cpu")


def _pass_on(convolution: Convolution) -> None:
    """The identity, from each channel to its own; those beyond what comes in are random (He et al. 2015)."""
    weight = convolution.weight.detach()
    drawn = nn.init.kaiming_normal_(torch.empty_like(weight), nonlinearity="relu")
    nn.init.dirac_(weight)
    same = min(weight.shape[:2])
    weight[same:] = drawn[same:]
    nn.init.zeros_(cast(Tensor, convolution.bias))
