"""Measures how near each style's pictures come to its painting, and how much of the photograph they keep.

Style and content distance as in models/perceptual/losses.py, at 512 px, by the very function that training
reports with; painted by the engine that paints films, from bytes to bytes. The paintings aren't part of
this project: give a folder with NAME.jpg for each style.

    python benchmarks/quality.py --paintings FOLDER [--style NAME ...]
        [--photographs FOLDER [--held-out N]] [--json OUT]

Without photographs, they come from scikit-image and scikit-learn, as far as those are installed. With
--held-out, only those of the folder that `stylize-video train --held-out N` kept; the same N, since
each number splits the folder differently (the bundled styles were trained with 24).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import torch
from common import Goal, Report, parser, print_table

from stylize_video.errors import StylizeVideoError
from stylize_video.models import styles
from stylize_video.models.perceptual import measuring
from stylize_video.models.runtimes.picture_kinds import to_kind
from stylize_video.models.style_spec import parse
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.run import SHORTER_SIDE
from stylize_video.models.transform_net import engine, loading
from stylize_video.pictures.arrays import to_unit
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import Picture, read_picture

MEAN_STYLE_GOAL, STYLE_GOAL, CONTENT_GOAL = 0.18, 0.28, 1.25

# Where packages keep photographs that nothing here was trained on.
_PACKAGED = {
    "skimage": ("data/astronaut.png", "data/coffee.png", "data/chelsea.png", "data/rocket.jpg"),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}


def photographs(given: argparse.Namespace) -> list[tuple[str, Picture]]:
    """The photographs asked for, each with a name."""
    if given.photographs is None:
        return [(path.name, read_picture(path)) for path in _packaged()]
    if given.held_out:
        kept = PhotographSet.from_folder(
            given.photographs, held_out=given.held_out, shorter_side=SHORTER_SIDE
        ).held_out
        return [(f"held out {number}", picture) for number, picture in enumerate(kept, 1)]
    paths = sorted(p for p in given.photographs.iterdir() if p.suffix.lower() in READ)
    return [(path.name, read_picture(path)) for path in paths]


def _packaged() -> Iterator[Path]:
    for package, files in _PACKAGED.items():
        spec = find_spec(package)  # finds it without importing it
        if spec is None or spec.origin is None:
            print(f"note: {package} is not installed; its photographs are left out", file=sys.stderr)
            continue
        folder = Path(spec.origin).parent
        yield from (folder / file for file in files if (folder / file).exists())


def as_films_are(painter: loading.StyledNetwork) -> measuring.Paint:
    """Paints by the fastest engine of the CPU, from bytes to bytes."""
    paints = engine.create(painter.network, painter.style, torch.device("cpu"))

    def paint(photo: torch.Tensor) -> torch.Tensor:
        rows = to_kind(photo, torch.uint8).permute(0, 2, 3, 1)
        painted: torch.Tensor = to_unit(paints.paint(rows)).permute(0, 3, 1, 2)
        return painted

    return paint


def _painting(folder: Path, style: str) -> Picture:
    """The picture whose name is the style's; `FILE.safetensors#NAME` is NAME's."""
    name = Path(style.rpartition("#")[2]).name.removesuffix(".safetensors")
    found = [path for path in sorted(folder.iterdir()) if path.stem == name and path.suffix.lower() in READ]
    if not found:
        raise SystemExit(f"{folder}: no picture called {name}")
    return read_picture(found[0])


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--style", action="append", help="a style or FILE.safetensors#NAME; may be repeated; default: all"
    )
    arguments.add_argument("--paintings", type=Path, required=True, metavar="FOLDER")
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="default: packaged ones")
    arguments.add_argument(
        "--held-out", type=int, default=0, metavar="N", help="only those that training with --held-out N kept"
    )
    given = arguments.parse_args()
    if given.held_out and given.photographs is None:
        arguments.error("--held-out needs --photographs FOLDER")
    for folder in (given.paintings, given.photographs):
        if folder is not None and not folder.is_dir():
            arguments.error(f"{folder}: no such folder")
    return given


def main() -> int:
    """Measure each style on each photograph, print a table of the means."""
    given = _arguments()
    try:
        chosen = photographs(given)
        painters = {spec: loading.load(parse(spec)) for spec in given.style or styles.available()}
    except StylizeVideoError as error:
        raise SystemExit(str(error)) from error
    if not chosen:
        raise SystemExit("no photographs; give a folder with --photographs, or install scikit-image")
    found = {}
    for spec, painter in painters.items():
        painting = _painting(given.paintings, spec)
        pictures = [picture for _, picture in chosen]
        each = measuring.distances_of_each(painter, painting, pictures, paint=as_films_are(painter))
        found[spec] = dict(zip((name for name, _ in chosen), each, strict=True))
    means = {spec: _mean(pictures.values()) for spec, pictures in found.items()}
    style, content = _mean(means.values())
    rows = [(spec, *distances) for spec, distances in means.items()]
    print_table(("style", "style distance", "content distance"), [*rows, ("mean", style, content)])
    figures = {
        "photographs": str(given.photographs or "packaged"),
        "held_out": given.held_out,
        "style_distance": style,
        "content_distance": content,
        "styles": {
            spec: {
                "style_distance": means[spec][0],
                "content_distance": means[spec][1],
                "pictures": {name: {"style": s, "content": c} for name, (s, c) in pictures.items()},
            }
            for spec, pictures in found.items()
        },
    }
    goals = [
        Goal("mean style distance", style, MEAN_STYLE_GOAL),
        Goal("highest style distance", max(s for s, _ in means.values()), STYLE_GOAL),
        Goal("mean content distance", content, CONTENT_GOAL),
    ]
    return Report("quality", figures, goals).finish(given.json)


def _mean(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    first, second = (statistics.fmean(column) for column in zip(*pairs, strict=True))
    return first, second


if __name__ == "__main__":
    sys.exit(main())
