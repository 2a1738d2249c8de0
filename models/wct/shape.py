"""The shape of the transform's networks, without the networks themselves. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stylize_video.models.wct.levels import LEVELS

STRIDE = 16  # px; the fifth level's features are so much smaller

IN_BLOCK = (2, 2, 3, 3, 1)  # convolutions of each block, as VGG-16 has up to conv5_1
_PIXEL = 3  # channels
_KERNEL = 3  # px, the side of all convolutions' kernels

# What does not multiply bytes: the convolution that sees the picture, and those next to features of coarse
# levels. Whitening makes errors there larger: bytes would cost 2 dB more (PSNR), and save 2 % of the time.
_EXACT = {"encoder.convolutions.1_1", "encoder.convolutions.4_1", "encoder.convolutions.5_1"} | {
    f"decoders.{level}.steps.0" for level in (3, 4, 5)
}


@dataclass(frozen=True)
class WctConfig:
    """The shape of the networks. Stored beside the weights, so that they can be built again."""

    channels: tuple[int, ...] = (16, 32, 64, 128, 256)  # of each block

    def __post_init__(self) -> None:
        if len(self.channels) != len(LEVELS) or not all(type(c) is int and c >= 1 for c in self.channels):
            raise ValueError(f"{self.channels = } must be {len(LEVELS)} whole numbers of at least 1")


class Convolving(NamedTuple):
    """One convolution: its name, and channels."""

    name: str
    inputs: int
    outputs: int


def encoder(config: WctConfig, level: int = LEVELS[-1]) -> Iterator[Convolving]:
    """The encoder's up to relu{level}_1, named "1_1", "1_2" and so on."""
    before = _PIXEL
    for block, (count, channels) in enumerate(zip(IN_BLOCK, config.channels, strict=True), 1):
        for number in range(1, count + 1):
            if (block, number) > (level, 1):
                return
            yield Convolving(f"{block}_{number}", before, channels)
            before = channels


def decoder(config: WctConfig, level: int) -> Iterator[Convolving]:
    """A decoder's, named by their places in it: ReLUs, and upsampling between blocks, have places as well."""
    place, inputs = 0, config.channels[level - 1]
    for block in range(level, 0, -1):
        count = 1 if block == level else IN_BLOCK[block - 1]
        for _ in range(count - 1):
            yield Convolving(str(place), inputs, inputs)
            place += 2
        outputs = config.channels[block - 2] if block > 1 else _PIXEL
        yield Convolving(str(place), inputs, outputs)
        place, inputs = place + 3, outputs


def names(config: WctConfig, *, encoding: int = 0, decoding: int = 0) -> list[str]:
    """The names, in the whole network, of the convolutions that encoding and decoding a level take."""
    before = [f"encoder.convolutions.{c.name}" for c in encoder(config, encoding)] if encoding else []
    after = [f"decoders.{decoding}.steps.{c.name}" for c in decoder(config, decoding)] if decoding else []
    return [*before, *after]


def convolutions(config: WctConfig) -> Mapping[str, Convolving]:
    """All of the network's, by their names there."""
    encoding = {f"encoder.convolutions.{c.name}": c for c in encoder(config)}
    decoding = {f"decoders.{level}.steps.{c.name}": c for level in LEVELS for c in decoder(config, level)}
    return encoding | decoding


def shapes(config: WctConfig) -> Mapping[str, tuple[int, ...]]:
    """Of each array of the network, by the names that PyTorch gives them."""
    found: dict[str, tuple[int, ...]] = {}
    for name, made in convolutions(config).items():
        found[f"{name}.weight"] = (made.outputs, made.inputs, _KERNEL, _KERNEL)
        found[f"{name}.bias"] = (made.outputs,)
    return found


def multiplying(config: WctConfig) -> list[str]:
    """The names of the convolutions that may multiply bytes: all but those of `_EXACT`."""
    return [name for name in convolutions(config) if name not in _EXACT]
