"""`stylize-video train`: from pictures of paintings to a weights file that any `style` may name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from stylize_video.errors import StylizeVideoError
from stylize_video.models import sheet, style_spec, styles
from stylize_video.models.feed_forward.training.nearest_styles import nearest_styles
from stylize_video.models.feed_forward.training.transform_training import Progress, Trainer
from stylize_video.models.perceptual import measuring
from stylize_video.models.runtimes.memory import keep_freed_memory
from stylize_video.models.training import run as training_run
from stylize_video.models.training.config import TrainingConfig
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.training.run import Say
from stylize_video.models.transform_net import gallery, loading
from stylize_video.models.transform_net.transform_net import TransformNet
from stylize_video.pictures.pictures import Picture, write_picture

_PREVIEW_EVERY_S = 60


def run(
    request: TrainingRequest,
    config: TrainingConfig,
    *,
    device: str = "auto",
    say: Say,
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
    chosen = training_run.device(device)
    paintings = [training_run.painting(path, config.style_size) for path in request.paintings]
    photographs = training_run.photographs(request, config.held_out)
    provenance = _provenance(request, photographs, config)
    start = _start(request.start, paintings, photographs, config)
    trainer = Trainer(paintings, photographs, config, start=start, device=chosen)
    training_run.go_on(trainer, request.checkpoint, say)
    with training_run.keeping(request.checkpoint, say):
        _train(trainer, request, say)
        network = gallery.as_stored(trainer.result())
        learned = _measured(network, request, paintings, photographs.held_out)
        gallery.save(request.target, network, learned, provenance)
    return learned


def _start(
    spec: str, paintings: Sequence[Picture], photographs: PhotographSet, config: TrainingConfig
) -> TransformNet | None:
    """The network to begin with, in which each painting has the style that comes nearest to it."""
    if spec == NOTHING:
        return None
    if spec == BUNDLED:
        network = gallery.open_bundled(gallery.BUNDLED).network
    else:
        network = loading.load_all(style_spec.parse(spec))
    return network.with_styles(nearest_styles(network, paintings, photographs.held_out, config))


def _measured(
    network: TransformNet, request: TrainingRequest, paintings: Sequence[Picture], held_out: Sequence[Picture]
) -> tuple[styles.Style, ...]:
    """What is known of the styles of a user's own; painter and year are not."""
    found = []
    for index, (name, path) in enumerate(zip(request.names, request.paintings, strict=True)):
        painter = loading.StyledNetwork(network, torch.eye(len(paintings))[index])
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
        **training_run.provenance(request, photographs, config),
    }


def _checksums(start: str) -> dict[str, str]:
    if start == NOTHING:
        return {}
    return styles.checksums(style_spec.parse(styles.DEFAULT if start == BUNDLED else start))


def _train(trainer: Trainer, request: TrainingRequest, say: Say) -> None:
    preview_now = training_run.every(_PREVIEW_EVERY_S)

    def preview_now_and_then() -> None:
        if next(preview_now):
            _preview(trainer, request, say)

    training_run.train(trainer, request.checkpoint, say, losses=_losses, meanwhile=preview_now_and_then)
    _preview(trainer, request, say)


def _preview(trainer: Trainer, request: TrainingRequest, say: Say) -> None:
    """Paint a held-out photograph as it would be painted by now; if it can't be written, go on."""
    photograph = trainer.photographs.held_out[0]
    network, weights = trainer.result(), torch.eye(len(request.names))
    painters = {
        name: loading.StyledNetwork(network, w) for name, w in zip(request.names, weights, strict=True)
    }
    try:
        write_picture(request.preview, sheet.sheet(photograph, painters))
    except StylizeVideoError as error:
        say(f"no preview: {error}")


def _losses(progress: Progress) -> str:
    return (
        f"content {progress.content:.3f}, style {progress.style:.3f}, consistency {progress.consistency:.4f}"
    )
