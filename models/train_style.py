"""`stylize-video train`: from a picture of a painting to a weights file that `--style` takes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import stylize_video
from stylize_video.errors import TrainingError
from stylize_video.models import styles
from stylize_video.models.photographs import PhotographSet, read_picture
from stylize_video.models.training import Progress, Trainer, TrainingConfig, measure

SHORTER_SIDE = 288  # px that training photographs are shrunk to: crops are not much smaller
_CHECKPOINT_EVERY_S = 120
_SAY_EVERY_S = 20


def run(
    painting: Path,
    content: Path,
    target: Path,
    *,
    name: str,
    settings: Mapping[str, Any],
    held_out: int,
    device: str,
    say: Callable[[str], None],
) -> tuple[float, float]:
    """Train, measure on photographs not trained on, and write the weights.

    Args:
        painting: a picture file.
        content: a folder of photographs.
        target: the weights file; the checkpoint lies beside it until the end.
        name: what the style is called.
        settings: fields of `TrainingConfig` that differ from its defaults.
        held_out: how many photographs to keep for measuring.
        device: "auto", "cpu", "cuda" or "mps".
        say: called with a line of progress now and then.

    Returns:
        Mean style distance and content distance on the held-out photographs.

    Raises:
        StylizeVideoError: input that can't be used; the checkpoint stays.
    """
    if held_out < 1:
        raise TrainingError(f"{held_out} photographs held out; keep at least 1 for measuring")
    config = TrainingConfig(**settings)
    picture = read_picture(painting)
    photographs = PhotographSet.from_folder(content, held_out=held_out, shorter_side=SHORTER_SIDE)
    trainer = Trainer(picture, photographs, config, device=_device(device))
    checkpoint = target.with_name(target.name + ".checkpoint")
    if checkpoint.exists():
        trainer.restore(checkpoint)
        say(f"going on at step {trainer.step} of {config.steps}, from {checkpoint}")
    _train(trainer, checkpoint, say)
    network = trainer.result()
    distances = measure(network, picture, photographs.held_out)
    style = styles.Style(
        name,
        painting=painting.stem,
        painter="",
        year="",
        licence="",
        style_distance=round(distances[0], 4),
        content_distance=round(distances[1], 4),
    )
    provenance = {
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "painting_sha256": hashlib.sha256(painting.read_bytes()).hexdigest(),
        "photographs": len(photographs.training),
    }
    styles.save(target, network, style, provenance)
    checkpoint.unlink(missing_ok=True)
    return distances


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
        raise


def _line(progress: Progress, trainer: Trainer, seconds_a_step: float) -> str:
    minutes = seconds_a_step * (trainer.config.steps - progress.step) / 60
    return (
        f"step {progress.step}/{trainer.config.steps}: content {progress.content:.3f}, "
        f"style {progress.style:.3f}, {minutes:.0f} min left"
    )


def _every(seconds: float) -> Iterator[bool]:
    """Without end: True once in so many seconds, else False."""
    last = time.monotonic()
    while True:
        due = time.monotonic() - last >= seconds
        last = time.monotonic() if due else last
        yield due


def _device(name: str) -> str:
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
