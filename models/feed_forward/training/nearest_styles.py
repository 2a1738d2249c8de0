"""The known style that comes nearest to a painting, for a training to start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import norms
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.colours import colour_distance, palettes
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

_PHOTOGRAPHS = 2  # to choose by
_SIZE = 256  # px, their longer side

Table = NDArray[np.float32]  # (S, K), a style a row; see `shape.norms`


def nearest_styles(
    parameters: CanvasParameters,
    known: Table,
    paintings: Sequence[Picture],
    photographs: Sequence[Picture],
    *,
    config: CanvasTrainingConfig,
) -> Table:
    """For each painting the known style that comes nearest to it, by brushwork and colours as trained for.

    A network that begins without a painting's colours doesn't find them within minutes.

    Args:
        parameters: of the network that paints.
        known: (S, K), the styles to choose from.
        paintings: T of them, (H, W, 3) uint8 RGB.
        photographs: of which the first ones are painted, in all styles.
        config: of the training: how large paintings are looked at, and what weighs how much.

    Returns:
        (T, K).
    """
    features = load_features("vgg16")
    targets = [style_target(painting, config.style_size, features) for painting in paintings]
    wanted = [palettes([painting], config.style_size) for painting in paintings]
    paints = OnBlankCanvas(parameters.network())
    distances = np.zeros((len(paintings), len(known)))
    for photograph in photographs[:_PHOTOGRAPHS]:
        photo = to_tensor([resize_longer_side(photograph, _SIZE)])
        for number, style in enumerate(known):
            with torch.no_grad():
                painted = paints(photo, torch.from_numpy(style)[None])
                found = features(painted, losses.STYLE_LAYERS)
            distances[:, number] += [
                config.style_weight * losses.style_distance(found, target).item()
                + config.colour_weight * colour_distance(painted, palette).item()
                for target, palette in zip(targets, wanted, strict=True)
            ]
    chosen: Table = known[distances.argmin(1)]
    return chosen


def with_styles(parameters: CanvasParameters, table: Table) -> StyledNet:
    """The network with other styles.

    Args:
        parameters: of the network; its own styles don't matter.
        table: (S, K).
    """
    arrays = dict(parameters.arrays)
    for norm in norms(parameters.config):
        middle, end = norm.start + norm.channels, norm.start + 2 * norm.channels
        arrays[f"{norm.name}.scale"] = table[:, norm.start : middle]
        arrays[f"{norm.name}.shift"] = table[:, middle:end]
    return CanvasParameters(replace(parameters.config, styles=len(table)), arrays).network()
