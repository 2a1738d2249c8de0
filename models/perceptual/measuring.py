"""How near a painter comes to the painting, and how much of the photograph it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor


class Styled(Protocol):
    """A network that paints, and the style that it is asked for."""

    @property
    def network(self) -> Callable[[Tensor, Tensor], Tensor]:
        """(N, 3, H, W) in 0..1 and the styles (N, S) -> the same, painted."""
        ...

    @property
    def style(self) -> Tensor:
        """(S,), how much of each style."""
        ...


Paint = Callable[[Tensor], Tensor]  # (N, 3, H, W) in 0..1 -> the same, painted


def distances(
    painter: Styled, painting: Picture, photographs: Sequence[Picture], *, size: int = MEASURED_SIZE
) -> tuple[float, float]:
    """Means of `distances_of_each`."""
    found = distances_of_each(painter, painting, photographs, size=size)
    style, content = np.mean(found, axis=0)
    return float(style), float(content)


def distances_of_each(
    painter: Styled,
    painting: Picture,
    photographs: Sequence[Picture],
    *,
    size: int = MEASURED_SIZE,
    paint: Paint | None = None,
) -> list[tuple[float, float]]:
    """(Style distance, content distance) for each photograph.

    Args:
        painter: what paints.
        painting: measured, as the photographs are, at `size` px on its longer side.
        photographs: what is painted.
        size: px.
        paint: what runs the painter's network; by default PyTorch in float32.
    """
    paint = paint or (lambda photo: painter.network(photo, painter.style.unsqueeze(0)))
    features = load_features("vgg16")  # whatever it was trained with: figures are to be comparable
    target = style_target(painting, size, features)
    layer = losses.CONTENT_LAYER
    measured = []
    for photograph in photographs:
        photo = to_tensor([resize_longer_side(photograph, size)])
        with torch.no_grad():
            found = features(paint(photo), losses.STYLE_LAYERS)
            wanted = features(photo, [layer])
            style = losses.style_distance(found, target).item()
            content = losses.content_distance(found[layer], wanted[layer]).item()
        measured.append((style, content))
    return measured
