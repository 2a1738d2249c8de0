"""All stages, as the conformance test runs them; the same in every process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from stylize_video.models.canvas import Canvas
from stylize_video.models.feed_forward import engine
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import CanvasParameters, StyleVector
from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys.optimisation import Anchor
from stylize_video.models.motion import flow
from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import MotionFinder
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import program as wct_program
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.models.wct.program import WctParameters
from stylize_video.pictures.pictures import write_picture
from stylize_video.pipeline import batcher
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stage import run_stage
from stylize_video.pipeline.stages.canvas import CarryCanvas, PaintOnCanvas
from stylize_video.pipeline.stages.cuts import Cuts
from stylize_video.pipeline.stages.guide import Guide, Guided
from stylize_video.pipeline.stages.keyframes import Keyframes
from stylize_video.pipeline.stages.masks import open_mask
from stylize_video.pipeline.stages.motion import FindMotion
from stylize_video.pipeline.stages.paint import Unchanged
from stylize_video.pipeline.stages.regions import Regions
from stylize_video.pipeline.stages.steady import Stabilize
from stylize_video.pipeline.transfer import RgbTransfer
from tests.known_motion import Crossing
from tests.networks import alias_free_network, canvas_network, noise, wct_network
from tests.pipeline._keyframes import recoloured
from tests.pipeline._masks import grey_film, picture
from tests.pipeline._stages import signal
from tests.pipeline.stages._conformance import CUT, TICK, Case, Given

HEIGHT, WIDTH = 48, 72
CPU = torch.device("cpu")

Picture = NDArray[np.uint8]


# -- films --


@cache
def shot(seed: int) -> list[Picture]:
    """Something crosses the picture; another seed is another place."""
    film = Crossing(seed=10 * seed, height=HEIGHT, width=WIDTH, start=(15, 20), radius=12, speed=(3, 1))
    return film.frames(CUT)


def frames(given: Given) -> Iterator[Frame]:
    """A film of two shots, with its planes; times have gaps."""
    for number, original in enumerate([*shot(given.seeds[0]), *shot(given.seeds[1])][: given.count]):
        planes = av.VideoFrame.from_ndarray(original, format="rgb24").reformat(format="yuv420p")
        cut = given.marked and number == CUT
        yield Frame(original, 3 * number + number % 2, TICK, source=planes, cut=cut, duration=2)


def batches(given: Given) -> Iterator[FrameBatch]:
    """The same, as a painter gets it."""
    for group in batcher.batches(frames(given), size=given.size):
        yield RgbTransfer(CPU).upload(group)


def paintings(given: Given) -> Iterator[FrameBatch]:
    """The same, painted with strokes that lie elsewhere in each frame."""
    for batch in batches(given):
        strokes = [
            np.random.default_rng(frame.pts).normal(0, 12, (HEIGHT, WIDTH, 1)) for frame in batch.frames
        ]
        painted = np.clip(batch.pixels * 0.6 + 50 + np.stack(strokes), 0, 255).astype(np.uint8)
        yield batch.with_pixels(painted)


def moving(given: Given) -> Iterator[FrameBatch]:
    """The film, with its motion."""
    return run_stage(find_motion(), signal(HEIGHT, WIDTH), batches(given))


def moving_paintings(given: Given) -> Iterator[FrameBatch]:
    """The paintings, with its motion."""
    return run_stage(find_motion(), signal(HEIGHT, WIDTH), paintings(given))


# -- stages --


class Brush:
    """Paints strokes that depend on what is painted and on what it starts from."""

    def paint(
        self, original: Picture, *, start: FloatPicture | None = None, anchors: Any = ()
    ) -> FloatPicture:
        strokes = np.random.default_rng(int(original.sum())).normal(0, 1, original.shape)
        painted = recoloured(original) + 0.08 * cv2.GaussianBlur(strokes, (0, 0), 1.2)
        others: list[FloatPicture] = [anchor.painting for anchor in anchors if isinstance(anchor, Anchor)]
        around = [painted, *others] if start is None else [painted, start, *others]
        return np.clip(np.mean(around, axis=0), 0, 1).astype(np.float32)


@cache
def tiny_transform() -> tuple[WctPainter, WctStyle]:
    """The transform's painter with small networks."""
    program = wct_program.program(WctParameters.of(wct_network()), wct_levels.DEFAULT_LEVELS)
    runtime, _ = fastest_runtime(program, CPU, exact=True)
    return WctPainter(runtime, seed=3), WctStyle(wct_weights.statistics(wct_network(), noise(1), 96))


def find_motion(*_: Any) -> FindMotion:
    return FindMotion(MotionFinder(DisMotion()), threads=1)


@cache
def tiny_canvas() -> tuple[CanvasEngine, StyleVector]:
    """Of a painter with a canvas, and its style."""
    parameters = CanvasParameters.of(canvas_network())
    return engine.open_engine(parameters, CPU, exact=True, seed=3), parameters.mixed([1.0])


@cache
def tiny_canvas_of_two() -> tuple[CanvasEngine, StyleVector, StyleVector]:
    """Of one that knows two styles: a style, and a mixture."""
    parameters = CanvasParameters.of(canvas_network(styles=2))
    painter = engine.open_engine(parameters, CPU, exact=True)
    return painter, parameters.mixed([1, 0]), parameters.mixed([0.3, 0.7])


@cache
def tiny_alias_free() -> tuple[CanvasEngine, StyleVector]:
    """Of a painter that remembers its strokes, and a style."""
    parameters = CanvasParameters.of(alias_free_network())
    return engine.open_engine(parameters, CPU, exact=True, seed=3), parameters.mixed([1.0, 0.0])


def changing_canvas(_: Path, __: Given) -> PaintOnCanvas:
    """A canvas that is gone on with in another style."""
    painter, one, other = tiny_canvas_of_two()
    return PaintOnCanvas(painter, one, style_at=lambda time: other if 13 * TICK <= time < 37 * TICK else one)


def steady(_: Path, __: Given) -> Stabilize:
    return Stabilize(Stabilizer(0.9), threads=1)


def keyframes(_: Path, __: Given, *, interval: int | None) -> Keyframes:
    return Keyframes(Brush(), interval=interval, estimator=flow.optical_flow, filler=recoloured)


def guide(folder: Path, given: Given) -> Guided:
    """Paintings of three frames, as far as the film has them."""
    paintings = folder / f"guide-{given.count}"
    if not paintings.exists():
        paintings.mkdir()
        for number in (0, 4, 11):
            painted = np.rint(recoloured(shot(9)[number % CUT]) * 255).astype(np.uint8)
            if number < max(1, given.count):
                write_picture(paintings / f"frame{number + 1:04d}.png", painted)
    return Guided(Guide.open(paintings), estimator=flow.optical_flow)


def regions(folder: Path, _: Given) -> Regions:
    """The transform under a still mask, a painter with a canvas under a film of masks."""
    still, film = folder / "still.png", folder / "film.mkv"
    if not film.exists():
        picture(still, np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
        grey_film(film, [n % 5 / 4 for n in range(40)])
    parts = (PaintOnCanvas(*tiny_transform()), still), (PaintOnCanvas(*tiny_canvas()), film)
    return Regions([(stage, partial(open_mask, mask)) for stage, mask in parts])


SIZES = 2, 3  # of batches; a shot's last one is smaller

CASES: dict[str, Case] = {
    "unchanged": Case(lambda *_: Unchanged(), batches, carries=False, batch_sizes=SIZES),
    "cuts": Case(lambda *_: Cuts(), frames, carries=True, drops=False),
    "transform": Case(lambda *_: PaintOnCanvas(*tiny_transform()), moving, carries=True, batch_sizes=SIZES),
    "regions": Case(regions, moving, carries=True, batch_sizes=SIZES),
    "keyframes": Case(partial(keyframes, interval=4), batches, carries=True, batch_sizes=SIZES),
    "keyframes when due": Case(partial(keyframes, interval=None), batches, carries=True, batch_sizes=SIZES),
    "guide": Case(guide, batches, carries=True, batch_sizes=SIZES),
    "motion": Case(find_motion, batches, carries=True, batch_sizes=SIZES),
    "canvas ahead": Case(
        lambda *_: CarryCanvas(partial(Canvas.of, seed=3)), moving, carries=True, batch_sizes=SIZES
    ),
    "canvas": Case(lambda *_: PaintOnCanvas(*tiny_canvas()), moving, carries=True, batch_sizes=SIZES),
    "changing canvas": Case(changing_canvas, moving, carries=True, batch_sizes=SIZES),
    "scaled canvas": Case(
        lambda *_: PaintOnCanvas(*tiny_canvas(), stroke_size=1.5), moving, carries=True, batch_sizes=SIZES
    ),
    "remembered strokes": Case(
        lambda *_: PaintOnCanvas(*tiny_alias_free()), moving, carries=True, batch_sizes=SIZES
    ),
    "scaled remembered strokes": Case(
        lambda *_: PaintOnCanvas(*tiny_alias_free(), stroke_size=1.5), moving, carries=True, batch_sizes=SIZES
    ),
    "steady": Case(steady, moving_paintings, carries=True, batch_sizes=SIZES),
}
