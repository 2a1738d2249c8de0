"""What `train` makes of paintings that nobody trained on, beside --method wct, which needs no training.

Each painting is learned by the command itself on photographs of a folder, in some minutes or steps; the ones
it kept back, and packaged ones, are painted by the engine of the product and by the transform. Means over
them: bare canvas (models/perceptual/brushwork.py), style and content distance (models/perceptual/losses.py),
and how far the colours are from the painting's (models/perceptual/colours.py); with them the wall-clock and
processor time of the training.

    python benchmarks/own_paintings.py --paintings FILE... --photographs FOLDER [--minutes 10 | --steps N]
        [--held-out 24] [--count 12] [--keep FOLDER] [--sheet OUT.png] [--json OUT]

--keep is where the weights files are written; those that lie there already are measured as they are. It is
trained in bfloat16 where the processor multiplies it (AMX, AVX-512), else in float32.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from canvas_quality import product
from common import Goal, Report, parser, print_table, program, warn_if_busy
from photographs import Photograph, a_third_flat, everything
from wct_quality import by_transform

from stylize_video.models import weights
from stylize_video.models.perceptual import brushwork, colours
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.levels import DEFAULT_LEVELS
from stylize_video.pictures.pictures import Picture, read_picture, to_tensor, write_picture

_BARE, _STYLE = 0.2, 0.2
TRAINED, TRANSFORM = "trained", "wct"

Paint = Callable[[Picture], Picture]


@dataclass(frozen=True)
class Figures:
    """Means over photographs."""

    bare: float
    style: float
    content: float
    colours: float


def learn(painting: Path, target: Path, given: argparse.Namespace) -> dict[str, float]:
    """Train by the command; what it cost in seconds."""
    course = ["--minutes", str(given.minutes)] if given.steps is None else ["--steps", str(given.steps)]
    command = [*program(), "train", str(painting), "--content", str(given.photographs), *course]
    command += ["--held-out", str(given.held_out), "-o", str(target), "--device", "cpu"]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(time.monotonic() - began, 1), "processor_s": round(processor, 1)}


def _of_file(target: Path, name: str) -> Paint:
    paint = product(target, [name])
    return lambda photograph: paint(photograph, name)


def measure(paint: Paint, painting: Picture, photographs: Sequence[Photograph]) -> Figures:
    """Paint and look."""
    pairs = [(photograph.picture, paint(photograph.picture)) for photograph in photographs]
    distances = Judge(painting).measure(pairs)
    palette = colours.palettes([painting], brushwork.SIZE)
    far = [float(colours.colour_distance(to_tensor([painted]), palette)) for _, painted in pairs]
    bare, style = distances.bare_canvas, distances.style_distance
    assert bare is not None
    assert style is not None
    return Figures(bare, style, distances.content_distance, statistics.fmean(far))


def steps_of(target: Path) -> int:
    """How many steps a weights file was trained."""
    return int(json.loads(weights.read(target).metadata["provenance"])["config"]["steps"])


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--paintings", type=Path, nargs="+", required=True, metavar="FILE")
    made.add_argument("--photographs", type=Path, required=True, metavar="FOLDER", help="to learn on")
    made.add_argument("--minutes", type=float, default=10.0)
    made.add_argument("--steps", type=int, help="instead of minutes")
    made.add_argument("--held-out", type=int, default=24, help="of the folder, not learned on")
    made.add_argument("--count", type=int, default=12, help="photographs, of which a third are flat")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="for the weights files")
    made.add_argument("--sheet", type=Path, help="photographs, and their paintings in each way beneath")
    return made.parse_args()


def _sheet_row(paint: Paint, chosen: Sequence[Photograph]) -> Picture:
    size = (320, 240)  # px
    shown = [cv2.resize(paint(p.picture), size, interpolation=cv2.INTER_AREA) for p in chosen[::3]]
    return np.hstack(shown)


def main() -> int:
    """Train, paint, measure and print."""
    given = _arguments()
    warn_if_busy()
    transform = wct_weights.open_bundled()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {}
        rows: list[Picture] = []
        chosen = a_third_flat(everything(given), given.count)
        for path in given.paintings:
            target = folder / f"{path.stem}.safetensors"
            cost = None if target.exists() else learn(path, target, given)
            painting = read_picture(path)
            painters: dict[str, Paint] = {
                TRAINED: _of_file(target, path.stem),
                TRANSFORM: by_transform(transform, painting, DEFAULT_LEVELS),
            }
            measured = {kind: measure(paint, painting, chosen) for kind, paint in painters.items()}
            found[path.stem] = {"steps": steps_of(target), "cost": cost, **measured}
            rows += [_sheet_row(paint, chosen) for paint in painters.values()]
    table = [
        (f"{name}, {kind}", *asdict(told[kind]).values())
        for name, told in found.items()
        for kind in (TRAINED, TRANSFORM)
    ]
    print_table(("painting", *Figures.__annotations__), table)
    for name, told in found.items():
        print(f"{name}: {told['steps']} steps, {told['cost'] or 'trained before'}")
    if given.sheet is not None:
        write_picture(given.sheet, np.vstack(rows))
    goals = [goal for name, told in found.items() for goal in _goals(name, told)]
    figures = {
        "photographs": {photograph.name: round(photograph.flat, 3) for photograph in chosen},
        "paintings": {
            name: {k: asdict(v) if isinstance(v, Figures) else v for k, v in told.items()}
            for name, told in found.items()
        },
    }
    return Report("own_paintings", figures, goals).finish(given.json)


def _goals(name: str, told: dict[str, Any]) -> list[Goal]:
    trained, transform = told[TRAINED], told[TRANSFORM]
    return [
        Goal(f"{name}: bare canvas", trained.bare, _BARE),
        Goal(f"{name}: style distance", trained.style, _STYLE),
        Goal(f"{name}: style distance by that of wct", trained.style / transform.style, 1.0),
    ]


if __name__ == "__main__":
    sys.exit(main())
