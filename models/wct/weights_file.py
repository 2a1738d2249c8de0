"""The files of the whitening and colouring transform: networks, and paintings known by their statistics.

Needs no torch, but for a file with numbers so large that they might overflow. `training/saving.py` writes
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import WeightsError
from stylize_video.models import weights
from stylize_video.models.wct.levels import BUNDLED, LEVELS
from stylize_video.models.wct.moments import Moments, Statistics
from stylize_video.models.wct.program import WctParameters, stored_ranges
from stylize_video.models.wct.shape import STRIDE, WctConfig
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

if TYPE_CHECKING:
    from stylize_video.models.wct.network import WctNetwork

FORMAT = "stylize-video wct 2"  # in the header of every such file
_BEFORE = "stylize-video wct 1"  # that with whole covariances, which is read as well

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class WctWeights:
    """Networks, and the paintings they come with."""

    parameters: WctParameters
    paintings: Mapping[str, Statistics]  # by name
    origin: str  # the file's name, for messages

    @property
    def network(self) -> WctNetwork:
        """The networks themselves; imports torch."""
        return self.parameters.network


def statistics(network: WctNetwork, painting: Picture, size: int) -> Statistics:
    """What a style is to the transform; imports torch.

    Args:
        network: whose encoder looks at it.
        painting: (H, W, 3) uint8 RGB.
        size: px, its longer side when looked at: how large its strokes are.
    """
    import torch

    from stylize_video.models.wct import transform as wct

    least = 2 * STRIDE  # px, for a mirrored border at the deepest level
    looked_at = resize_longer_side(painting, size)
    height, width = (max(least, side) for side in looked_at.shape[:2])
    image = to_tensor([looked_at])
    image = torch.nn.functional.interpolate(image, (height, width), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        features = network.encoder.features(image, LEVELS[-1])
        found = {level: wct.moments(features[f"relu{level}_1"]) for level in LEVELS}
    return {level: Moments(*(part.numpy() for part in parts)) for level, parts in found.items()}


def open_chosen(path: Path | None) -> WctWeights:
    """A user's own file, or the bundled one; see `open_file` and `open_bundled`."""
    return open_bundled() if path is None else open_file(path)


def open_bundled() -> WctWeights:
    """The networks that come with the package.

    Raises:
        WeightsError: they are missing, damaged or of another version.
    """
    return _build(weights.load(BUNDLED), BUNDLED)


def open_file(path: Path) -> WctWeights:
    """Networks from a file that `stylize-video train` wrote.

    Raises:
        WeightsError: it is missing, damaged or of another version.
    """
    return _build(weights.read(path), str(path))


def _build(found: weights.Weights, origin: str) -> WctWeights:
    if found.metadata.get("format") not in (FORMAT, _BEFORE):
        made = found.metadata.get("format", "something else")
        raise WeightsError(f"{origin}: made for {made!r}, this version reads {FORMAT!r}; train again")
    values = {name: np.asarray(array, np.float32) for name, array in found.arrays.items()}
    own = {name: value for name, value in values.items() if not name.startswith("statistics.")}
    try:
        config = WctConfig(tuple(json.loads(found.metadata["shape"])["channels"]))
        parameters = WctParameters(config, own, stored_ranges(found.metadata))
        names = json.loads(found.metadata["paintings"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError("the paintings' names are no list of texts")
        paintings = {name: _statistics_in(values, number, config) for number, name in enumerate(names)}
    except weights.UNFIT as error:
        raise WeightsError(f"{origin}: tensors that don't fit its own header; train again") from error
    if not parameters.surely_finite:
        _check_painting(parameters.network, origin)
    return WctWeights(parameters, paintings, origin)


def _check_painting(network: WctNetwork, origin: str) -> None:
    """See whether numbers come out of it: sums of large weights may overflow."""
    import torch

    side = 2 * STRIDE
    ramp = torch.linspace(0, 1, 3 * side * side).view(1, 3, side, side)
    features = network.encoder.features(ramp, LEVELS[-1])
    if not all(bool(network.decode(features[f"relu{n}_1"], n).isfinite().all()) for n in LEVELS):
        raise WeightsError(
            f"{origin}: its weights are too large, NaN comes out; take another file, or train again"
        )


def _statistics_in(values: Arrays, number: int, config: WctConfig) -> Statistics:
    """Those of a file's painting.

    Raises:
        KeyError: there are none.
        ValueError: they are of other networks.
    """
    found = {}
    for level, channels in zip(LEVELS, config.channels, strict=True):
        parts = f"statistics.{number}.{level}"
        mean = values[f"{parts}.mean"].astype(np.float64)
        covariance = _covariance_in(values, parts, channels)
        if mean.shape != (1, channels) or covariance.shape != (1, channels, channels):
            raise ValueError(f"statistics of {mean.shape} for {channels} channels")
        found[level] = Moments(mean, covariance)
    return found


def _covariance_in(values: Arrays, parts: str, channels: int) -> NDArray[np.float64]:
    if f"{parts}.covariance" in values:
        return np.asarray(values[f"{parts}.covariance"], np.float64)
    return covariance_of(values[f"{parts}.factor"], channels)


def covariance_of(factor: NDArray[np.floating], channels: int) -> NDArray[np.float64]:
    """(1, C, C) R^T R, of the upper triangle of R, row after row, in a `table`.

    Raises:
        ValueError: not so many numbers as that takes.
    """
    if factor.shape != table(channels):
        raise ValueError(f"a factor of {factor.shape} for {channels} channels")
    upper = np.zeros((channels, channels))
    upper[np.triu_indices(channels)] = factor.ravel()
    return (upper.T @ upper)[None]


def table(channels: int) -> tuple[int, int]:
    """The shape of a table of channels (channels + 1) / 2 numbers, without gaps."""
    columns = channels + 1 - channels % 2
    return channels * (channels + 1) // 2 // columns, columns
