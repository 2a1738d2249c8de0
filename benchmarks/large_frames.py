"""Large frames: are tiles what painting at once gives, and how much memory do 4K and its painting take?

Tiles against painting at once at 1920x1080, by PSNR, with each engine of the CPU; then the program itself
on a film of 3840x2160 made on the spot from the sample, at once and in tiles, with its peak memory.

    python benchmarks/large_frames.py [--frames 24] [--json OUT]
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clips import Size, make_clip
from common import ROOT, Goal, Report, parser, print_table, warn_if_busy
from whole_job import Job, confine, run_job

from stylize_video.models import styles  # imports no torch
from stylize_video.models.style_spec import parse
from stylize_video.models.transform_net import loading

if TYPE_CHECKING:
    from torch import Tensor

SAMPLE = ROOT / "samples" / "sample.mp4"
HD, UHD = Size(1920, 1080), Size(3840, 2160)
TILE = 512  # px
PSNR_GOAL, MEMORY_GOAL_GB = 45.0, 2.0


def psnr(one: Tensor, other: Tensor) -> float:
    """Of pictures in bytes, dB."""
    error = (one.float() - other.float()).square().mean().item()
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def tiles_against_whole() -> dict[str, float]:
    """PSNR in dB, by engine and the worst of the bundled styles."""
    import engines
    import torch

    from stylize_video.models.transform_net import engine
    from stylize_video.pictures.arrays import to_host

    frame = (engines.real_frame(*HD) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    found: dict[str, float] = {}
    for name, exact in (("as films are painted", False), ("float32", True)):
        for style in styles.available():
            painter = loading.load(parse(style))
            whole, tiled = (
                engine.create(painter.network, painter.style, torch.device("cpu"), exact=exact, tile=tile)
                for tile in (0, TILE)
            )
            paintings = (torch.from_numpy(to_host(made.paint(frame))) for made in (whole, tiled))
            found[name] = min(found.get(name, math.inf), psnr(*paintings))
    return found


def film_jobs(frames: int, folder: Path) -> dict[str, Job]:
    """The program on a 4K film, at once and in tiles."""
    film = folder / "4k.mp4"
    make_clip(SAMPLE, film, UHD, frames / 25)
    tiles = {"at once": "off", "tiles": str(TILE)}
    return {name: run_job(film, 0, "--tile", tile) for name, tile in tiles.items()}


def main() -> int:
    """Measure, print, judge."""
    arguments = parser(__doc__)
    arguments.add_argument("--frames", type=int, default=24, help="of the 4K film")
    given = arguments.parse_args()
    warn_if_busy()
    confine()
    with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
        jobs = film_jobs(given.frames, Path(folder))  # first: no torch may be imported here before
    quality = tiles_against_whole()
    print_table(("tiles against at once, 1920x1080", "dB"), list(quality.items()))
    print_table(
        ("3840x2160 film", "frames", "frames/s", "peak GB"),
        [(name, job.frames, job.steady_rate, job.peak_memory) for name, job in jobs.items()],
    )
    goals = [Goal(f"dB, {name}", value, PSNR_GOAL, at_least=True) for name, value in quality.items()]
    goals.append(Goal("peak GB of 4K", jobs["at once"].peak_memory, MEMORY_GOAL_GB))
    figures: dict[str, Any] = {
        "tile": TILE,
        "psnr_db": {name: value if math.isfinite(value) else None for name, value in quality.items()},
        "uhd": {name: vars(job) for name, job in jobs.items()},
    }
    return Report("large_frames", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
