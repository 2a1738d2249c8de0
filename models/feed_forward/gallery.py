"""Painters from their files, and styles of theirs, mixed. Needs no torch.

The files are those of `models/feed_forward/weights_file.py`, which reads them for training.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import UnknownStyleError, UsageError, WeightsError
from stylize_video.models import styles, weights
from stylize_video.models.feed_forward.networks import FULL, Networks
from stylize_video.models.feed_forward.parameters import CanvasParameters, StyleVector
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.mixture import Mixture, NamedStyle, TrainedStyle
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
    origin: str  # the file's name, for messages

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


def open_bundled(name: str, shape: type[CanvasNetConfig] = CanvasNetConfig) -> CanvasGallery:
    """Load a bundled network with all its styles, by the manifest's name.

    Raises:
        WeightsError: it is missing, damaged or of another version.
    """
    return _build(weights.load(name), name, shape)


def open_file(path: Path, shape: type[CanvasNetConfig] = CanvasNetConfig) -> CanvasGallery:
    """Load a network with all its styles from a file that `train` wrote.

    Raises:
        WeightsError: it is missing, damaged, or holds something else.
    """
    return _build(weights.read(path), str(path), shape)


def load(style: Mixture, networks: Networks = FULL) -> StyledCanvas:
    """What paints in a style or a mixture of styles.

    Styles are mixed by interpolating their scales and shifts (Dumoulin et al. 2017, section 3).

    Args:
        style: the mixture.
        networks: what paints. A file has one network only, which has to be of their architecture.

    Raises:
        UsageError: no such style or file, one that no network was trained on, or styles that can't be mixed.
        WeightsError: the weights are missing, damaged or of another version.
    """
    galleries: dict[str, CanvasGallery] = {}
    shares: dict[str, list[float]] = {}
    for ingredient, weight in zip(styles.check_trained(style, networks.bundled), style.weights, strict=True):
        origin = styles.file_of(ingredient, networks.bundled)
        if origin not in galleries:
            galleries[origin] = _open(ingredient, origin, networks.shape)
            shares[origin] = [0.0] * len(galleries[origin].styles)
        shares[origin][galleries[origin].index(ingredient.name)] += weight
    first, *others = (found.parameters for found in galleries.values())
    if any(other.convolutions != first.convolutions for other in others):
        raise UsageError(
            f"{str(style)!r}: these styles can't be mixed, their networks' convolutions differ; train "
            "with `mixable` and from the same network"
        )
    mixed = sum(galleries[origin].parameters.mixed(weights) for origin, weights in shares.items())
    return StyledCanvas(first, np.asarray(mixed, np.float32))


def _open(ingredient: NamedStyle | TrainedStyle, origin: str, shape: type[CanvasNetConfig]) -> CanvasGallery:
    if isinstance(ingredient, TrainedStyle):
        return open_file(ingredient.file, shape)
    return open_bundled(origin, shape)


def _halves(array: NDArray[Any]) -> NDArray[np.float32]:
    """Rounded to half precision, as trainings store it: what goes on from whole numbers has the same ones."""
    with np.errstate(over="ignore"):
        return array.astype(np.float16, copy=False).astype(np.float32)


def _build(found: weights.Weights, origin: str, shape: type[CanvasNetConfig]) -> CanvasGallery:
    made = found.metadata.get("format", "something else")
    if made != shape.stored_as:
        raise WeightsError(
            f"{origin}: made for {made!r}, this version reads {shape.stored_as!r} here; train again"
        )
    try:
        config = shape(**json.loads(found.metadata["shape"]))
        arrays = {name: _halves(array) for name, array in found.arrays.items()}
        ranges = file_format.ranges(found.metadata)
        parameters = CanvasParameters(config, arrays, ranges)
        names = json.loads(found.metadata["styles"])
        if len(names) != config.styles or not all(isinstance(name, str) for name in names):
            raise ValueError(f"{len(names)} names for {config.styles} styles")
    except weights.UNFIT as error:
        raise WeightsError(f"{origin}: tensors that don't fit its own header; train again") from error
    if not parameters.surely_finite:
        raise WeightsError(f"{origin}: its weights are too large, NaN may come out; train again")
    return CanvasGallery(parameters, tuple(names), origin)
