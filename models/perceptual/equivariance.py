"""How well a painter keeps its strokes on what moves by fractions of a pixel, or turns.

EQ-T and EQ-R after Karras et al. 2021, section 2.2 and appendix E: the painter applied to a moved photograph
and canvas, against its moved painting, as a PSNR of pictures in -1..1. Pictures are moved in the Fourier
domain, which is exact for what a grid can hold; everything is circular meanwhile, so that aliasing is
measured, and not borders. A painter of random weights may score high too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

Shift = tuple[float, float]  # px, down and across
Paint = Callable[[Tensor, Tensor], Tensor]  # (N, 3, H, W) in 0..1, (N, C, H/4, W/4) -> (N, 3, H, W) in 0..1

_SOFT = 0.06  # of the shorter side, how wide the edge of a disc is
_DISC, _JUDGED = 0.44, 0.34  # of the shorter side: the disc's radius, and of what is judged within it


def db(squared_error: float) -> float:
    """`20 log10 2 - 10 log10 MSE` of pictures in -1..1, given the mean squared error of those in 0..1."""
    return -10 * math.log10(max(squared_error, 1e-12))  # twice the range is four times the square


def translated(pictures: Tensor, shift: Shift) -> Tensor:
    """(N, C, H, W) moved in a circle, by any fraction of a pixel; exact."""
    height, width = pictures.shape[-2:]
    down = torch.fft.fftfreq(height, device=pictures.device)[:, None] * shift[0]
    across = torch.fft.fftfreq(width, device=pictures.device)[None] * shift[1]
    turn = torch.polar(torch.ones_like(down + across), -2 * math.pi * (down + across))
    moved: Tensor = torch.fft.ifft2(torch.fft.fft2(pictures) * turn).real
    return moved.contiguous()


def translation_error(paint: Paint, images: Tensor, noise: Tensor, shifts: Sequence[Shift]) -> float:
    """Mean squared error between the painting of what is moved and the moved painting, over all shifts.

    Args:
        paint: the painter, with circular borders; see `circular`.
        images: (N, 3, H, W) in 0..1.
        noise: (N, C, H/4, W/4), their canvases.
        shifts: px of the images.
    """
    painted, cell = paint(images, noise), images.shape[-1] / noise.shape[-1]
    errors = []
    for down, across in shifts:
        moved = paint(translated(images, (down, across)), translated(noise, (down / cell, across / cell)))
        errors.append((moved - translated(painted, (down, across))).square().mean().item())
    return fmean(errors)


def rotated(pictures: Tensor, angle: float) -> Tensor:
    """(N, C, S, S) turned about their middle, by three shears in the Fourier domain (Unser et al. 1995).

    Exact for what lies within a disc on a plain ground.

    Args:
        pictures: squares.
        angle: radians, counter-clockwise as seen; any.
    """
    quarters = round(angle / (math.pi / 2))
    pictures, rest = torch.rot90(pictures, quarters, (-2, -1)), angle - quarters * math.pi / 2
    once = _sheared(pictures, math.tan(rest / 2), -1)
    twice = _sheared(once, -math.sin(rest), -2)
    return _sheared(twice, math.tan(rest / 2), -1)


def rotation_error(paint: Paint, images: Tensor, noise: Tensor, angles: Sequence[float]) -> float:
    """As `translation_error`, of turned pictures: what is within a disc, and judged well within it.

    Args:
        paint: the painter.
        images: (N, 3, S, S) in 0..1.
        noise: (N, C, S/4, S/4).
        angles: radians.
    """
    ground = images.mean((2, 3), keepdim=True)
    images = ground + (images - ground) * _disc(images, _DISC, _SOFT)
    noise = noise * _disc(noise, _DISC, _SOFT)
    judged = _disc(images, _JUDGED, 0) > 0
    painted, errors = paint(images, noise), []
    for angle in angles:
        difference = paint(rotated(images, angle), rotated(noise, angle)) - rotated(painted, angle)
        errors.append(difference.square().masked_select(judged).mean().item())
    return fmean(errors)


@contextmanager
def circular(network: nn.Module) -> Iterator[None]:
    """Let all layers that pad see a picture whose opposite edges meet."""
    padding: list[Any] = [module for module in network.modules() if hasattr(module, "padding_mode")]
    before = [module.padding_mode for module in padding]
    for module in padding:
        module.padding_mode = "circular"
    try:
        yield
    finally:
        for module, mode in zip(padding, before, strict=True):
            module.padding_mode = mode


def _sheared(pictures: Tensor, slope: float, axis: int) -> Tensor:
    """Each row (axis -1) or column (-2) moved along itself by `slope` times its distance from the middle."""
    size = pictures.shape[-1]
    frequency = torch.fft.fftfreq(size, device=pictures.device)
    moved = slope * (torch.arange(size, device=pictures.device) - (size - 1) / 2)
    phase = -2 * math.pi * moved[:, None] * frequency[None]
    turn = torch.polar(torch.ones_like(phase), phase)
    turn = turn if axis == -1 else turn.T
    sheared: Tensor = torch.fft.ifft(torch.fft.fft(pictures, dim=axis) * turn, dim=axis).real
    return sheared.contiguous()


def _disc(pictures: Tensor, radius: float, soft: float) -> Tensor:
    """(S, S): 1 within so much of the side from the middle, 0 beyond, and in between within `soft` of it."""
    size = pictures.shape[-1]
    places = (torch.arange(size, device=pictures.device) - (size - 1) / 2) / size
    distance = torch.hypot(places[:, None], places[None])
    if soft == 0:
        return (distance <= radius).to(pictures.dtype)
    share = ((radius - distance) / soft).clamp(0, 1)
    return share.square() * (3 - 2 * share)
