"""`stylize-video train`: from pictures of paintings to a weights file that `--style` takes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import stylize_video
from stylize_video.errors import DeviceError, StylizeVideoError, TrainingError
from stylize_video.models import measuring, sheet, styles, whole_file
from stylize_video.models.devices import choose_device
from stylize_video.models.memory import keep_freed_memory
from stylize_video.models.photographs import PhotographSet
from stylize_video.models.pictures import Picture, read_picture, write_picture
from stylize_video.models.style_targets import check_painting, nearest_styles
from stylize_video.models.training import Progress, Trainer
from stylize_video.models.training_config import TrainingConfig
from stylize_video.models.training_request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.transform_net import TransformNet

SHORTER_SIDE = 288  # px that training photographs are shrunk to: crops are not much smaller
_CHECKPOINT_EVERY_S = 120
_PREVIEW_EVERY_S = 60
_SAY_EVERY_S = 10


def run(
    request: TrainingRequest,
    config: TrainingConfig,
    *,
    device: str = "auto",
    say: Callable[[str], None],
) -> tuple[styles.Style, ...]:
    """Train, measure on photographs not trained on, and write the weights.

    The checkpoint lies beside the target until the end; a run of the same request goes on from it.

    Args:
        request: the files and names.
        config: everything else that decides the result.
        device: one of `devices.DEVICES`.
        say: called with a line of progress now and then.

    Returns:
        The styles learned, with their distances on the held-out photographs.

    Raises:
        StylizeVideoError: input that can't be used; the checkpoint stays.
    """
    request.check(full=config.full)
    keep_freed_memory()
    chosen = _device(device)
    paintings = [_painting(path, config.style_size) for path in request.paintings]
    photographs = PhotographSet.from_folder(
        request.content,
        held_out=config.held_out,
        shorter_side=SHORTER_SIDE,
        exclude=(*request.paintings, request.preview),
    )
    provenance = _provenance(request, photographs, config)
    start = _start(request.start, paintings, photographs, config)
    trainer = Trainer(paintings, photographs, config, start=start, device=chosen)
    if request.checkpoint.exists():
        trainer.restore(request.checkpoint)
        say(f"going on at step {trainer.step} of {config.steps}, from {request.checkpoint}")
    try:
        _train(trainer, request, say)
        network = styles.as_stored(trainer.result())
        learned = _measured(network, request, paintings, photographs.held_out)
        styles.save(request.target, network, learned, provenance)
    except KeyboardInterrupt:
        if request.checkpoint.exists():
            say(f"the same command goes on from {request.checkpoint}")
        raise
    whole_file.remove(request.checkpoint)
    return learned


def _device(name: str) -> str:
    # torch's Metal backend lacks the gradients of bicubic sampling.
    if name == "mps":
        raise DeviceError("training runs on cpu or cuda, not on mps")
    chosen = choose_device(name).type
    return "cpu" if chosen == "mps" else chosen


def _painting(path: Path, size: int) -> Picture:
    picture = read_picture(path)
    try:
        check_painting(picture, size)
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    return picture


def _start(
    spec: str, paintings: Sequence[Picture], photographs: PhotographSet, config: TrainingConfig
) -> TransformNet | None:
    """The network to begin with, in which each painting has the style that comes nearest to it."""
    if spec == NOTHING:
        return None
    if spec == BUNDLED:
        network = styles.open_bundled(styles.bundled_network()).network
    else:
        network = styles.load_all(spec)
    return network.with_styles(nearest_styles(network, paintings, photographs.held_out, config))


def _measured(
    network: TransformNet, request: TrainingRequest, paintings: Sequence[Picture], held_out: Sequence[Picture]
) -> tuple[styles.Style, ...]:
    """What is known of the styles of a user's own; painter and year are not."""
    found = []
    for index, (name, path) in enumerate(zip(request.names, request.paintings, strict=True)):
        painter = styles.Painter(network, torch.eye(len(paintings))[index])
        style, content = measuring.distances(painter, paintings[index], held_out)
        found.append(
            styles.Style(
                name,
                painting=path.stem,
                painter="",
                year="",
                licence="",
                style_distance=round(style, 4),
                content_distance=round(content, 4),
            )
        )
    return tuple(found)


def _provenance(
    request: TrainingRequest, photographs: PhotographSet, config: TrainingConfig
) -> dict[str, Any]:
    return {
        "started_from": request.start,
        "started_from_sha256": _checksums(request.start),
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "paintings_sha256": {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for name, path in zip(request.names, request.paintings, strict=True)
        },
        "photographs": len(photographs.training),
    }


def _checksums(start: str) -> dict[str, str]:
    if start == NOTHING:
        return {}
    return styles.checksums(styles.DEFAULT if start == BUNDLED else start)


def _train(trainer: Trainer, request: TrainingRequest, say: Callable[[str], None]) -> None:
    save_now, preview_now, say_now = map(_every, (_CHECKPOINT_EVERY_S, _PREVIEW_EVERY_S, _SAY_EVERY_S))
    began, first = time.monotonic(), trainer.step
    try:
        for progress in trainer.run():
            if next(save_now):
                _save_if_possible(trainer, request.checkpoint, say)
            if next(preview_now):
                _preview(trainer, request, say)
            if next(say_now):
                say(_line(progress, trainer, (time.monotonic() - began) / (progress.step - first)))
    except KeyboardInterrupt:
        if trainer.whole:
            _save_if_possible(trainer, request.checkpoint, say)
        raise
    _save_if_possible(trainer, request.checkpoint, say)  # what comes now can be interrupted or fail too
    _preview(trainer, request, say)


def _save_if_possible(trainer: Trainer, checkpoint: Path, say: Callable[[str], None]) -> None:
    """Hours of training don't end because a disk was full for a moment."""
    try:
        trainer.save(checkpoint)
    except TrainingError as error:
        say(f"no checkpoint: {error}")


def _preview(trainer: Trainer, request: TrainingRequest, say: Callable[[str], None]) -> None:
    """Paint a held-out photograph as it would be painted by now; if it can't be written, go on."""
    photograph = trainer.photographs.held_out[0]
    network, weights = trainer.result(), torch.eye(len(request.names))
    painters = {name: styles.Painter(network, w) for name, w in zip(request.names, weights, strict=True)}
    try:
        write_picture(request.preview, sheet.sheet(photograph, painters))
    except StylizeVideoError as error:
        say(f"no preview: {error}")


def _line(progress: Progress, trainer: Trainer, seconds_a_step: float) -> str:
    minutes = seconds_a_step * (trainer.config.steps - progress.step) / 60
    return (
        f"step {progress.step}/{trainer.config.steps}: content {progress.content:.3f}, "
        f"style {progress.style:.3f}, consistency {progress.consistency:.4f}, {minutes:.0f} min left"
    )


def _every(seconds: float) -> Iterator[bool]:
    """Without end: True once in so many seconds, else False."""
    last = time.monotonic()
    while True:
        due = time.monotonic() - last >= seconds
        last = time.monotonic() if due else last
        yield due
