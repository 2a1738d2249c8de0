"""Do strokes move with the things? The painter on photographs moved by fractions of a pixel, or turned.

EQ-T and EQ-R after Karras et al. 2021, as `stylize-video score --equivariance` measures them
(models/alias_free/measuring.py says how), with goals, and of any file of weights.

    python benchmarks/equivariance.py --photographs FOLDER [--paintings FOLDER] [--method feed-forward]
        [--weights FILE] [--count 6] [--size 256] [--translations 3] [--style NAME]... [--json OUT]
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch
from common import Goal, Report, print_table

from stylize_video.errors import StylizeVideoError
from stylize_video.models import methods
from stylize_video.models.alias_free import measuring
from stylize_video.models.alias_free.measuring import Figures
from stylize_video.models.feed_forward.method import PaintsByNetwork
from stylize_video.models.feed_forward.shape import STRIDE

_METHODS = {method.name: method for method in methods.METHODS if isinstance(method, PaintsByNetwork)}
_GOAL_DB, _LOWEST_DB = 50.0, 46.0  # of an alias-free painter


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
    made.add_argument("--method", choices=_METHODS, default=next(iter(_METHODS)))
    made.add_argument("--weights", type=Path, help="a file; else the bundled weights")
    made.add_argument("--style", action="append", help="else all")
    made.add_argument(
        "--count", type=int, default=measuring.COUNT, help="photographs at most, spread over the folder"
    )
    made.add_argument(
        "--size", type=int, default=measuring.SIZE, help="px, the side of the squares that are moved"
    )
    made.add_argument(
        "--translations", type=int, default=measuring.TRANSLATIONS, help="of each kind, and rotations"
    )
    made.add_argument("--threads", type=int, help="of torch")
    given = made.parse_args()
    if given.size % (2 * STRIDE):
        made.error(f"--size: give a multiple of {2 * STRIDE}")
    return given


def _found(given: argparse.Namespace) -> dict[str, Figures]:
    """Each style's figures."""
    method = _METHODS[given.method]
    painter = measuring.open_painter(method.networks(method.options()), given.weights)
    what = measuring.material(
        given.photographs, count=given.count, size=given.size, translations=given.translations
    )
    names = given.style or painter.styles
    paintings = measuring.paintings_in(given.paintings, names) if given.paintings else {}

    def told(name: str, figures: Figures) -> None:
        print(f"{name}: EQ-T {figures.eq_t_db:.1f} dB", file=sys.stderr, flush=True)

    return measuring.of_styles(painter, names, what, paintings, told)


def main() -> int:
    """Measure; the exit code, 1 if an alias-free painter misses what is claimed of it."""
    given = _arguments()
    if given.threads:
        torch.set_num_threads(given.threads)
    try:
        found = _found(given)
    except StylizeVideoError as error:
        raise SystemExit(str(error)) from error
    mean = measuring.means(found)
    print_table(
        ("style", *Figures.__annotations__),
        [(name, *asdict(figures).values()) for name, figures in {**found, "mean": mean}.items()],
    )
    print(f"mean_eq_t_db: {mean.eq_t_db:.2f}")
    goals = []
    if given.method != next(iter(_METHODS)):  # the plain painter claims nothing
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
