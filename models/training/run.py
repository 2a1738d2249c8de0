"""What every training has in common: its device, its paintings, checkpoints, and what it says meanwhile."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import stylize_video
from stylize_video.errors import DeviceError, TrainingError
from stylize_video.files import whole_file
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.perceptual.style_targets import check_painting
from stylize_video.models.runtimes.devices import choose_device
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.request import TrainingRequest
from stylize_video.models.training.trainer import Progress, Trainer
from stylize_video.pictures.pictures import Picture, read_picture
from stylize_video.process import signals

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SHORTER_SIDE = 288  # px that training photographs are shrunk to: crops are not much smaller
_DRAWN = 240  # scenes, which take some seconds
_CHECKPOINT_EVERY_S = 120
_SAY_EVERY_S = 10

Say = Callable[[str], None]  # a line of progress


def device(name: str) -> str:
    """The device to train on, "cpu" or "cuda".

    Raises:
        UsageError: no such name.
        DeviceError: this machine has none, or none that trains.
    """
    # torch's Metal backend lacks the gradients of bicubic sampling.
    if name == "mps":
        raise DeviceError("training runs on cpu or cuda, not on mps")
    chosen = choose_device(name).type
    return "cpu" if chosen == "mps" else chosen


def painting(path: Path, size: int) -> Picture:
    """Read a painting that will be looked at with `size` px on its longer side, and measured.

    Raises:
        InputError: it is no picture.
        TrainingError: it is too small or too narrow.
    """
    picture = read_picture(path)
    try:
        check_painting(picture, min(size, MEASURED_SIZE))
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    return picture


def photographs(request: TrainingRequest, held_out: int) -> PhotographSet:
    """Those of the request's folder, without what is there of paintings and previews; or drawn scenes.

    Raises:
        TrainingError: no folder, or too few photographs in it.
        InputError: one of them can't be read.
    """
    if request.content is None:
        return PhotographSet.drawn(_DRAWN + held_out, held_out=held_out)
    exclude = (*request.pictures, request.preview)
    return PhotographSet.from_folder(
        request.content, held_out=held_out, shorter_side=SHORTER_SIDE, exclude=exclude
    )


def provenance(
    request: TrainingRequest, learned_on: PhotographSet, config: DataclassInstance
) -> dict[str, Any]:
    """What a weights file says of how it came about."""
    return {
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "paintings_sha256": checksums(dict(zip(request.names, request.paintings, strict=False))),
        "photographs": len(learned_on.training),
    }


def checksums(pictures: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of each file, by name."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in pictures.items()}


def go_on(trainer: Trainer[Any], checkpoint: Path, say: Say) -> None:
    """Take up the run that left a checkpoint, if there is one.

    Raises:
        TrainingError: it is damaged or of another run.
    """
    if checkpoint.exists():
        trainer.restore(checkpoint)
        say(f"going on at step {trainer.step} of {trainer.config.steps}, from {checkpoint}")


@contextmanager
def keeping(checkpoint: Path, say: Say) -> Iterator[None]:
    """Keep a checkpoint until all is done, and say so at Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint.exists():
            say(f"what was learned so far is kept in {checkpoint}; the same command goes on from there")
        raise
    whole_file.remove(checkpoint)


def train(
    trainer: Trainer[Any],
    checkpoint: Path,
    say: Say,
    *,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Train to the end, with a checkpoint now and then, at the end, and at Ctrl-C.

    Args:
        trainer: what takes the steps.
        checkpoint: the file.
        say: called with a line of progress now and then.
        meanwhile: called after each step.
    """
    save_now, say_now = every(_CHECKPOINT_EVERY_S), every(_SAY_EVERY_S)
    signals.begin_work()
    began, first, steps = time.monotonic(), trainer.step, trainer.config.steps
    say(f"training: {steps - first} steps; how far it is will be said every {_SAY_EVERY_S} s")
    try:
        for progress in trainer.run():
            if next(save_now):
                _save_if_possible(trainer, checkpoint, say)
            meanwhile()
            if next(say_now):
                seconds_a_step = (time.monotonic() - began) / (trainer.step - first)
                minutes = seconds_a_step * (steps - trainer.step) / 60
                say(f"step {trainer.step}/{steps}: {_told(progress)}, {minutes:.0f} min left")
    except KeyboardInterrupt:
        if trainer.whole:
            _save_if_possible(trainer, checkpoint, say)
        raise
    _save_if_possible(trainer, checkpoint, say)  # what comes now can be interrupted or fail too


def _told(progress: Progress) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in progress.losses.items())


def _save_if_possible(trainer: Trainer[Any], checkpoint: Path, say: Say) -> None:
    """Hours of training don't end because a disk was full for a moment."""
    try:
        trainer.save(checkpoint)
    except TrainingError as error:
        say(f"no checkpoint: {error}")


def every(seconds: float) -> Iterator[bool]:
    """Without end: True once in so many seconds, else False."""
    last = time.monotonic()
    while True:
        due = time.monotonic() - last >= seconds
        last = time.monotonic() if due else last
        yield due
