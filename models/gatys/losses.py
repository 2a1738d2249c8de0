"""What painting by optimisation makes small: the losses of the papers, and their sum.

Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks", for one picture,

    L_total = alpha L_content + beta L_style                       (equation 7)

and Ruder et al. 2016, "Artistic Style Transfer for Videos", for the keyframes of a film. The functions are
the papers' own. `Objective`, which adds them up with total variation, departs from them, so that a weight
means the same for each picture, painting, layer and size:

- content and style loss of each layer are divided by what they are for features that are zero, and averaged
  over the layers; the paper has w_l = 1/5;
- the Gram matrix of a painting of another size is brought to the picture's number of positions;
- total variation and the temporal losses are means over the pixels, of values in 0..1;
- what leaves 0..1 costs its squared distance, since it will be cut off in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.perceptual.losses import total_variation
from stylize_video.models.perceptual.vgg import FeatureNetwork

Term = Callable[[Tensor], Tensor]  # (1, 3, H, W) in 0..1 -> what it adds to the loss, weighted
StyleLoss = Callable[[Mapping[str, Tensor]], Tensor]  # layer -> (1, C, h, w) to a loss, 1 for none of a style

_OUTSIDE = 10.0  # weight of the squared distance from 0..1
_TINY = 1e-12  # keeps ratios finite


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """1/2 sum (F - P)^2 over channels and positions (equation 1)."""
    return (features - target).pow(2).sum() / 2


def gram_matrix(features: Tensor) -> Tensor:
    """G_ij = sum_k F_ik F_jk over positions (equation 3): (1, C, H, W) -> (C, C)."""
    rows = features[0].flatten(1)
    return rows @ rows.T


def style_layer_loss(gram: Tensor, target: Tensor, positions: int) -> Tensor:
    """E_l = 1/(4 N^2 M^2) sum (G - A)^2 for N channels and M positions (equation 4).

    Args:
        gram: (N, N) of the picture.
        target: (N, N) of the painting, at as many positions.
        positions: M.
    """
    channels = gram.shape[-1]
    return (gram - target).pow(2).sum() / (4 * channels**2 * positions**2)


def temporal_loss(picture: Tensor, warped: Tensor, trusted: Tensor) -> Tensor:
    """1/D sum c_k (x_k - w_k)^2 over the D values of a picture (Ruder et al. 2016, section 4.2).

    Args:
        picture: (1, 3, H, W).
        warped: (1, 3, H, W), the painting of another frame, brought here.
        trusted: (1, 1, H, W) in 0..1, how far to trust in that; c.
    """
    return (trusted * (picture - warped).pow(2)).mean()


def long_term_weights(trusted: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """c_long = max(c - sum of the c of all nearer frames, 0) (Ruder et al. 2016, section 4.3).

    Each pixel then follows the nearest frame that shows it.

    Args:
        trusted: (H, W) in 0..1 for each frame, the nearest first.
    """
    found, claimed = [], np.zeros_like(trusted[0]) if trusted else np.zeros(0, np.float32)
    for weights in trusted:
        found.append(np.maximum(weights - claimed, 0))
        claimed = claimed + weights
    return found


def mean_grams(paintings: Sequence[Mapping[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """Gram matrices per position, mixed: layer -> (C, C).

    Args:
        paintings: layer -> features of each, (1, C, h, w).
        shares: of each, that sum to 1.
    """
    return {
        layer: torch.stack(
            [
                share * gram_matrix(features[layer]) / features[layer][0, 0].numel()
                for features, share in zip(paintings, shares, strict=True)
            ]
        ).sum(0)
        for layer in paintings[0]
    }


class GramStyle:
    """L_style (equation 5), relative as this file's beginning says.

    Args:
        grams: layer -> Gram matrix of the style per position, (C, C).
    """

    def __init__(self, grams: Mapping[str, Tensor]) -> None:
        self._grams = grams

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """Layer -> features of a picture, (1, C, h, w), to the loss."""
        return torch.stack([self._part(features[layer], gram) for layer, gram in self._grams.items()]).mean()

    def _part(self, features: Tensor, per_position: Tensor) -> Tensor:
        positions = features[0, 0].numel()
        wanted = per_position * positions
        loss = style_layer_loss(gram_matrix(features), wanted, positions)
        return loss / style_layer_loss(torch.zeros_like(wanted), wanted, positions).clamp_min(_TINY)


class Objective:
    """L_total of a picture's painting.

    Args:
        features: what looks at it.
        config: layers and weights.
        content: layer -> features of the picture, (1, C, h, w).
        style: how far from the style some features are, `GramStyle` or one like it.
        anchors: paintings, (1, 3, H, W), and how far each is trusted, (1, 1, H, W).
        terms: what else there is.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        config: GatysConfig,
        *,
        content: Mapping[str, Tensor],
        style: StyleLoss,
        anchors: Sequence[tuple[Tensor, Tensor]] = (),
        terms: Sequence[Term] = (),
    ) -> None:
        self._features = features
        self._config = config
        self._content = content
        self._style = style
        self._anchors = anchors
        self._terms = terms
        self._layers = {*config.style_layers, *config.content_layers}

    def __call__(self, picture: Tensor) -> Tensor:
        """(1, 3, H, W) -> L_total."""
        config = self._config
        found = self._features(picture, self._layers)
        parts = [
            config.content_weight * self._content_part(found),
            config.style_weight * self._style(found),
            config.tv_weight * total_variation(picture),
            _OUTSIDE * (picture - picture.clamp(0, 1)).pow(2).mean(),
            *(config.temporal_weight * temporal_loss(picture, *anchor) for anchor in self._anchors),
            *(term(picture) for term in self._terms),
        ]
        return torch.stack(parts).sum()

    def _content_part(self, found: Mapping[str, Tensor]) -> Tensor:
        parts = [
            content_loss(found[layer], wanted)
            / content_loss(torch.zeros_like(wanted), wanted).clamp_min(_TINY)
            for layer, wanted in self._content.items()
        ]
        return torch.stack(parts).mean()
