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
from stylize_video.models.perceptual import losses
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
    style_size: int,
) -> Table:
    """For each painting the known style that comes nearest to it: from there the way is shortest.

    Args:
        parameters: of the network that paints.
        known: (S, K), the styles to choose from.
        paintings: T of them, (H, W, 3) uint8 RGB.
        photographs: of which the first ones are painted, in all styles.
        style_size: px, the paintings' longer side when looked at.

    Returns:
        (T, K).
    """
    features = load_features("vgg16")
    targets = [style_target(painting, style_size, features) for painting in paintings]
    paints = OnBlankCanvas(parameters.network())
    distances = np.zeros((len(paintings), len(known)))
    for photograph in photographs[:_PHOTOGRAPHS]:
        photo = to_tensor([resize_longer_side(photograph, _SIZE)])
        for number, style in enumerate(known):
            with torch.no_grad():
                painted = features(paints(photo, torch.from_numpy(style)[None]), losses.STYLE_LAYERS)
            distances[:, number] += [losses.style_distance(painted, target).item() for target in targets]
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
