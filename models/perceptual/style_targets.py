"""What a painting asks of a painter: its Gram matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.vgg import FeatureNetwork
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

_SMALLEST = 64  # px, a painting's shorter side
_NARROWEST = 32  # px, the same when it is looked at
_ONE_COLOUR = 2  # levels, of 255, that no pixel differs from another by


def check_painting(painting: Picture, size: int) -> None:
    """See whether a painting is large enough to have a style, looked at in `size` px, and shows anything.

    Raises:
        TrainingError: it is not.
    """
    height, width = painting.shape[:2]
    if min(height, width) < _SMALLEST:
        raise TrainingError(f"a painting of {width}x{height} px is too small; give {_SMALLEST} or more")
    if size * min(height, width) < _NARROWEST * max(height, width):
        raise TrainingError(
            f"a painting of {width}x{height} px is too narrow to be looked at in {size} px; cut it"
        )
    if np.ptp(painting.reshape(-1, 3), axis=0).max() <= _ONE_COLOUR:
        raise TrainingError("a painting of one colour has no brushwork to learn; give another")


def style_target(painting: Picture, size: int, features: FeatureNetwork) -> dict[str, Tensor]:
    """The Gram matrices of a painting by layer, (1, C, C) each.

    Args:
        painting: (H, W, 3) uint8 RGB.
        size: its longer side in px when looked at.
        features: where the layers come from.

    Raises:
        TrainingError: the painting is too small to have a style.
    """
    check_painting(painting, size)
    looked_at = resize_longer_side(painting, size)
    image = to_tensor([looked_at]).to(next(features.buffers()).device)
    with torch.no_grad():
        found = features(image, losses.STYLE_LAYERS)
    return {layer: losses.gram_matrix(found[layer]) for layer in losses.STYLE_LAYERS}


def style_targets(paintings: Sequence[Picture], size: int, features: FeatureNetwork) -> dict[str, Tensor]:
    """The Gram matrices of S paintings by layer, (S, C, C) each; see `style_target`."""
    targets = [style_target(painting, size, features) for painting in paintings]
    return {layer: torch.cat([target[layer] for target in targets]) for layer in losses.STYLE_LAYERS}


def roughness(paintings: Sequence[Picture], size: int) -> Tensor:
    """(S,) root of the total variation of S paintings, looked at with `size` px on the longer side."""
    looked_at = [to_tensor([resize_longer_side(painting, size)]) for painting in paintings]
    return torch.stack([losses.total_variation(image).sqrt() for image in looked_at])
