"""Do strokes move with the things? A painter on photographs moved by fractions of a pixel, or turned.

EQ-T and EQ-R of Karras et al. 2021 (models/perceptual/equivariance.py): dB, higher is better. Photograph and
canvas are moved, and what is painted then is held against the moved painting; translations are drawn
uniformly within an eighth of the size. Everything is circular meanwhile and in floats, so that aliasing is
measured, not borders nor rounding; "usual borders" is the same with the painter's own. Fractions of a pixel,
whole pixels and multiples of 16 (the painter's coarsest grid) are told apart. Style distance and bare canvas
of the same photographs stand beside it: a painter of random weights has a high EQ-T, too.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import InputError, UnknownStyleError
from stylize_video.models import styles
from stylize_video.models.canvas import Canvas, Field
from stylize_video.models.feed_forward import gallery
from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.networks import Networks
from stylize_video.models.feed_forward.shape import STRIDE, norms
from stylize_video.models.perceptual import brushwork, equivariance
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, to_tensor

KINDS = ("fractional", "integer", "of_16")
COUNT, SIZE, TRANSLATIONS = 6, 256, 3  # photographs; px, the side of what is moved; moves of each kind
_WITHIN = 1 / 8  # of the size

OnStyle = Callable[[str, "Figures"], None]  # told of each style that is done


class Painter(NamedTuple):
    """A network and its styles."""

    network: StyledNet
    styles: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """Of one style: dB over all photographs, and what it looks like beside that."""

    eq_t_db: float  # fractions of a pixel
    eq_t_integer_db: float
    eq_t_of_16_db: float
    eq_t_usual_borders_db: float  # fractions of a pixel
    eq_r_db: float
    style_distance: float | None  # None: without the painting
    bare_canvas: float | None


class Material(NamedTuple):
    """What is painted."""

    squares: Tensor  # (N, 3, S, S) in 0..1
    canvas: Tensor  # (1, C, S/4, S/4)
    photographs: Sequence[Picture]  # whole, for style distance and bare canvas
    shifts: dict[str, list[equivariance.Shift]]  # px, by kind
    angles: list[float]  # radians


def open_painter(networks: Networks, weights: Path | None = None) -> Painter:
    """A painter in all its styles, in float32.

    Args:
        networks: which; of the bundled ones that of the default style.
        weights: a file of theirs instead.

    Raises:
        UsageError: none is bundled.
        WeightsError: the file can't be read, or holds something else.
    """
    if weights is not None:
        found = gallery.open_file(weights, networks.shape)
    else:
        found = gallery.open_bundled(styles.bundled_network(networks.bundled), networks.shape)
    return Painter(found.parameters.network(), found.styles)


def material(
    folder: Path, *, count: int = COUNT, size: int = SIZE, translations: int = TRANSLATIONS
) -> Material:
    """Photographs of a folder, a canvas, and how they are moved: always the same.

    Args:
        folder: of which so many at most are taken, evenly spread.
        count: of the photographs.
        size: px, the side of the squares that are moved, a multiple of 32.
        translations: of each kind, and rotations.

    Raises:
        InputError: there are none, or one can't be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in READ)
    if not paths:
        raise InputError(f"{folder}: no photographs in it")
    photographs = [read_picture(path) for path in paths[:: max(1, len(paths) // count)][:count]]
    rng = np.random.default_rng(0)
    drawn = rng.uniform(-size * _WITHIN, size * _WITHIN, (translations, 2))
    of_16 = STRIDE * np.where(np.rint(drawn / STRIDE) == 0, 1, np.rint(drawn / STRIDE))
    moved = dict(zip(KINDS, (drawn, np.rint(drawn), of_16), strict=True))
    return Material(
        to_tensor([_square(photograph, size) for photograph in photographs]),
        torch.from_numpy(Field.draw(0).at(Canvas.of(size, size, seed=0).places))[None],
        photographs,
        {kind: [(float(y), float(x)) for y, x in shifts] for kind, shifts in moved.items()},
        list(rng.uniform(-np.pi, np.pi, translations)),
    )


def _square(photograph: Picture, size: int) -> Picture:
    """The middle of a photograph, shrunk."""
    side = min(photograph.shape[:2])
    top, left = ((length - side) // 2 for length in photograph.shape[:2])
    square = photograph[top : top + side, left : left + side]
    return np.asarray(cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


@torch.inference_mode()
def measure(network: StyledNet, style: Tensor, given: Material, judge: Judge | None) -> Figures:
    """A painter in one style.

    Args:
        network: in float32.
        style: (1, S), how much of each.
        given: what is painted.
        judge: knows the painting.
    """

    def error(of: Callable[..., float], moves: Sequence[object], *, round_about: bool = True) -> float:
        """What moving leaves; see `of`."""

        def paint(images: Tensor, noise: Tensor) -> Tensor:
            """One style, with borders as they are now."""
            painted: Tensor = network(images, noise, style)
            return painted

        with equivariance.circular(network) if round_about else nullcontext():
            errors = [of(paint, square, given.canvas, moves) for square in torch.split(given.squares, 1)]
        return equivariance.db(statistics.fmean(errors))

    fractional, integer, of_16 = (error(equivariance.translation_error, given.shifts[k]) for k in KINDS)
    usual = error(equivariance.translation_error, given.shifts["fractional"], round_about=False)
    turned = error(equivariance.rotation_error, given.angles)
    style_distance, bare_canvas = _looks(network, style, given, judge)
    return Figures(fractional, integer, of_16, usual, turned, style_distance, bare_canvas)


def _looks(
    network: StyledNet, style: Tensor, given: Material, judge: Judge | None
) -> tuple[float | None, float | None]:
    """Style distance and bare canvas."""
    if judge is None:
        return None, None
    whole, pairs = OnBlankCanvas(network), []
    for photograph in given.photographs:
        shrunk = resize_longer_side(photograph, brushwork.SIZE)
        numbers = torch.cat([style @ value for value in _numbers(network)], 1)
        painted = whole(to_tensor([shrunk]), numbers)[0].permute(1, 2, 0)
        pairs.append((shrunk, np.asarray((painted * 255).round().byte().numpy(), np.uint8)))
    found = judge.measure(pairs)
    return found.style_distance, found.bare_canvas


def _numbers(network: StyledNet) -> list[Tensor]:
    """The scales and shifts of all styles, in the order of a style's numbers."""
    own = network.style_parameters()
    return [own[f"{norm.name}.{kind}"] for norm in norms(network.config) for kind in ("scale", "shift")]


def of_styles(
    painter: Painter,
    names: Sequence[str],
    given: Material,
    paintings: Mapping[str, Picture],
    on_style: OnStyle = lambda *_: None,
) -> dict[str, Figures]:
    """Each style's figures.

    Args:
        painter: see `open_painter`.
        names: of its styles, those that are measured.
        given: what is painted.
        paintings: by the styles' names, for style distance and bare canvas.
        on_style: told of each that is done.

    Raises:
        UnknownStyleError: it knows no such style.
    """
    if unknown := [name for name in names if name not in painter.styles]:
        raise UnknownStyleError(f"no style called {unknown[0]!r}; there are: {', '.join(painter.styles)}")
    found = {}
    for name in names:
        judge = Judge(paintings[name]) if name in paintings else None
        style = torch.tensor([[float(name == other) for other in painter.styles]])
        found[name] = measure(painter.network, style, given, judge)
        on_style(name, found[name])
    return found


def paintings_in(folder: Path, names: Sequence[str]) -> dict[str, Picture]:
    """NAME.jpg of each style.

    Raises:
        InputError: one is missing, or no picture.
    """
    return {name: read_picture(folder / f"{name}.jpg") for name in names}


def means(found: Mapping[str, Figures]) -> Figures:
    """Over the styles."""
    columns: dict[str, Any] = {}
    for name in Figures.__annotations__:
        column = [getattr(figures, name) for figures in found.values()]
        columns[name] = None if None in column else statistics.fmean(column)
    return Figures(**columns)
