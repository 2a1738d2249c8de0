"""How near the frames of a painted film come to the painting, how full they are, how much they keep.

The distances of `measuring`, which paints photographs by itself; here somebody else has painted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from stylize_video.models.perceptual import brushwork, losses
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor


@dataclass(frozen=True)
class Distances:
    """Means over some frames; relative, smaller is nearer (models/perceptual/losses.py)."""

    frames: int
    content_distance: float
    style_distance: float | None  # None without a picture of the painting
    bare_canvas: float | None = None  # 0..1 (models/perceptual/brushwork.py); None likewise, or too small


class Judge:
    """Knows the painting, and looks at frames with the features of VGG-16.

    Args:
        painting: what the frames were to look like, if that is at hand.
        size: px; what the longer side of everything becomes, so that figures are comparable.

    Raises:
        WeightsError: the features are missing or damaged.
        TrainingError: the painting is too small to have a style.
    """

    def __init__(self, painting: Picture | None, *, size: int = MEASURED_SIZE) -> None:
        self._size = size
        self._features = load_features("vgg16")
        self._target = {} if painting is None else style_target(painting, size, self._features)
        self._painting = None if painting is None else brushwork.looked_at(painting)

    def measure(self, pairs: Sequence[tuple[Picture, Picture]]) -> Distances:
        """Means over one or more frames: each as it was, and painted, of one size."""
        content, style = zip(*(self._distances(*pair) for pair in pairs), strict=True)
        found = float(np.mean(style)) if self._target else None
        return Distances(len(pairs), float(np.mean(content)), found, self._bare_canvas(pairs))

    def _bare_canvas(self, pairs: Sequence[tuple[Picture, Picture]]) -> float | None:
        painted = [brushwork.looked_at(picture) for _, picture in pairs]
        if self._painting is None or any(min(p.shape[:2]) < brushwork.WINDOW for p in painted):
            return None
        return float(np.mean([brushwork.bare_canvas(picture, self._painting) for picture in painted]))

    def _distances(self, original: Picture, painted: Picture) -> tuple[float, float]:
        """Content and style distance of a frame; the latter is 0 without a painting."""
        layer = losses.CONTENT_LAYER
        before, after = (to_tensor([resize_longer_side(p, self._size)]) for p in (original, painted))
        with torch.no_grad():
            found = self._features(after, [*self._target, layer])
            wanted = self._features(before, [layer])
            content = losses.content_distance(found[layer], wanted[layer]).item()
            style = losses.style_distance(found, self._target).item() if self._target else 0.0
        return content, style
