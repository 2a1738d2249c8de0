"""Do strokes move with the things? The painter on photographs moved by fractions of a pixel, or turned.

EQ-T and EQ-R of Karras et al. 2021 (models/perceptual/equivariance.py): dB, higher is better. Photograph and
canvas are moved, and what is painted then is held against the moved painting; translations are drawn
uniformly within an eighth of the size. Everything is circular meanwhile and in floats, so that aliasing is
measured, not borders nor rounding; "usual borders" is the same with the painter's own. Fractions of a pixel,
whole pixels and multiples of 16 (the painter's coarsest grid) are told apart. Style distance and bare canvas
of the same photographs stand beside it: a painter of random weights has a high EQ-T, too.

    python benchmarks/equivariance.py --photographs FOLDER [--paintings FOLDER] [--method feed-forward]
        [--weights FILE] [--count 6] [--size 256] [--translations 3] [--style NAME]... [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from common import Goal, Report, print_table
from torch import Tensor

from stylize_video.errors import StylizeVideoError
from stylize_video.models import styles
from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.canvas import Canvas, Field
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas
from stylize_video.models.feed_forward.network import CanvasNet, StyledNet
from stylize_video.models.feed_forward.shape import STRIDE, norms
from stylize_video.models.perceptual import brushwork, equivariance
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, to_tensor

METHODS: dict[str, type[StyledNet]] = {"feed-forward": CanvasNet, "alias-free": AliasFreeNet}
KINDS = ("fractional", "integer", "of_16")
_WITHIN = 1 / 8  # of the size
_GOAL_DB, _LOWEST_DB = 50.0, 46.0  # of an alias-free painter


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


def _arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument(
        "--json", nargs="?", const="-", metavar="OUT", help="write results here; else print them"
    )
    made.add_argument(
        "--photographs", type=Path, required=True, help="a folder of photographs not trained on"
    )
    made.add_argument(
        "--paintings", type=Path, help="a folder with NAME.jpg, for style distance and bare canvas"
    )
    made.add_argument("--method", choices=METHODS, default="feed-forward")
    made.add_argument("--weights", type=Path, help="a file; else the bundled weights")
    made.add_argument("--style", action="append", help="else all")
    made.add_argument("--count", type=int, default=6, help="photographs at most, spread over the folder")
    made.add_argument("--size", type=int, default=256, help="px, the side of the squares that are moved")
    made.add_argument("--translations", type=int, default=3, help="of each kind, and rotations")
    made.add_argument("--threads", type=int, help="of torch")
    given = made.parse_args()
    if given.size % (2 * STRIDE):
        made.error(f"--size: give a multiple of {2 * STRIDE}")
    return given


def load(method: str, weights: Path | None) -> Painter:
    """A method's painter, in float32.

    Raises:
        StylizeVideoError: there is none, or the file holds something else.
    """
    if weights is not None:
        opened = weights_file.open_file(weights, METHODS[method])
        return Painter(opened.network, opened.styles)
    if METHODS[method] is not CanvasNet:
        raise SystemExit(f"{method}: no weights are bundled yet; give --weights FILE")
    found = gallery.open_bundled(styles.bundled_network())
    return Painter(found.parameters.network(), found.styles)


def material(folder: Path, *, count: int, size: int, translations: int) -> Material:
    """Photographs of a folder, a canvas, and how they are moved: always the same."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in READ)
    if not paths:
        raise SystemExit(f"{folder}: no photographs in it")
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
        def paint(images: Tensor, noise: Tensor) -> Tensor:
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
    painter: Painter, names: Sequence[str], given: Material, folder: Path | None
) -> dict[str, Figures]:
    """Each style's figures."""
    found = {}
    for name in names:
        judge = Judge(read_picture(folder / f"{name}.jpg")) if folder else None
        style = torch.tensor([[float(name == other) for other in painter.styles]])
        found[name] = measure(painter.network, style, given, judge)
        print(f"{name}: EQ-T {found[name].eq_t_db:.1f} dB", file=sys.stderr, flush=True)
    return found


def means(found: dict[str, Figures]) -> Figures:
    """Over the styles."""
    columns: dict[str, Any] = {}
    for name in Figures.__annotations__:
        column = [getattr(figures, name) for figures in found.values()]
        columns[name] = None if None in column else statistics.fmean(column)
    return Figures(**columns)


def main() -> int:
    """Measure; the exit code, 1 if an alias-free painter misses what is claimed of it."""
    given = _arguments()
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        painter = load(given.method, given.weights)
    except StylizeVideoError as error:
        raise SystemExit(str(error)) from error
    what = material(given.photographs, count=given.count, size=given.size, translations=given.translations)
    found = of_styles(painter, given.style or painter.styles, what, given.paintings)
    mean = means(found)
    print_table(
        ("style", *Figures.__annotations__),
        [(name, *asdict(figures).values()) for name, figures in {**found, "mean": mean}.items()],
    )
    print(f"mean_eq_t_db: {mean.eq_t_db:.2f}")
    goals = []
    if given.method == "alias-free":
        lowest = min(figures.eq_t_db for figures in found.values())
        goals = [
            Goal("mean EQ-T, dB", mean.eq_t_db, _GOAL_DB, at_least=True),
            Goal("lowest EQ-T, dB", lowest, _LOWEST_DB, at_least=True),
        ]
    figures = {
        "method": given.method,
        "mean_eq_t_db": mean.eq_t_db,
        "mean": asdict(mean),
        "styles": {name: asdict(some) for name, some in found.items()},
    }
    report = Report("equivariance", figures, goals)
    if given.json == "-":
        print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    return report.finish(Path(given.json) if given.json not in (None, "-") else None)


if __name__ == "__main__":
    raise SystemExit(main())
