"""What the painter with a canvas learns on: two views of photographs, with the canvas that moves with them.

Photographs with large flat parts (a sky, a wall, a blurred background) are what a painter leaves bare, and
rare in folders of photographs: some are made of others on the spot.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models import canvas
from stylize_video.models.canvas import Field
from stylize_video.models.training import views

_FLAT = 0.4  # share of the photographs that get a flat part
_STILL = 0.35  # share of the pairs of views that differ by noise, light and compression alone
_COMPRESSED = 0.25  # share of the second views that went through a JPEG file
_QUALITIES = (35, 90)  # of such a file
_LEAST_BLURRED = 0.2  # px; less is nothing
_MOST_BLURRED = 1.2  # px, standard deviation, of a frame of a film
_BLURS = (8.0, 40.0)  # px, standard deviation of a blurred background
_GRAIN = 0.008  # highest standard deviation of what is left in a flat part

_PATCHES = (2.0, 6.0)  # cells, how coarse the patches are whose canvas is drawn anew
_PATCHY = (0.15, 0.6)  # share of the cells that they cover
_DETAILED = 0.04  # standard deviation within some 20 px: there a picture shows enough to place strokes by
_NEARBY = 5  # cells, those 20 px


@dataclass(frozen=True)
class Scenes:
    """Two views of N photographs, as two frames of a film would show them."""

    clean: Tensor  # (N, 3, S, S) in 0..1, the first view without its noise
    first: Tensor  # (N, 3, S, S)
    second: Tensor  # (N, 3, S, S)
    canvas_of_first: Tensor  # (N, canvas.CHANNELS, S/4, S/4)
    canvas_of_second: Tensor  # the same field, moved as the scene moved
    flow: Tensor  # (N, S, S, 2): where the first view's pixels lie in the second one, for `grid_sample`

    def visible(self) -> Tensor:
        """(N, 1, S, S): 1 where a pixel of the first view lies in the second one, else 0."""
        return (self.flow.abs() <= 1).all(-1).unsqueeze(1).float()


def random_scenes(
    photographs: Tensor,
    field: Field,
    rng: np.random.Generator,
    *,
    redrawn: float = 0.0,
    bent: float = 0.0,
    filmed: float = 0.0,
) -> Scenes:
    """Cut two views out of each photograph, and of the field what lies beneath them.

    In films of wild motion canvases are drawn anew in patches, and a painter whose strokes hang on them jumps
    there, though the picture goes on. `redrawn`, it learns to place its strokes by the picture where that
    shows anything, and by the canvas where it does not.

    Args:
        photographs: (N, 3, S + 2 * views.MARGIN, S + 2 * views.MARGIN) in 0..1.
        field: of which each photograph gets a place of its own.
        rng: decides everything.
        redrawn: share of the second views whose canvas is another one in patches, where the picture is no
            flat one.
        bent: share of the second views that are bent a little, see `models/training/bending.py`.
        filmed: share of the pairs of views that are each blurred and compressed in its own way, as frames of
            films are: next to nothing of that is seen, and more of it than of noise in what is painted.
    """
    flat = rng.random(len(photographs)) < _FLAT
    photographs = torch.stack(
        [_with_flat_part(p, rng) if f else p for p, f in zip(photographs, flat, strict=True)]
    )
    seen = views.random_views(photographs, rng, still=_STILL, bent=bent)
    corners = rng.uniform(0, canvas.PERIOD, (len(photographs), 2)).astype(np.float32)
    first, moved = _places(seen.grids[0], corners)
    if redrawn:  # else no number is drawn for it, and trainings without it are what they were
        for number in np.flatnonzero(rng.random(len(photographs)) < redrawn):
            moved[number] = _partly_elsewhere(moved[number], seen.others[0][number], rng)
    other = torch.stack([_maybe_compressed(picture, rng) for picture in seen.others[0]])
    if filmed:
        for number in np.flatnonzero(rng.random(len(photographs)) < filmed):
            for view in (seen.first, other):
                view[number] = _compressed(_blurred(view[number], rng), rng)
    before, after = (torch.from_numpy(np.stack([field.at(p) for p in places])) for places in (first, moved))
    return Scenes(seen.clean, seen.first, other, before, after, seen.flows[0])


def _places(grids: Tensor, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, S/4, S/4, 2) px of the field: where the cells of the first views lie, and those of the second ones.

    Args:
        grids: (N, S, S, 2), see `views.Views`.
        corners: (N, 2) px of the field, where the first views begin.
    """
    size = grids.shape[1]
    cells = F.avg_pool2d(grids.permute(0, 3, 1, 2), canvas.CELL).permute(0, 2, 3, 1).numpy()
    moved = (cells + 1) * (size / 2)  # px of the first view
    at = corners[:, None, None]
    return canvas.still(size, size) + at, moved + at


def _partly_elsewhere(places: np.ndarray, picture: Tensor, rng: np.random.Generator) -> np.ndarray:
    """(S/4, S/4, 2) places with patches that lie anywhere else, where the picture, (3, S, S), has detail."""
    cells = places.shape[:2]
    patches = cv2.GaussianBlur(rng.standard_normal(cells, np.float32), (0, 0), rng.uniform(*_PATCHES))
    chosen = patches > np.quantile(patches, 1 - rng.uniform(*_PATCHY))
    grey = F.avg_pool2d(picture.mean(0)[None, None], canvas.CELL)
    mean, square = (
        F.avg_pool2d(x, _NEARBY, 1, _NEARBY // 2, count_include_pad=False)[0, 0].numpy()
        for x in (grey, grey.square())
    )
    detailed = square - mean**2 > _DETAILED**2
    elsewhere = rng.uniform(0, canvas.PERIOD, 2).astype(np.float32)
    return np.where((chosen & detailed)[..., None], places + elsewhere, places).astype(np.float32)


def _with_flat_part(photograph: Tensor, rng: np.random.Generator) -> Tensor:
    """(3, S, S) -> the same with a background that shows next to nothing, behind a soft edge."""
    picture = np.ascontiguousarray(photograph.permute(1, 2, 0).numpy())
    if rng.random() < 0.5:
        flat = cv2.GaussianBlur(picture, (0, 0), rng.uniform(*_BLURS), borderType=cv2.BORDER_REFLECT)
    else:
        flat = _gradient(picture, rng)
    grain = rng.standard_normal(flat.shape, np.float32) * np.float32(rng.uniform(0, _GRAIN))
    share = _foreground(len(picture), rng)[..., None]
    mixed = np.clip(share * picture + (1 - share) * (flat + grain), 0, 1).astype(np.float32)
    return torch.from_numpy(mixed).permute(2, 0, 1)


def _gradient(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """From one colour of the picture to another, along any direction."""
    size = len(picture)
    picks = rng.integers(size, size=(2, 2))
    light = rng.uniform(0.7, 1.2, (2, 1))
    colours = np.clip(picture[picks[:, 0], picks[:, 1]] * light, 0, 1)
    t = np.clip(_ramp(size, rng) / size + 0.5, 0, 1)[..., None]
    return np.asarray((1 - t) * colours[0] + t * colours[1], np.float32)


def _foreground(size: int, rng: np.random.Generator) -> np.ndarray:
    """(S, S) in 0..1: an ellipse, one side of a line, or nothing at all."""
    kind, softness = rng.random(), rng.uniform(1, 12)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    if kind < 0.15:
        return np.zeros((size, size), np.float32)
    if kind < 0.55:
        return _soft(_ramp(size, rng) + rng.uniform(-0.25, 0.25) * size, softness)
    centre, radii = rng.uniform(0.3, 0.7, 2) * size, rng.uniform(0.15, 0.35, 2) * size
    distance = 1 - np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return _soft(distance * radii.min(), softness)


def _ramp(size: int, rng: np.random.Generator) -> np.ndarray:
    """(S, S): signed distance from a line through the middle, px."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) - size / 2
    return np.asarray(np.cos(angle) * x + np.sin(angle) * y, np.float32)


def _soft(distance: np.ndarray, softness: float) -> np.ndarray:
    return np.asarray(np.clip(distance / softness + 0.5, 0, 1), np.float32)


def _maybe_compressed(picture: Tensor, rng: np.random.Generator) -> Tensor:
    return _compressed(picture, rng) if rng.random() < _COMPRESSED else picture


def _blurred(picture: Tensor, rng: np.random.Generator) -> Tensor:
    deviation = rng.uniform(0, _MOST_BLURRED)
    if deviation < _LEAST_BLURRED:
        return picture
    planes = [cv2.GaussianBlur(plane, (0, 0), deviation) for plane in picture.numpy()]
    return torch.from_numpy(np.stack(planes))


def _compressed(picture: Tensor, rng: np.random.Generator) -> Tensor:
    levels = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*_QUALITIES))])
    again = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.float32)
    return torch.from_numpy(again / 255).permute(2, 0, 1)
