"""Seconds that the networks of Li et al. 2017 take for a frame of 640x352 on this machine's two cores.

VGG-19 and mirrored decoders, for five levels, in PyTorch. Their weights aren't here and make no
difference to the time.

    python benchmarks/wct_paper.py
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import moments
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.network import Decoder
from stylize_video.models.wct.shape import WctConfig

_VGG19 = (64, 128, 256, 512, 512)
_CONVOLUTIONS = (2, 2, 4, 4, 1)


class PaperNetwork(nn.Module):
    """VGG-19 up to relu5_1 and its mirror images, without values."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[list[nn.Conv2d]] = []  # they need not be found by `parameters`
        before = 3
        for channels, count in zip(_VGG19, _CONVOLUTIONS, strict=True):
            self.blocks.append([])
            for _ in range(count):
                self.blocks[-1].append(nn.Conv2d(before, channels, 3, padding=1, padding_mode="reflect"))
                before = channels
        self.decoders = nn.ModuleDict(
            {str(level): Decoder(WctConfig(_VGG19), level, _CONVOLUTIONS) for level in wct_levels.LEVELS}
        )

    def encode(self, x: Tensor, level: int) -> Tensor:
        """At relu{level}_1."""
        for number, block in enumerate(self.blocks, 1):
            if number > 1:
                x = nn.functional.max_pool2d(x, 2)
            for index, convolution in enumerate(block):
                x = convolution(x).relu()
                if number == level and index == 0:
                    return x
        raise ValueError(f"{level = } must be 1 to 5")

    def forward(self, x: Tensor) -> Tensor:
        """A frame through all five levels."""
        for level in reversed(wct_levels.LEVELS):
            features = self.encode(x, level)
            found = wct.moments(features)
            x = self.decoders[str(level)](wct.apply(features, moments.transform(found, found)))
        return x


def paper_seconds() -> float:
    """A frame of 640x352, for their decoders need multiples of 16."""
    network, frame = PaperNetwork().eval(), torch.rand(1, 3, 352, 640)
    with torch.inference_mode():
        began = time.perf_counter()
        network(frame)
        return time.perf_counter() - began


if __name__ == "__main__":
    torch.set_num_threads(2)
    print(paper_seconds())
