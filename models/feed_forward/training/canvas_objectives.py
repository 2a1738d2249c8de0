"""What the painter with a canvas is judged by, beside `models/perceptual/losses.py`: style on windows.

A Gram matrix over a whole picture is content with a third of it bare, if the rest is painted richly enough.
Over its quarters each part has to be painted.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from stylize_video.models.perceptual import losses

# Windows a side. A training crop is about a sixteenth of a picture already. Windows much smaller than a
# painting's shapes forbid them: no sixteenth of a crop can hold a star and the night around.
_FINEST = 2
_FLAT = 0.3  # of its features: a photograph whose features differ by less is flat
_TINY = 1e-6  # keeps a correlation finite for black pictures


# Johnson et al. 2016 (section 4.1) ask at relu2_2. Deeper layers see edges but not which side is dark,
# and a pale rim around dark things is as good an edge as any.
CONTENT_LAYERS = ("relu2_2", losses.CONTENT_LAYER)


def lost_structure(features: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """One minus the correlation between the features of painting and photograph, mean over `CONTENT_LAYERS`.

    A squared distance is won by painting greyly: the features of a picture without contrast are small, and
    the styles that covered their subject most had the smallest distances. A correlation asks for the same
    shapes, in whatever colours and contrast the style has.

    Args:
        features, wanted: layer name -> (N, C, H, W), of the painting and of the photograph.

    Returns:
        0: the photograph's own, if it shows anything; 1: nothing of it is left, or it is flat.
    """
    found = [_correlation(features[layer].float(), wanted[layer].float()) for layer in CONTENT_LAYERS]
    return 1 - torch.stack(found).mean()


def _correlation(painted: Tensor, wanted: Tensor) -> Tensor:
    """Of two (N, C, H, W), each channel about its own mean; the mean over N."""
    a, b = (x - x.mean((2, 3), keepdim=True) for x in (painted, wanted))
    # A photograph that shows next to nothing has nothing to lose: its noise is no structure.
    least = _FLAT * wanted.flatten(1).norm(dim=1)
    lengths = a.flatten(1).norm(dim=1) * b.flatten(1).norm(dim=1).maximum(least)
    correlation: Tensor = (a * b).flatten(1).sum(1) / lengths.clamp_min(_TINY)
    return correlation.mean()


def style_distance_in_windows(
    features: Mapping[str, Tensor], targets: Mapping[str, Tensor], quarter_weight: float
) -> Tensor:
    """The style distance of a picture and of its quarters, the weighted mean.

    Args:
        features: layer name -> (N, C, H, W); rows and columns that make no whole window are left out.
        targets: layer name -> Gram matrix of the painting, (N, C, C).
        quarter_weight: of the quarters, by that of the whole.
    """
    if not quarter_weight:
        return losses.style_distance(features, targets)
    weights = {1: 1.0, _FINEST: quarter_weight}
    distances: dict[int, list[Tensor]] = {a_side: [] for a_side in weights}
    for layer, target in targets.items():
        for a_side, grams in _window_grams(features[layer], _FINEST).items():
            wanted = target[:, None, None].expand_as(grams).flatten(0, 2)
            found = losses.relative_squared_distance(grams.flatten(0, 2), wanted)
            distances[a_side].append(found)
    means = {a_side: torch.stack(found).mean() for a_side, found in distances.items()}
    return torch.stack([weights[a] * mean for a, mean in means.items()]).sum() / sum(weights.values())


def pressure(distance: Tensor, goal: float | None) -> float:
    """How many times its weight a distance counts beyond a goal: distance by goal, and 1 before it.

    Paintings differ in how near a network comes within minutes by the same weights. One that is far from its
    goal presses harder against the other losses, so that all come about as near. Crops of 160 px are
    half as far again from a painting as pictures of 512 px are, by which styles are measured.

    Args:
        distance: a scalar, 0 or more.
        goal: more than 0; None: all distances count the same.
    """
    return 1.0 if goal is None else max(1.0, distance.item() / goal)


def _window_grams(features: Tensor, finest: int) -> dict[int, Tensor]:
    """Windows a side -> their Gram matrices, (N, a_side, a_side, C, C); from the finest to the whole.

    The matrix of a window is the mean of its quarters' matrices: only the finest are computed.
    """
    n, c = features.shape[:2]
    grams = losses.gram_matrix(_cut(features, finest)).view(n, finest, finest, c, c)
    found = {finest: grams}
    while finest > 1:
        finest //= 2
        grams = grams.view(n, finest, 2, finest, 2, c, c).mean((2, 4))
        found[finest] = grams
    return found


def _cut(features: Tensor, a_side: int) -> Tensor:
    """(N, C, H, W) -> (N * a_side^2, C, H // a_side, W // a_side), windows of a picture side by side."""
    n, c, height, width = features.shape
    h, w = height // a_side, width // a_side
    cut = features[..., : h * a_side, : w * a_side].reshape(n, c, a_side, h, a_side, w)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(n * a_side**2, c, h, w)
