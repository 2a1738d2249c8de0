"""`stylize-video train`: from a picture of a painting to a weights file that `--style` takes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import stylize_video
from stylize_video.models import styles
from stylize_video.models.devices import choose_device
from stylize_video.models.photographs import PhotographSet, read_picture
from stylize_video.models.training import Progress, Trainer, measure
from stylize_video.models.training_config import TrainingConfig

SHORTER_SIDE = 288  # px that training photographs are shrunk to: crops are not much smaller
_CHECKPOINT_EVERY_S = 120
_SAY_EVERY_S = 20


def run(
    painting: Path,
    content: Path,
    target: Path,
    config: TrainingConfig,
    *,
    name: str,
    start: str | None = None,
    device: str = "auto",
    say: Callable[[str], None],
) -> tuple[float, float]:
    """Train, measure on photographs not trained on, and write the weights.

    Args:
        painting: a picture file.
        content: a folder of photographs.
        target: the weights file; the checkpoint lies beside it until the end.
        config: everything else that decides the result.
        name: what the style is called.
        start: a style or weights file to go on from; None: from nothing.
        device: one of `devices.DEVICES`.
        say: called with a line of progress now and then.

    Returns:
        Mean style distance and content distance on the held-out photographs.

    Raises:
        StylizeVideoError: input that can't be used; the checkpoint stays.
    """
    chosen = str(choose_device(device))
    picture = read_picture(painting)
    photographs = PhotographSet.from_folder(content, held_out=config.held_out, shorter_side=SHORTER_SIDE)
    network = styles.load(start).network if start else None
    trainer = Trainer(picture, photographs, config, start=network, device=chosen)
    checkpoint = target.with_name(target.name + ".checkpoint")
    if checkpoint.exists():
        trainer.restore(checkpoint)
        say(f"going on at step {trainer.step} of {config.steps}, from {checkpoint}")
    _train(trainer, checkpoint, say)
    trained = trainer.result()
    distances = measure(trained, picture, photographs.held_out)
    style = _style(name, painting, distances)
    styles.save(target, trained, style, _provenance(painting, photographs, config, start))
    checkpoint.unlink(missing_ok=True)
    return distances


def _style(name: str, painting: Path, distances: tuple[float, float]) -> styles.Style:
    """All that is known of a user's own style; painter and year are not."""
    style, content = (round(distance, 4) for distance in distances)
    return styles.Style(
        name,
        painting=painting.stem,
        painter="",
        year="",
        licence="",
        style_distance=style,
        content_distance=content,
    )


def _provenance(
    painting: Path, photographs: PhotographSet, config: TrainingConfig, start: str | None
) -> dict[str, Any]:
    return {
        "started_from": start,
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "painting_sha256": hashlib.sha256(painting.read_bytes()).hexdigest(),
        "photographs": len(photographs.training),
    }


def _train(trainer: Trainer, checkpoint: Path, say: Callable[[str], None]) -> None:
    save_now, say_now = _every(_CHECKPOINT_EVERY_S), _every(_SAY_EVERY_S)
    began, first = time.monotonic(), trainer.step
    try:
        for progress in trainer.run():
            if next(save_now):
                trainer.save(checkpoint)
            if next(say_now):
                say(_line(progress, trainer, (time.monotonic() - began) / (progress.step - first)))
    except KeyboardInterrupt:
        trainer.save(checkpoint)
        say(f"the same command goes on at step {trainer.step}, from {checkpoint}")
        raise


def _line(progress: Progress, trainer: Trainer, seconds_a_step: float) -> str:
    minutes = seconds_a_step * (trainer.config.steps - progress.step) / 60
    return (
        f"step {progress.step}/{trainer.config.steps}: content {progress.content:.3f}, "
        f"style {progress.style:.3f}, shift {progress.shift:.4f}, {minutes:.0f} min left"
    )


def _every(seconds: float) -> Iterator[bool]:
    """Without end: True once in so many seconds, else False."""
    last = time.monotonic()
    while True:
        due = time.monotonic() - last >= seconds
        last = time.monotonic() if due else last
        yield due
