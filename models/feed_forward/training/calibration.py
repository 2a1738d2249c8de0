"""Which numbers go into a painter's convolutions: what a program that multiplies bytes has to know.

They are found on photographs and canvases, in all styles, for a style is an input of the program. As scales
and shifts follow instance normalisation, they differ little from picture to picture.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models import canvas
from stylize_video.models.canvas import Canvas, Field
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import STRIDE, multiplying
from stylize_video.pictures.pictures import Picture, to_tensor

_RARE = 1e-4  # share of a picture's numbers that may lie beyond its bounds
_MARGIN = 1.1  # on top: what is cut off is seen in flat bright places, coarser levels are not
_DIGITS = 3  # behind the point; where a style uses nothing, one of the last place is the range

Seen = TypeVar("Seen")  # of what goes into a convolution


def find_ranges(
    network: CanvasNet, photographs: Sequence[Picture], *, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """The lowest and the highest number that go into each convolution, but for rare ones.

    Args:
        network: its own styles are taken, one after the other.
        photographs: each is painted in every style, on a canvas of its own.
        seed: of the canvases.

    Returns:
        The bounds by the convolution's name; the lower one is 0 where no number is negative. For each,
        those of the photograph and the style that need the widest.
    """
    names = multiplying(network.config)
    widest = dict.fromkeys(names, (0.0, 0.0))
    for seen in _inputs_seen(copy.deepcopy(network).freeze(), photographs, _bounds, seed=seed):
        widest = {name: _union(widest[name], seen[name]) for name in names}
    return {
        name: (round(low * _MARGIN, _DIGITS), max(round(high * _MARGIN, _DIGITS), 10**-_DIGITS))
        for name, (low, high) in widest.items()
    }


def largest_inputs(network: CanvasNet, photographs: Sequence[Picture], *, seed: int = 0) -> dict[str, Tensor]:
    """(C,) for each convolution: how far from zero each channel of its input is, but for rare numbers.

    Args:
        network: see `find_ranges`, as are the others.
        photographs: those whose channel is largest counts.
        seed: of the canvases.
    """
    largest: dict[str, Tensor] = {}
    for seen in _inputs_seen(network, photographs, _largest, seed=seed):
        largest = {name: torch.maximum(found, largest.get(name, found)) for name, found in seen.items()}
    return largest


def _union(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), max(one[1], other[1])


def _inputs_seen(
    network: CanvasNet, photographs: Sequence[Picture], look: Callable[[Tensor], Seen], *, seed: int
) -> Iterator[dict[str, Seen]]:
    """What is seen of the inputs of the convolutions, by photograph and style."""
    field = Field.draw(seed)
    for number, photograph in enumerate(photographs):
        inputs = _inputs(photograph, field, seed=number)
        for chosen in torch.eye(network.config.styles):
            with _observed(network, look) as seen, torch.inference_mode():
                network(*inputs, chosen[None])
            yield seen


def _inputs(photograph: Picture, field: Field, *, seed: int) -> tuple[Tensor, Tensor]:
    """A photograph whose sides fit the network, and its canvas."""
    image = to_tensor([photograph])
    height, width = image.shape[-2:]
    image = F.pad(image, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
    places = Canvas.of(*image.shape[-2:], seed=seed).places
    return image, torch.from_numpy(field.at(places)).reshape(1, canvas.CHANNELS, *places.shape[:2])


@contextmanager
def _observed(network: CanvasNet, look: Callable[[Tensor], Seen]) -> Iterator[dict[str, Seen]]:
    """What is seen of the inputs of the convolutions while it paints."""
    seen: dict[str, Seen] = {}

    def hook(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        return lambda _module, given: seen.update({name: look(given[0])})

    modules: dict[str, nn.Module] = {n: network.get_submodule(n) for n in multiplying(network.config)}
    handles = [module.register_forward_pre_hook(hook(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _bounds(features: Tensor) -> tuple[float, float]:
    """Of (1, C, H, W)."""
    values = features.numpy().ravel()
    rare = max(1, round(len(values) * _RARE))
    ordered = np.partition(values, (rare, len(values) - rare - 1))
    return min(0.0, float(ordered[rare])), max(0.0, float(ordered[-rare - 1]))


def _largest(features: Tensor) -> Tensor:
    """(1, C, H, W) -> (C,)."""
    values = features.abs().flatten(2)[0].numpy()
    rare = max(1, round(values.shape[1] * _RARE))
    kept = values.shape[1] - rare - 1
    return torch.from_numpy(np.partition(values, kept, axis=1)[:, kept])
