"""A painter whose channels take up as much room among 256 levels each as the others of their features.

All channels that go into a convolution are rounded alike. One that is a tenth as large as the largest keeps
25 levels of them, unless it is made larger before and its weights smaller (Nagel et al. 2019, "Data-Free
Quantization Through Weight Equalization and Bias Correction", section 4.1; Xiao et al. 2023, "SmoothQuant",
for ranges found on data). Here that costs nothing: whatever goes into a convolution comes from
normalisations, whose scales and shifts are divided, and ReLU and sums don't care. In floats the painting
stays the same.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.training.calibration import largest_inputs
from stylize_video.pictures.pictures import Picture

_MOST = 20.0  # times, either way: beyond that half precision would lose what it stores


class Stream(NamedTuple):
    """Features that are one sum: what adds to it, and what convolves it."""

    norms: tuple[str, ...]
    convolutions: tuple[str, ...]


def streams(config: CanvasNetConfig) -> Iterator[Stream]:
    """All features of the network whose channels can be scaled, but for those of the full resolution."""
    names = [name for name, _ in config.blocks]
    deep = [name for name in names if name.startswith("deep.")]
    others = [name for name in names if name not in deep]
    for name in names:
        yield Stream((f"{name}.norm1",), (f"{name}.conv2",))
    yield Stream(("head.norm", "up_quarter.norm"), ("down.convolution", "merge.convolution"))
    yield Stream(
        ("down.norm", "up_eighth.norm", *(f"{name}.norm2" for name in others)),
        ("down_deep.convolution", "up_quarter.convolution", *(f"{name}.conv1" for name in others)),
    )
    yield Stream(
        ("down_deep.norm", *(f"{name}.norm2" for name in deep)),
        ("up_eighth.convolution", *(f"{name}.conv1" for name in deep)),
    )
    yield Stream(("merge.norm",), ("up_half.convolution",))


def equalised(network: CanvasNet, photographs: Sequence[Picture], *, seed: int = 0) -> CanvasNet:
    """A copy that paints the same.

    Args:
        network: not frozen.
        photographs: how large the channels are is found on them, in all styles.
        seed: of their canvases.
    """
    made = copy.deepcopy(network).eval()
    largest = largest_inputs(made, photographs, seed=seed)
    for stream in streams(made.config):
        _equalise(made, stream, largest)
    return made


@torch.no_grad()
def _equalise(network: CanvasNet, stream: Stream, largest: Mapping[str, Tensor]) -> None:
    reached = torch.stack([largest[name] for name in stream.convolutions]).amax(0)
    reached = reached.clamp_min(1e-6)  # a channel that is never used
    times = (reached / reached.log().mean().exp()).clamp(1 / _MOST, _MOST)
    for name in stream.norms:
        norm = network.get_submodule(name)
        for parameter in norm.parameters():  # scales and shifts, (styles, channels)
            parameter.div_(times)
    for name in stream.convolutions:
        weight = network.get_submodule(name).weight
        assert isinstance(weight, Tensor)
        weight.mul_(times[:, None, None])
