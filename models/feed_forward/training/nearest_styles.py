"""The known style that comes nearest to a painting, for a training to start from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.training.config import TrainingConfig
from stylize_video.models.transform_net.transform_net import TransformNet
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

_PHOTOGRAPHS_TO_CHOOSE_BY = 2


def nearest_styles(
    network: TransformNet,
    paintings: Sequence[Picture],
    photographs: Sequence[Picture],
    config: TrainingConfig,
) -> Tensor:
    """For each painting the style of a network that comes nearest to it: (T, S), a one in each row.

    A new style that starts from there has the shortest way to go.
    """
    features = load_features(config.features)
    targets = [style_target(painting, config.style_size, features) for painting in paintings]
    known = torch.eye(network.config.styles)
    found = torch.zeros(len(paintings), len(known))  # summed distances
    with torch.no_grad():
        for photograph in photographs[:_PHOTOGRAPHS_TO_CHOOSE_BY]:
            photo = to_tensor([resize_longer_side(photograph, config.crop)])
            for index, style in enumerate(known):
                layers = features(network(photo, style.unsqueeze(0)), losses.STYLE_LAYERS)
                found[:, index] += torch.stack([losses.style_distance(layers, t) for t in targets])
    return known[found.argmin(1)]
