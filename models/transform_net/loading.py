"""From a style, or a mixture of styles, to what paints in it. torch is imported for networks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylize_video.errors import UsageError
from stylize_video.models import styles
from stylize_video.models.mixture import Mixture, NamedStyle, TrainedStyle
from stylize_video.models.transform_net import gallery

if TYPE_CHECKING:
    from torch import Tensor

    from stylize_video.models.feed_forward.styled_parameters import StyleVector
    from stylize_video.models.transform_net.parameters import TransformParameters
    from stylize_video.models.transform_net.transform_net import TransformNet


@dataclass(frozen=True)
class StyledNetwork:
    """A network ready to paint, and the weight of each of its styles."""

    network: TransformNet
    style: Tensor  # (S,), sums to one


@dataclass(frozen=True)
class StyledParameters:
    """What paints in a style, or a mixture of styles, as arrays."""

    parameters: TransformParameters  # whose own styles don't matter
    style: StyleVector

    def painter(self) -> StyledNetwork:
        """The network with that style alone; imports torch."""
        import torch

        return StyledNetwork(self.parameters.with_style(self.style).network(), torch.ones(1))


def load(style: Mixture) -> StyledNetwork:
    """The painter for a style or a mixture of styles, as a network; see `load_parameters`."""
    return load_parameters(style).painter()


def load_parameters(style: Mixture) -> StyledParameters:
    """What paints in a style or a mixture of styles. Needs no torch.

    Styles are mixed by interpolating their scales and shifts (Dumoulin et al. 2017, section 3).

    Raises:
        UsageError: no such style or file, one that no network was trained on, or styles that can't be mixed.
        WeightsError: the weights are missing, damaged or of another version.
    """
    import numpy as np

    galleries: dict[str, gallery.Gallery] = {}
    weights_of: dict[str, list[float]] = {}
    for ingredient, weight in zip(styles.check_trained(style), style.weights, strict=True):
        origin = str(ingredient.file) if isinstance(ingredient, TrainedStyle) else gallery.BUNDLED
        if origin not in galleries:
            galleries[origin] = _open(ingredient, origin)
            weights_of[origin] = [0.0] * len(galleries[origin].styles)
        weights_of[origin][galleries[origin].index(ingredient.name)] += weight
    first, *others = (found.parameters for found in galleries.values())
    if any(other.convolutions != first.convolutions for other in others):
        raise UsageError(
            f"{str(style)!r}: these styles can't be mixed, their networks' convolutions differ; train "
            "without `full` and from the same network"
        )
    mixed = sum(galleries[origin].parameters.mixed(weights) for origin, weights in weights_of.items())
    return StyledParameters(first, np.asarray(mixed, np.float32))


def load_all(style: Mixture) -> TransformNet:
    """The network of a style with what to choose from: all styles of a file, else the one asked for.

    Raises:
        UsageError, WeightsError: as `load`.
    """
    first, *others = styles.check_trained(style)
    if isinstance(first, TrainedStyle) and not first.name and not others:
        return gallery.open_file(first.file).network
    return load(style).network


def _open(ingredient: NamedStyle | TrainedStyle, origin: str) -> gallery.Gallery:
    return (
        gallery.open_file(ingredient.file)
        if isinstance(ingredient, TrainedStyle)
        else gallery.open_bundled(origin)
    )
