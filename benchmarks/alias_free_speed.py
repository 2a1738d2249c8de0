"""The alias-free painter beside the plain one: time a frame in the same runtime, in turns; halves and tiles.

Each paints one photograph in its size, again and again as the next frame of a film, by the engine of the
product, in what the runtime does on this processor by default (the plain one in bytes, where it multiplies
those) and in float32. Then, of the alias-free painting, how near halves (bfloat16 of the runtime, float16 of
PyTorch) and tiles of 256 px come to float32 and to the whole, dB (PSNR).

    python benchmarks/alias_free_speed.py --photograph FILE [--style NAME]... [--width 640] [--height 336]
        [--rounds 7] [--threads 2] [--json OUT]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from common import Goal, Report, parser, print_table
from likeness import psnr

from stylize_video.models import methods, styles
from stylize_video.models.alias_free import tiles
from stylize_video.models.alias_free.method import AliasFree
from stylize_video.models.canvas import Since
from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.method import FeedForward
from stylize_video.models.runtimes.devices import CPU, has_fast_int8
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import Picture, read_picture

METHODS = (FeedForward.name, AliasFree.name)
SLOWER, HALF_DB, TILES_DB = 4.0, 40.0, 45.0
TILE = 256


def _engine(style: str, method: str, *, exact: bool, threads: int) -> tuple[CanvasEngine, Any]:
    spec = parse(style)
    found = gallery.load(spec, methods.networks_for(spec, method))
    program = engine.program(found.parameters)
    int8 = bool(program.ranges) and not exact and has_fast_int8()
    runtime = OpenVinoRuntime(program, exact=exact, int8=int8, threads=threads)
    return found.parameters.config.engine(runtime, seed=0), found


def _painter(
    picture: Picture, style: str, method: str, *, exact: bool, threads: int
) -> Callable[[], Picture]:
    """Paints it by itself."""
    made, found = _engine(style, method, exact=exact, threads=threads)
    blank = made.new_canvas(*picture.shape[:2])
    return lambda: np.asarray(made.paint(picture[None], [blank], found.style)[0])


def _film_painter(
    picture: Picture, style: str, method: str, *, exact: bool, threads: int
) -> Callable[[], Picture]:
    """Paints it as the next frame of a shot that moves by a third of a pixel."""
    made, found = _engine(style, method, exact=exact, threads=threads)
    blank, known = made.new_canvas(*picture.shape[:2]), made.new_shot()
    cells = blank.places.shape[:2]
    since = Since(np.full((*cells, 2), 0.37, np.float32), np.ones(cells, np.float32))
    canvas = made.looked_up(replace(blank, since=since))
    return lambda: np.asarray(made.paint(picture[None], [canvas], found.style, known)[0])


def times(picture: Picture, style: str, *, exact: bool, rounds: int, threads: int) -> dict[str, float]:
    """ms a frame by method, medians; the two in turns."""
    painters = {m: _film_painter(picture, style, m, exact=exact, threads=threads) for m in METHODS}
    found: dict[str, list[float]] = {method: [] for method in METHODS}
    for _ in range(rounds + 1):
        for method, paint in painters.items():
            began = time.perf_counter()
            paint()
            found[method].append(1e3 * (time.perf_counter() - began))
    return {method: statistics.median(some[1:]) for method, some in found.items()}


def likeness(picture: Picture, style: str, threads: int) -> dict[str, float]:
    """dB: of halves to float32, and of tiles to the whole."""
    exact = _painter(picture, style, AliasFree.name, exact=True, threads=threads)()
    found = {
        "bfloat16": psnr(exact, _painter(picture, style, AliasFree.name, exact=False, threads=threads)())
    }
    made, loaded = _engine(style, AliasFree.name, exact=False, threads=threads)
    blank, program = made.new_canvas(*picture.shape[:2]), engine.program(loaded.parameters)
    half = CanvasEngine(TorchRuntime(program, CPU, half=True), seed=0, config=loaded.parameters.config)
    # With AVX-512 FP16, oneDNN takes minutes for a transposed convolution of halves.
    with torch.backends.mkldnn.flags(enabled=False):
        painted = np.asarray(half.paint(picture[None], [blank], loaded.style)[0])
    found["float16, PyTorch"] = psnr(exact, painted)
    noise = np.moveaxis(made.field.at(blank.places), 0, -1)[None]
    run = OpenVinoRuntime(program, exact=False, threads=threads).run
    given = (picture[None], noise, loaded.style.reshape(1, 1, 1, -1))
    whole = run("paint", *given)
    found["tiles"] = psnr(np.asarray(whole), np.asarray(tiles.painted(run, *given, tile=TILE)))
    return found


def main() -> int:
    """Measure, print."""
    made = parser(__doc__)
    made.add_argument("--photograph", type=Path, required=True)
    made.add_argument("--style", action="append", metavar="NAME", help="default: all bundled, for dB")
    made.add_argument("--width", type=int, default=640, help="px, a multiple of 16")
    made.add_argument("--height", type=int, default=336, help="px, a multiple of 16")
    made.add_argument("--rounds", type=int, default=7)
    made.add_argument("--threads", type=int, default=2)
    given = made.parse_args()
    size = given.width, given.height
    picture = np.asarray(
        cv2.resize(read_picture(given.photograph), size, interpolation=cv2.INTER_AREA), np.uint8
    )
    names = given.style or list(styles.available())
    timed = partial(times, picture, names[0], rounds=given.rounds, threads=given.threads)
    by_kind = {"by default": timed(exact=False), "float32": timed(exact=True)}
    print_table(("ms a frame", *METHODS), [(kind, *found.values()) for kind, found in by_kind.items()])
    alike = {name: likeness(picture, name, given.threads) for name in names}
    print_table(("style", *alike[names[0]]), [(name, *found.values()) for name, found in alike.items()])
    worst = {key: min(found[key] for found in alike.values()) for key in alike[names[0]]}
    goals = [
        Goal(
            f"times the plain painter's time, {kind}", found[AliasFree.name] / found[FeedForward.name], SLOWER
        )
        for kind, found in by_kind.items()
    ]
    goals += [
        Goal(f"{key}, dB", db, TILES_DB if key == "tiles" else HALF_DB, at_least=True)
        for key, db in worst.items()
    ]
    figures = {"ms": by_kind, "likeness_db": alike}
    return Report("alias_free_speed", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
