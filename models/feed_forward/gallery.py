"""Painters with a canvas from their files, and styles of theirs, mixed. Needs no torch.

The files are those of `models/feed_forward/weights_file.py`, which reads them for training.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stylize_video.errors import UnknownStyleError, UsageError, WeightsError
from stylize_video.models import weights
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.styled_parameters import StyleVector
from stylize_video.models.mixture import Mixture, TrainedStyle
from stylize_video.models.weights import file_format


@dataclass(frozen=True)
class StyledCanvas:
    """What paints in a style, or a mixture of styles."""

    parameters: CanvasParameters  # whose own styles don't matter
    style: StyleVector


@dataclass(frozen=True)
class CanvasGallery:
    """A network and the styles it knows, in the order of their scales and shifts."""

    parameters: CanvasParameters
    styles: tuple[str, ...]
    origin: Path  # for messages

    def index(self, name: str) -> int:
        """Where a style is; an empty name means the only one.

        Raises:
            UnknownStyleError: there is none of that name, or several and none was named.
        """
        if not name and len(self.styles) == 1:
            return 0
        if name not in self.styles:
            example = f"{self.origin}#{self.styles[0]}"
            raise UnknownStyleError(f"{self.origin} holds: {', '.join(self.styles)}; ask for e.g. {example}")
        return self.styles.index(name)


def open_file(path: Path) -> CanvasGallery:
    """Read a painter.

    Raises:
        WeightsError: it is missing, damaged, or holds something else.
    """
    found = weights.read(path)
    if found.metadata.get("format") != file_format.CANVAS:
        raise WeightsError(f"{path}: holds no painter with a canvas")
    try:
        config = CanvasNetConfig(**json.loads(found.metadata["shape"]))
        arrays = {name: array.astype(np.float32, copy=False) for name, array in found.arrays.items()}
        parameters = CanvasParameters(config, arrays)
        names = tuple(str(name) for name in json.loads(found.metadata["styles"]))
        if len(names) != config.styles:
            raise ValueError(f"{len(names)} names for {config.styles} styles")
    except weights.UNFIT as error:
        raise WeightsError(f"{path}: tensors that don't fit its own header; train again") from error
    if not parameters.surely_finite:
        raise WeightsError(f"{path}: its weights are too large, NaN may come out; train again")
    return CanvasGallery(parameters, names, path)


def load(style: Mixture) -> StyledCanvas:
    """What paints in a style or a mixture of styles.

    Raises:
        UsageError: no such style, or styles that can't be mixed.
        WeightsError: the weights are missing or damaged.
    """
    opened: dict[Path, CanvasGallery] = {}
    mixed = np.zeros(1, np.float32)
    for ingredient, weight in style.parts:
        if not isinstance(ingredient, TrainedStyle):
            raise UsageError(f"{ingredient}: no weights file of a painter with a canvas")
        if ingredient.file not in opened:
            opened[ingredient.file] = open_file(ingredient.file)
        gallery = opened[ingredient.file]
        shares = np.zeros(len(gallery.styles), np.float32)
        shares[gallery.index(ingredient.name)] = weight
        if gallery.parameters.convolutions != next(iter(opened.values())).parameters.convolutions:
            raise UsageError(f"{str(style)!r}: these styles can't be mixed, their networks differ")
        mixed = mixed + gallery.parameters.mixed(shares.tolist())
    return StyledCanvas(next(iter(opened.values())).parameters, mixed)
