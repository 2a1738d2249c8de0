"""How near a painter comes to the painting, and how much of the photograph it keeps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from stylize_video.models import losses
from stylize_video.models.pictures import Picture, resize_longer_side, to_tensor
from stylize_video.models.style_targets import style_target
from stylize_video.models.styles import Painter
from stylize_video.models.training_config import MEASURED_SIZE
from stylize_video.models.vgg import load_features


def distances(
    painter: Painter, painting: Picture, photographs: Sequence[Picture], *, size: int = MEASURED_SIZE
) -> tuple[float, float]:
    """Mean (style distance, content distance) over photographs, in float32.

    Painting and photographs are measured at `size` px on their longer sides.
    """
    features = load_features("vgg16")  # whatever it was trained with: figures are to be comparable
    target = style_target(painting, size, features)
    sums = np.zeros(2)
    layer = losses.CONTENT_LAYER
    with torch.no_grad():
        for photograph in photographs:
            photo = to_tensor([resize_longer_side(photograph, size)])
            found = features(painter.network(photo, painter.style.unsqueeze(0)), losses.STYLE_LAYERS)
            wanted = features(photo, [layer])
            sums += (
                losses.style_distance(found, target).item(),
                losses.content_distance(found[layer], wanted[layer]).item(),
            )
    style, content = sums / len(photographs)
    return float(style), float(content)
