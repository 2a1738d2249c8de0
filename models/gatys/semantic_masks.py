"""Style by regions: sky painted as the painting's sky, houses as its houses.

Luan et al. 2017, "Deep Photo Style Transfer", equation 3: a Gram matrix for each region, of what lies in
it. Which pixels belong together is said by two masks, one for the photograph and one for the painting:
pictures in flat colours, where the same colour means the same region.

Departures from the paper: a mask weighs positions, not features (where it is 0 or 1 that is the same); a
Gram matrix is divided by its region's size, so that the painting's regions may be of any size; and a region
weighs as much as its share of the photograph, as in the authors' program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from stylize_video.errors import InputError
from stylize_video.models.perceptual.losses import relative_squared_distance
from stylize_video.pictures.pictures import Picture, read_picture

MOST_REGIONS = 32

_LOSSY = (".jpg", ".jpeg", ".webp")
_NOISE = 32  # of 255, in each channel: what codecs and the edges of shapes make of a flat colour
_CLOSE = 6  # what codecs make of it far from an edge
_SMALLEST_SHARE = 0.002  # of the picture; what has less is noise
_FLAT_SHARE = 0.3  # of the picture, which a mask's flat places cover at least
_EVEN_SHARE = 0.75  # of those, which have one of its colours
_TRIES = 4 * MOST_REGIONS

Labels = NDArray[np.int32]  # (H, W), the region of each pixel
Colour = tuple[int, int, int]  # RGB


@dataclass(frozen=True)
class Regions:
    """What belongs together; region n of the photograph is painted as region n of the painting."""

    content: Labels
    style: Labels
    colours: tuple[Colour, ...]  # that mark them, as the content's mask has them

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.colours)


def read_regions(content: Path, style: Path) -> Regions:
    """The regions that two mask files agree on, stretched to whatever they are for when they are used.

    Raises:
        InputError: a file is missing or no picture, is not painted in flat colours, or has a region that
            the other lacks.
    """
    named = [(path, read_picture(path)) for path in (content, style)]
    first, second = (_read(path, picture) for path, picture in named)
    order = _matched(first, second, (content, style))
    return Regions(first.labels, np.argsort(order).astype(np.int32)[second.labels], tuple(first.colours))


@dataclass(frozen=True)
class _Mask:
    labels: Labels
    colours: list[Colour]


def _read(path: Path, mask: Picture) -> _Mask:
    """The flat colours of a mask, the most frequent first, and which of them each pixel has.

    What lies between them, such as the soft edges of shapes and the noise that JPEG leaves there, goes to
    the nearest flat place.

    Raises:
        InputError: it has no flat colours, or too many.
    """
    exact = path.suffix.lower() not in _LOSSY and len(_frequent(mask)[0]) <= MOST_REGIONS
    tolerance = 0 if exact else _NOISE  # the colours of few may be neighbours, as numbers of classes are
    flat = _flat(mask, min(tolerance, 2 * _CLOSE))
    colours = _main_colours(mask[flat], tolerance, least=1 if exact else _SMALLEST_SHARE * flat.size)
    labels, surely = np.full(flat.shape, -1, np.int32), 0
    for number, colour in reversed(list(enumerate(colours))):
        near = _is_near(mask, colour, tolerance)
        labels[near if exact else near & flat] = number
        surely += int(np.count_nonzero(flat & _is_near(mask, colour, min(tolerance, _CLOSE))))
    uneven = surely < _EVEN_SHARE * np.count_nonzero(flat)
    if uneven or flat.mean() < _FLAT_SHARE or len(colours) > MOST_REGIONS:
        raise InputError(
            f"{path}: is no mask of regions; give a picture in 1 to {MOST_REGIONS} flat colours, one a region"
        )
    return _Mask(_filled(labels), colours)


def _frequent(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Colours, (n, 3), and how many pixels have them, the most frequent first."""
    codes, counts = np.unique(pixels.astype(np.int32) @ (1 << 16, 1 << 8, 1), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], -1).astype(np.uint8)
    return colours[order], counts[order]


def _flat(mask: Picture, tolerance: int) -> NDArray[np.bool_]:
    """Where a pixel and its eight neighbours are of one colour."""
    kernel = np.ones((3, 3), np.uint8)
    spread = cv2.dilate(mask, kernel).astype(np.int16) - cv2.erode(mask, kernel)
    return np.asarray(spread.max(-1) <= tolerance)


def _main_colours(pixels: NDArray[np.uint8], tolerance: int, least: float) -> list[Colour]:
    """Colours that stand for all within the tolerance of them, as far as `least` pixels have just them.

    No more than one above `MOST_REGIONS`; and what is none has many, of which only the first are tried.
    """
    colours, counts = _frequent(pixels)
    found: list[Colour] = []
    for _ in range(_TRIES):
        if not len(colours) or len(found) > MOST_REGIONS:
            break
        red, green, blue = colours[0].tolist()
        near = _is_near(colours, (red, green, blue), tolerance)
        if counts[_is_near(colours, (red, green, blue), min(tolerance, _CLOSE))].sum() >= least:
            found.append((red, green, blue))
        colours, counts = colours[~near], counts[~near]
    return found


def _is_near(colours: NDArray[np.uint8], colour: Colour, tolerance: int) -> NDArray[np.bool_]:
    """(..., 3) -> (...)."""
    return np.asarray((np.abs(colours.astype(np.int16) - np.array(colour)) <= tolerance).all(-1))


def _filled(labels: Labels) -> Labels:
    """Each pixel without a label (-1) gets that of the nearest pixel that has one."""
    known = labels >= 0
    if known.all():
        return labels
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_place = np.zeros(int(nearest.max()) + 1, np.int32)
    by_place[nearest[known]] = labels[known]
    filled: Labels = by_place[nearest]
    return filled


def _matched(first: _Mask, second: _Mask, paths: tuple[Path, Path]) -> NDArray[np.intp]:
    """For each colour of the first mask the index of the second's that is the same, nearest first.

    Raises:
        InputError: a colour is in one mask alone.
    """
    distances = np.abs(np.array(first.colours)[:, None] - np.array(second.colours)[None]).max(-1)
    found = np.full(len(first.colours), -1, np.intp)
    for place in np.argsort(distances, axis=None, kind="stable"):
        one, other = np.unravel_index(place, distances.shape)
        if distances[one, other] <= _NOISE and found[one] < 0 and other not in found:
            found[one] = other
    alone = [(colour, 0) for colour, other in zip(first.colours, found, strict=True) if other < 0]
    alone += [(colour, 1) for n, colour in enumerate(second.colours) if n not in found]
    if alone:
        colour, where = alone[0]
        raise InputError(
            f"{paths[where]}: the region of colour {colour} is not in {paths[1 - where]}; "
            "paint each region in both masks, in the same colour"
        )
    return found


class RegionStyle:
    """The style loss by regions, sum_c s_c |G_c - A_c|^2 / |A_c|^2, then the mean over the layers.

    A_c is the Gram matrix of the painting in region c, and s_c the region's share of the photograph. With one
    region it is the mean of `losses.style_distances`.

    Args:
        regions: of the photograph and of the painting.
        painting: layer -> features of the painting, (1, C, h, w); these layers are compared.
    """

    def __init__(self, regions: Regions, painting: Mapping[str, Tensor]) -> None:
        self._labels = regions.content
        self._shares = (np.bincount(regions.content.ravel()) / regions.content.size).tolist()
        self._wanted = {
            layer: region_grams(found, masks_at(regions.style, regions.count, found))
            for layer, found in painting.items()
        }
        self._masks: dict[torch.Size, Tensor] = {}  # by the features' size

    def __call__(self, features: Mapping[str, Tensor]) -> Tensor:
        """Layer -> features of the picture, (1, C, h, w), to the loss."""
        parts = [self._distance(features[layer], wanted) for layer, wanted in self._wanted.items()]
        return torch.stack(parts).mean()

    def _distance(self, features: Tensor, wanted: Tensor) -> Tensor:
        size = features.shape[-2:]
        if size not in self._masks:
            self._masks[size] = masks_at(self._labels, len(self._shares), features)
        grams = region_grams(features, self._masks[size])
        each = [relative_squared_distance(g[None], a[None]) for g, a in zip(grams, wanted, strict=True)]
        return torch.stack([share * one for share, one in zip(self._shares, each, strict=True)]).sum()


def masks_at(labels: Labels, count: int, features: Tensor) -> Tensor:
    """How much of each position of some features lies in each region: (count, h, w) float32, sums to 1.

    Args:
        labels: of the picture, in any size; averaged over what a position covers.
        count: of the regions.
        features: (1, C, h, w).
    """
    hot = torch.stack([torch.from_numpy(labels == number) for number in range(count)]).float()
    height, width = features.shape[-2:]
    return F.adaptive_avg_pool2d(hot, (height, width)).to(features.device)


def region_grams(features: Tensor, masks: Tensor) -> Tensor:
    """Gram matrices of the regions, each divided by C and its region's size (Luan et al. 2017, equation 3).

    Args:
        features: (1, C, h, w).
        masks: (R, h, w), how much of each position lies in each region.

    Returns:
        (R, C, C) float32. For a mask that is 1 everywhere it is `losses.gram_matrix`.
    """
    grams: Tensor = _RegionGrams.apply(features, masks)
    return grams


class _RegionGrams(torch.autograd.Function):
    """X^T diag(m_r) X / (C sum m_r) for X of (h*w, C), one region at a time.

    Its own gradient keeps the features once, where the general rule keeps them for each region.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, masks: Tensor) -> Tensor:
        ctx.save_for_backward(features, masks)
        x = features[0].flatten(1).T
        return torch.stack([(x * weights).T @ x for weights in _weights(masks, x)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        features, masks = ctx.saved_tensors
        x = features[0].flatten(1).T
        back = torch.zeros_like(x)
        for weights, g in zip(_weights(masks, x), gradient, strict=True):
            back += weights * (x @ (g + g.T))
        return back.T.reshape(features.shape), None


def _weights(masks: Tensor, x: Tensor) -> list[Tensor]:
    """For each region what a position weighs in its Gram matrix, (h*w, 1)."""
    rows = masks.to(x.dtype).flatten(1)
    return [(row / (x.shape[1] * row.sum())).unsqueeze(1) for row in rows]
