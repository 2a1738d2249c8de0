"""Trains the bundled painter for some minutes, and goes on where it was left.

On a GPU, workers make the next photographs' views meanwhile. The checkpoint holds all that the next call of
the same settings needs; OUT is the painter so far, in half precision, which another machine (or other
settings) can start from. With --teacher a painter learns what another one paints, as a start. An alias-free
painter can start from a plain one's file, whose deep layers it takes.

    python benchmarks/train_painter.py --paintings FOLDER --photographs FOLDER --out canvas.safetensors
        [--architecture alias-free] [--start FILE] [--shape draft] [--teacher FILE] [--minutes 8]
        [--content-weight 5] [--style-weight 12] [--consistency-weight 64] [--weave-weight 1]
        [--rim-weight 0.5] [--redrawn 0.5] [--bent 0.5] [--filmed 0.5]
        [--device cuda --batch-size 16 --crop 256 --workers 12 --steps 12000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from common import commit, parser

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.network import StyledNet
    from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
    from stylize_video.models.training.trainer import Progress

STYLES = (
    "kandinsky",
    "starry-night",
    "great-wave",
    "the-scream",
    "udnie",
    "shipwreck",
    "delaunay",
    "matisse",
)
# For slow machines and live pictures: 8,496 multiply-accumulates a pixel instead of 32,931. The fastest of
# five shapes of 7,404 to 9,582, at 640x336 on one thread of a busy Zen 4: 15.6 ms of processor time a frame
# in bytes and 23.3 in bfloat16, where the full one takes 45.7 and 77.5.
DRAFT = {
    "full_channels": 4,
    "half_channels": 16,
    "quarter_channels": 32,
    "eighth_channels": 64,
    "sixteenth_channels": 64,
    "eighth_blocks": 2,
    "sixteenth_blocks": 1,
}
SHAPES: dict[str, dict[str, int]] = {"full": {}, "draft": DRAFT}
FEED_FORWARD, ALIAS_FREE = "feed-forward", "alias-free"
SHORTER_SIDE = 288  # px that photographs are shrunk to
SAVE_EVERY_S = 180
SAY_EVERY = 20  # steps


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--paintings", type=Path, required=True, help="a folder with NAME.jpg for each style")
    made.add_argument("--photographs", type=Path, required=True, help="a folder of photographs")
    made.add_argument("--out", type=Path, required=True, help="the painter's file; .checkpoint beside it")
    made.add_argument("--architecture", choices=(FEED_FORWARD, ALIAS_FREE), default=FEED_FORWARD)
    made.add_argument("--start", type=Path, help="a painter's file whose weights are gone on from")
    made.add_argument("--shape", choices=SHAPES, help="of a network that has no start")
    made.add_argument("--teacher", type=Path, help="a painter's file whose paintings are what is learned")
    made.add_argument("--minutes", type=float, default=float("inf"))
    made.add_argument("--device", default="cpu")
    made.add_argument("--threads", type=int, help="of torch on the CPU")
    made.add_argument("--workers", type=int, default=0)
    for name, kind in (
        ("steps", int),
        ("batch-size", int),
        ("crop", int),
        ("learning-rate", float),
        ("content-weight", float),
        ("style-weight", float),
        ("consistency-weight", float),
        ("weave-weight", float),
        ("rim-weight", float),
        ("redrawn", float),
        ("bent", float),
        ("filmed", float),
    ):
        made.add_argument(f"--{name}", type=kind, help="default: the training's own")
    given = made.parse_args()
    if given.start and given.shape:
        made.error("--shape: a network that goes on from --start has its shape")
    if given.architecture == ALIAS_FREE and given.shape:
        made.error("--shape: is of a feed-forward painter")
    weights = ("content_weight", "style_weight", "consistency_weight", "weave_weight", "rim_weight")
    if given.teacher and any(getattr(given, name) is not None for name in weights):
        options = ", ".join("--" + name.replace("_", "-") for name in weights)
        made.error(f"{options}: with --teacher nothing but its paintings is learned")
    return given


def _trainer(given: argparse.Namespace) -> CanvasTrainer:
    from stylize_video.models.feed_forward import weights_file
    from stylize_video.models.feed_forward.shape import CanvasNetConfig
    from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
    from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
    from stylize_video.models.feed_forward.training.distillation import DistillingTrainer
    from stylize_video.models.training import run as training_run
    from stylize_video.models.training.photographs import PhotographSet

    names = (
        "steps",
        "batch_size",
        "crop",
        "learning_rate",
        "content_weight",
        "style_weight",
        "consistency_weight",
        "weave_weight",
        "rim_weight",
        "redrawn",
        "bent",
        "filmed",
    )
    chosen = {name: value for name in names if (value := getattr(given, name)) is not None}
    config = CanvasTrainingConfig(**chosen)
    paintings = [training_run.painting(given.paintings / f"{name}.jpg", config.style_size) for name in STYLES]
    photographs = PhotographSet.from_folder(
        given.photographs, held_out=config.held_out, shorter_side=SHORTER_SIDE
    )
    start = _start(given)
    shape = CanvasNetConfig(**SHAPES[given.shape or "full"])
    more = {"shape": shape, "start": start, "device": given.device}
    if not given.teacher:
        return CanvasTrainer(paintings, photographs, config, **more)
    teacher = weights_file.open_file(given.teacher)
    if teacher.styles != STYLES:
        raise SystemExit(f"{given.teacher} has other styles: {', '.join(teacher.styles)}")
    return DistillingTrainer(paintings, photographs, config, teacher=teacher.network, **more)


def _start(given: argparse.Namespace) -> StyledNet | None:
    """What is gone on from; None: nothing, and a feed-forward painter is wanted."""
    from stylize_video.models.alias_free.network import AliasFreeNet
    from stylize_video.models.alias_free.shape import AliasFreeConfig
    from stylize_video.models.alias_free.start import from_plain
    from stylize_video.models.feed_forward import weights_file

    if given.architecture == FEED_FORWARD:
        return weights_file.open_file(given.start).network if given.start else None
    shape = AliasFreeConfig(styles=len(STYLES))
    if given.start is None:
        return AliasFreeNet(shape)
    if weights_file.format_of(given.start) == AliasFreeConfig.stored_as:
        return weights_file.open_file(given.start, AliasFreeNet).network
    return from_plain(weights_file.open_file(given.start).network, shape)


def _save(trainer: CanvasTrainer, given: argparse.Namespace) -> None:
    from stylize_video.models.feed_forward import weights_file

    trainer.save(_checkpoint(given))
    origin = {"step": trainer.step, "commit": commit(), "config": asdict(trainer.config)}
    weights_file.save(
        given.out,
        trainer.result(),
        STYLES,
        {**origin, "start": str(given.start or "nothing"), "teacher": str(given.teacher or "nobody")},
    )


def _checkpoint(given: argparse.Namespace) -> Path:
    out: Path = given.out
    return out.with_name(out.name + ".checkpoint")


def _train(trainer: CanvasTrainer, given: argparse.Namespace) -> None:
    began, first, saved = time.monotonic(), trainer.step, time.monotonic()
    latest: list[Progress] = []
    for progress in trainer.run(workers=given.workers):
        latest.append(progress)
        now = time.monotonic()
        if trainer.step % SAY_EVERY == 0:
            seconds = (now - began) / (trainer.step - first)
            print(
                f"step {trainer.step}/{trainer.config.steps}: {_means(latest)}, {seconds:.2f} s a step",
                flush=True,
            )
            latest.clear()
        if now - saved > SAVE_EVERY_S:
            _save(trainer, given)
            saved = now
        if now - began > 60 * given.minutes:
            break


def _means(latest: list[Progress]) -> str:
    names = latest[0].losses
    return ", ".join(f"{name} {statistics.fmean(p.losses[name] for p in latest):.4f}" for name in names)


def main() -> int:
    """Train; the exit code."""
    given = _arguments()
    import torch

    from stylize_video.models.runtimes.memory import keep_freed_memory

    keep_freed_memory()
    if given.threads:
        torch.set_num_threads(given.threads)
    trainer = _trainer(given)
    if _checkpoint(given).exists():
        trainer.restore(_checkpoint(given))
        print(f"going on at step {trainer.step}")
    try:
        _train(trainer, given)
    except KeyboardInterrupt:
        print("interrupted")
    if trainer.whole:
        _save(trainer, given)
    print(f"written: {given.out}, step {trainer.step}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
