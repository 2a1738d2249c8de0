"""The painter on photographs that it was not trained on, a third of which have large flat parts.

Painted in 512 px by the engine of the product, from bytes to bytes. Means over the photographs, by style:

- bare canvas: share of windows with less brushwork than the painting's (models/perceptual/brushwork.py);
- style and content distance (models/perceptual/losses.py);
- contrast: the standard deviation of the colours by that of the painting's;
- colours: how far they are from the painting's (models/perceptual/colours.py);
- weave: the highest power at 2, 4 or 8 px by that beside it (models/perceptual/weave.py);
- noise: by how many dB (PSNR) noise of 4 levels changes the painting, on every third photograph;
- rims: how much more rims around dark things show than in the photograph, where it has such things
  (models/perceptual/rims.py).

    python benchmarks/canvas_quality.py --paintings FOLDER [--photographs FOLDER [--held-out 24]] [--count 12]
        [--style NAME]... [--weights FILE] [--against FOLDER|JSON] [--sheet OUT.png] [--json OUT]

The photographs are packaged ones, two made on the spot, and those of the folder (photographs.py); the flat
ones are told apart as well. --against is an older checkout, which paints by its command line, or what this
program wrote of one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import Goal, Report, parser, print_table
from likeness import noisy, psnr
from other_revision import Checkout
from photographs import Photograph, a_third_flat, everything

from stylize_video.models import methods, styles
from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.perceptual import brushwork, colours, rims
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.perceptual.weave import Ratios, ratios
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import Picture, read_picture, to_tensor, write_picture

THIS, AGAINST = "this", "against"
_BARE, _MOST_BARE, _STYLE, _MOST_STYLE, _CONTENT = 0.12, 0.18, 0.16, 0.24, 1.25
_WEAVE, _NOISE_DB = 1.5, 42.0

Paint = Callable[[Picture, str], Picture]  # a photograph and a style's name


@dataclass(frozen=True)
class Figures:
    """Means over some photographs in one style."""

    bare: float  # 0..1
    style: float
    content: float
    contrast: float
    colours: float
    weave: float
    noise_db: float
    rims: float


@dataclass(frozen=True)
class Painted:
    """A photograph in one style, as it was measured."""

    photograph: str
    flat: float
    bare: float
    style: float
    content: float
    contrast: float
    colours: float
    weave: list[list[float]]  # by period and direction
    noise_db: float | None  # None: not measured
    rims: float | None = None  # likewise


class Style:
    """A painting, and what is measured against it."""

    def __init__(self, painting: Picture) -> None:
        self._judge = Judge(painting)
        self._deviation = _deviation(brushwork.looked_at(painting))
        self._palette = colours.palettes([painting], brushwork.SIZE)

    def measure(self, photograph: Photograph, painted: Picture, noise_db: float | None) -> Painted:
        """One photograph's figures."""
        found = self._judge.measure([(photograph.picture, painted)])
        assert found.style_distance is not None
        assert found.bare_canvas is not None
        return Painted(
            photograph.name,
            photograph.flat,
            found.bare_canvas,
            found.style_distance,
            found.content_distance,
            _deviation(painted) / self._deviation,
            float(colours.colour_distance(to_tensor([painted]), self._palette)),
            ratios(painted).tolist(),
            noise_db,
            rims.excess(photograph.picture, painted),
        )


def _deviation(picture: Picture) -> float:
    """Of the colours from their mean: the root of the sum of the channels' variances."""
    return float(np.sqrt(picture.reshape(-1, 3).var(0, dtype=np.float64).sum()))


def product(weights: Path | None, names: Sequence[str]) -> Paint:
    """What paints by the product's engine, in bundled styles or in those of a file."""
    specs = {name: parse(name if weights is None else f"{weights}#{name}") for name in names}
    loaded = {name: gallery.load(spec, methods.networks_for(spec)) for name, spec in specs.items()}
    painter = engine.open_engine(loaded[names[0]].parameters, CPU)  # all are of one network

    def paint(photograph: Picture, style: str) -> Picture:
        canvas = painter.new_canvas(*photograph.shape[:2])
        painted: Picture = np.asarray(painter.paint(photograph[None], [canvas], loaded[style].style))[0]
        return painted

    return paint


def by_command_line(folder: Path, scratch: Path) -> Paint:
    """What paints by another checkout's command line."""
    checkout = Checkout(folder, scratch / "link")

    def paint(photograph: Picture, style: str) -> Picture:
        source, target = scratch / "photograph.png", scratch / "painted.png"
        write_picture(source, photograph)
        checkout.paint(source, style, target, "--overwrite")
        return read_picture(target)

    return paint


def measure(paint: Paint, name: str, style: Style, photographs: Sequence[Photograph]) -> list[Painted]:
    """All photographs in one style."""
    found = []
    for number, photograph in enumerate(photographs):
        painted = paint(photograph.picture, name)
        changed = psnr(painted, paint(noisy(photograph.picture), name)) if number % 3 == 0 else None
        found.append(style.measure(photograph, painted, changed))
        print(f"{name}, {photograph.name}: bare {found[-1].bare:.2f}", file=sys.stderr, flush=True)
    return found


def means(painted: Sequence[Painted]) -> Figures:
    """Over photographs; of the weave, the highest of its means over them."""
    names = ("bare", "style", "content", "contrast", "colours")
    found = [statistics.fmean(getattr(one, name) for one in painted) for name in names]
    weave = np.mean([one.weave for one in painted], axis=0).max()
    known = {
        name: [value for one in painted if (value := getattr(one, name)) is not None]
        for name in ("noise_db", "rims")
    }
    some = {name: statistics.fmean(values) if values else float("nan") for name, values in known.items()}
    return Figures(**dict(zip(names, found, strict=True)), weave=float(weave), **some)


def flat_third(painted: Sequence[Painted]) -> list[Painted]:
    """Those with the largest flat parts."""
    return sorted(painted, key=lambda one: -one.flat)[: len(painted) // 3]


def of_styles(painted: dict[str, list[Painted]]) -> dict[str, Figures]:
    """The means of each style, and the mean over the styles."""
    found = {name: means(some) for name, some in painted.items()}
    columns = [statistics.fmean(asdict(f)[name] for f in found.values()) for name in Figures.__annotations__]
    return {**found, "mean": Figures(*columns)}


def print_tables(kind: str, painted: dict[str, list[Painted]]) -> None:
    """All photographs, and the flat third of them."""
    flat = {name: flat_third(some) for name, some in painted.items()}
    for what, some in (("all photographs", painted), ("the flat third", flat)):
        print(f"{kind}: {what}")
        rows = [(name, *asdict(figures).values()) for name, figures in of_styles(some).items()]
        print_table(("style", *Figures.__annotations__), rows)


def goals(painted: dict[str, list[Painted]], before: dict[str, list[Painted]] | None) -> list[Goal]:
    """What is claimed."""
    found = of_styles(painted)
    mean, each = found.pop("mean"), found.values()
    made = [
        Goal("mean bare canvas", mean.bare, _BARE),
        Goal("highest bare canvas", max(f.bare for f in each), _MOST_BARE),
        Goal("mean style distance", mean.style, _STYLE),
        Goal("highest style distance", max(f.style for f in each), _MOST_STYLE),
        Goal("highest weave", max(f.weave for f in each), _WEAVE),
        Goal("noise changes it by, dB", mean.noise_db, _NOISE_DB, at_least=True),
    ]
    if before is not None:
        ratio = mean.content / of_styles(before)["mean"].content
        made.append(Goal("content distance by that before", ratio, _CONTENT))
    return made


def _before(given: argparse.Namespace, style: dict[str, Style], chosen: list[Photograph]) -> Any:
    """The older painter's figures, measured now or read; None if none is asked for."""
    if given.against is None:
        return None
    if given.against.is_file():
        told = json.loads(given.against.read_text("utf-8"))["figures"]["painted"]
        kind = told.get(AGAINST) or told[THIS]
        found = {name: [Painted(**one) for one in kind[name]] for name in style if name in kind}
        _check_the_same(found, list(style), chosen)
        return found
    with tempfile.TemporaryDirectory() as scratch:
        paint = by_command_line(given.against, Path(scratch))
        return {name: measure(paint, name, known, chosen) for name, known in style.items()}


def _check_the_same(found: dict[str, list[Painted]], names: list[str], chosen: list[Photograph]) -> None:
    """Means over other photographs or styles can't be compared.

    Raises:
        SystemExit: they are others.
    """
    wanted = [photograph.name for photograph in chosen]
    if list(found) != names or any([one.photograph for one in some] != wanted for some in found.values()):
        raise SystemExit("--against: measured of other photographs or styles; measure it anew")


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--paintings", type=Path, required=True, help="a folder with NAME.jpg for each style")
    made.add_argument("--photographs", type=Path, metavar="FOLDER", help="beside packaged ones")
    made.add_argument("--held-out", type=int, default=0, help="only those that training with so many kept")
    made.add_argument("--count", type=int, default=12, help="photographs, of which a third are flat")
    made.add_argument("--style", action="append", metavar="NAME", help="default: all bundled")
    made.add_argument("--weights", type=Path, metavar="FILE", help="of another painter of these styles")
    made.add_argument("--against", type=Path, help="an older checkout, or what this wrote of one")
    made.add_argument("--sheet", type=Path, help="a picture of photographs painted: a column a style")
    return made.parse_args()


def write_sheet(path: Path, paint: Paint, names: Sequence[str], chosen: Sequence[Photograph]) -> None:
    """Every third photograph, and its paintings beside it."""
    size = (256, 192)  # px
    rows = [[p.picture, *(paint(p.picture, name) for name in names)] for p in chosen[::3]]
    shrunk = [np.hstack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in row]) for row in rows]
    write_picture(path, np.vstack(shrunk))


def main() -> int:
    """Measure all styles, print tables."""
    given = _arguments()
    names = given.style or list(styles.available())
    chosen = a_third_flat(everything(given), given.count)
    known = {name: Style(read_picture(given.paintings / f"{name}.jpg")) for name in names}
    paint = product(given.weights, names)
    before = _before(given, known, chosen)
    painted = {name: measure(paint, name, style, chosen) for name, style in known.items()}
    if before is not None:
        print_tables(AGAINST, before)
    print_tables(THIS, painted)
    own: Ratios = np.mean([ratios(photograph.picture) for photograph in chosen], axis=0)
    print(f"weave of the photographs themselves: {own.max():.2f}")
    if given.sheet is not None:
        write_sheet(given.sheet, paint, names, chosen)
    kinds = {THIS: painted} | ({} if before is None else {AGAINST: before})
    figures = {
        "photographs": {photograph.name: round(photograph.flat, 3) for photograph in chosen},
        "photographs_weave": own.tolist(),
        "means": {k: {n: asdict(f) for n, f in of_styles(p).items()} for k, p in kinds.items()},
        "flat_third": {
            kind: {n: asdict(f) for n, f in of_styles({s: flat_third(some) for s, some in p.items()}).items()}
            for kind, p in kinds.items()
        },
        "painted": {k: {n: [asdict(one) for one in some] for n, some in p.items()} for k, p in kinds.items()},
    }
    return Report("canvas_quality", figures, goals(painted, before)).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
