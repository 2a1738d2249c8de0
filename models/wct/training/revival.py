"""Channels of the transform's networks that answer to nothing, begun anew.

Without normalisation, a large step can push a ReLU below zero for every picture; its gradient is 0 from
then on (Lu et al. 2020, "Dying ReLU and Initialization"). The network learns to do without, and a covariance
of its features has fewer dimensions than rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.network import Convolution, Decoder, WctNetwork

_MIXTURE = 0.3  # strength of the mixture of all that comes in, beside the one that is passed on
_LEAST_SPREAD = 0.1  # of the mean answer: what comes in may be all but the same everywhere


def revive(
    network: WctNetwork,
    photographs: Tensor,
    generator: torch.Generator,
    readers: nn.ModuleDict | None = None,
    *,
    level: int | None = None,
) -> int:
    """Give each dead channel new weights, as strong as the living ones; nobody listens to it yet.

    What the networks do doesn't change, for the weights that take from a revived channel become 0; but these
    have a gradient, and after their first step, the channel's own have too. A layer of which nothing lives
    is begun anew as a whole, and listened to: there is nothing to keep.

    Args:
        network: changed in place.
        photographs: (N, 3, H, W) in 0..1, of which a living channel answers to one.
        generator: of the new weights, on the CPU.
        readers: what else takes from the encoder's layers: 1x1 convolutions by their names ("relu4_1").
        level: whose own layers to look at; by default all.

    Returns:
        How many were dead.
    """
    own = None if level is None else network.own_convolutions(level)
    with torch.no_grad():
        found = 0
        features = {}
        x = photographs - 0.5
        convolutions = cast(dict[str, nn.Conv2d], network.encoder.convolutions)
        decoders = cast(dict[str, Decoder], network.decoders)
        names = list(convolutions)
        for name, following in zip(names, [*names[1:], None], strict=True):
            if name.endswith("_1") and name != "1_1":
                x = F.max_pool2d(x, 2)
            listening = [] if following is None else [convolutions[following]]
            if name.endswith("_1"):
                listening.append(cast(nn.Conv2d, decoders[name[0]].steps[0]))
            if readers is not None and f"relu{name}" in readers:
                listening.append(cast(nn.Conv2d, readers[f"relu{name}"]))
            if own is None or convolutions[name] in own:
                found += _revive_layer(convolutions[name], x, listening, generator)
            x = features[name] = F.relu(convolutions[name](x))
        for each in LEVELS if level is None else (level,):
            found += _revive_decoder(decoders[str(each)].steps, features[f"{each}_1"], generator)
    return found


def _revive_decoder(steps: nn.Sequential, features: Tensor, generator: torch.Generator) -> int:
    found, x = 0, features
    convolutions = [step for step in steps if isinstance(step, Convolution)]
    for convolution, following in pairwise(convolutions):
        found += _revive_layer(convolution, x, [following], generator)
        x = F.relu(convolution(x))
        before = steps[list(steps).index(following) - 1]
        if isinstance(before, nn.Upsample):
            x = before(x)
    return found


def _revive_layer(
    convolution: nn.Conv2d, x: Tensor, listening: Sequence[nn.Conv2d], generator: torch.Generator
) -> int:
    """A convolution that a ReLU follows, by what comes in; how many of its channels were dead."""
    before = convolution(x)  # (N, C, H, W)
    # Not what is weak beside others: one that grows too strong would have all others taken for dead.
    dead = before.amax((0, 2, 3)) <= 0
    count = int(dead.sum())
    if not count:
        return 0
    everything = count == len(dead)
    # As strong as what comes in, if there is no other measure.
    spread = x.std() if everything else before[:, ~dead].std((0, 2, 3)).median()
    weight, bias = convolution.weight, cast(Tensor, convolution.bias)
    drawn = _carriers(count, weight.shape[1:], generator).to(weight)
    weight[dead] = drawn
    bias[dead] = 0.0
    wild = convolution(x)[:, dead]
    strength = wild.std((0, 2, 3)).maximum(_LEAST_SPREAD * wild.abs().mean((0, 2, 3)))
    scale = spread / strength.clamp_min(1e-12)
    weight[dead] = drawn * scale[:, None, None, None]
    for listener in () if everything else listening:
        listener.weight[:, dead] = 0.0
    return count


def _carriers(count: int, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """(count, *shape) weights, each of which passes on one channel of what comes in, and a little of all.

    Random mixtures alone would bury what is faint, such as green against magenta, layer by layer.
    """
    mixed = torch.randn((count, *shape), generator=generator) * (_MIXTURE / math.sqrt(shape.numel()))
    turn = torch.randperm(shape[0], generator=generator)
    for index in range(count):
        mixed[index, turn[index % shape[0]], shape[1] // 2, shape[2] // 2] += 1
    return mixed
