"""What painting by optimisation is worth on pictures that nothing here was tuned on, by its defaults.

Style and content distance (models/perceptual/losses.py, at 512 px whatever size was painted) of each
photograph painted as each painting, with --sheet the pictures themselves. With --photoreal the photorealistic
way (Luan et al. 2017): the share of the photograph's straight lines that are found again, with the term and
without, and how much of the way to the painting's colours the picture has gone.

    python benchmarks/gatys_quality.py --paintings FILE... [--photoreal]
        [--size PX] [--iterations N] [--device cpu|cuda] [--photographs FOLDER [--held-out N]]
        [--take NAME ...] [--sheet OUT.png] [--json OUT]

Without --photographs these are astronaut, coffee and china of scikit-image and scikit-learn.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import straight_lines
import torch
from common import Goal, Report, parser, print_table
from photographs import photographs

from stylize_video.errors import StylizeVideoError
from stylize_video.models import sheet
from stylize_video.models.gatys.config import DEFAULTS, PHOTOREAL, GatysConfig
from stylize_video.models.gatys.matting import affine_term
from stylize_video.models.gatys.optimisation import GatysArtist
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, write_picture

STYLE_GOAL, CONTENT_GOAL = 0.15, 2.2
LINES_GOAL, MOVED_GOAL = 2.0, 0.2  # photorealistic

_PACKAGED = ("astronaut", "coffee", "china")

Named = list[tuple[str, Picture]]


@dataclass(frozen=True)
class Row:
    """One photograph painted as one painting."""

    painting: str
    photograph: str
    style: float  # distance
    content: float
    lines: float  # share of the straight ones that are kept, 0..1; NaN if there are none
    moved: float  # share of the way to the painting's colours


@dataclass(frozen=True)
class Series:
    """All photographs in all styles, painted in one way."""

    name: str
    rows: list[Row]
    painted: list[Picture]

    @property
    def mean(self) -> Row:
        """Of all rows; a picture without lines does not count in theirs."""
        lines = [row.lines for row in self.rows if not np.isnan(row.lines)]
        return Row(
            "mean",
            self.name,
            statistics.fmean(row.style for row in self.rows),
            statistics.fmean(row.content for row in self.rows),
            statistics.fmean(lines) if lines else float("nan"),
            statistics.fmean(row.moved for row in self.rows),
        )


def goals(plain: Series, photoreal: Series | None) -> list[Goal]:
    """What the means have to keep to.

    Of a photograph's lines some have no contrast left in other colours, which no term forbids; so what
    counts is how many more are kept than without it.
    """
    mean = plain.mean
    found = [
        Goal("mean style distance", mean.style, STYLE_GOAL),
        Goal("mean content distance", mean.content, CONTENT_GOAL),
    ]
    if photoreal is not None:
        held = photoreal.mean
        times = held.lines / mean.lines if mean.lines else float("inf")
        found.append(
            Goal("straight lines kept, times those without the term", times, LINES_GOAL, at_least=True)
        )
        found.append(Goal("photorealistic, way to the colours", held.moved, MOVED_GOAL, at_least=True))
    return found


def paint(name: str, paintings: Named, chosen: Named, given: argparse.Namespace) -> Series:
    """Paint and measure, and print a line for each picture when it is done: it takes long."""
    config = config_of(given, _usual(name))
    weight = config.photoreal_weight
    series = Series(name, [], [])
    for title, painting in paintings:
        judge = Judge(painting)
        artist = GatysArtist(
            [painting],
            config,
            torch.device(given.device),
            terms=(lambda picture: [affine_term(picture, weight)]) if weight else None,
        )
        for label, photograph in chosen:
            painted = (artist.paint(photograph) * 255).round().astype(np.uint8)
            found = judge.measure([(photograph, painted)])
            lines = straight_lines.share_kept(photograph, painted)
            moved = straight_lines.colours_moved(photograph, painted, painting)
            distances = (found.style_distance or 0.0, found.content_distance)
            series.rows.append(Row(title, label, *distances, lines, moved))
            series.painted.append(painted)
            print(f"{name}: {title}, {label}: {distances[0]:.3f}, {distances[1]:.3f}", flush=True)
    return series


def config_of(given: argparse.Namespace, usual: GatysConfig) -> GatysConfig:
    """The usual one, but for what was asked for."""
    return usual if given.iterations is None else replace(usual, iterations=given.iterations)


def _usual(name: str) -> GatysConfig:
    return PHOTOREAL if name == "photoreal" else DEFAULTS


def chosen_of(given: argparse.Namespace) -> Named:
    """The photographs asked for, in the size that is painted."""
    take = given.take or (None if given.photographs else _PACKAGED)
    return [
        (Path(name).stem, resize_longer_side(picture, given.size))
        for name, picture in photographs(given)
        if take is None or Path(name).stem in take
    ]


def _cells(chosen: Named, every: Sequence[Series]) -> Iterator[sheet.Cell]:
    for label, photograph in chosen:
        yield sheet.Cell(label, photograph)
    for series in every:
        for row, painted in zip(series.rows, series.painted, strict=True):
            yield sheet.Cell(f"{row.painting}, {series.name}", painted)


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--paintings", type=Path, nargs="+", required=True, metavar="FILE")
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="default: packaged ones")
    arguments.add_argument("--held-out", type=int, default=0, metavar="N", help="as of training")
    arguments.add_argument("--take", metavar="NAME", action="append", help="only those photographs")
    arguments.add_argument(
        "--size", type=int, default=MEASURED_SIZE, metavar="PX", help="default: %(default)s"
    )
    arguments.add_argument("--iterations", type=int, metavar="N", help="default: the product's")
    arguments.add_argument("--device", default="cpu")
    arguments.add_argument("--photoreal", action="store_true")
    arguments.add_argument("--sheet", type=Path, metavar="OUT")
    return arguments.parse_args()


def main() -> int:
    """Paint, measure and print."""
    given = _arguments()
    ways = ("plain", "photoreal") if given.photoreal else ("plain",)
    try:
        chosen = chosen_of(given)
        if not chosen:
            raise SystemExit("no photographs; give a folder with --photographs, or install scikit-image")
        paintings = [(path.stem, read_picture(path)) for path in given.paintings]
        every = [paint(name, paintings, chosen, given) for name in ways]
    except StylizeVideoError as error:
        raise SystemExit(str(error)) from error
    header = ("painting", "photograph", "style distance", "content distance", "lines kept", "colours moved")
    print_table(header, [astuple(row) for series in every for row in [*series.rows, series.mean]])
    if given.sheet:
        write_picture(given.sheet, sheet.lay_out(list(_cells(chosen, every))))
    figures: dict[str, Any] = {"size": given.size}
    for series in every:
        figures[series.name] = {
            "config": asdict(config_of(given, _usual(series.name))),
            "mean": asdict(series.mean),
            "pictures": [asdict(row) for row in series.rows],
        }
    claims = goals(every[0], every[1] if given.photoreal else None)
    return Report("gatys_quality", figures, claims).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
