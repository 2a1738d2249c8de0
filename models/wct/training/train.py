"""The training of the whitening and colouring transform: its networks, and paintings for them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from stylize_video.models import weights
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.runtimes.memory import keep_freed_memory
from stylize_video.models.training import run as training_run
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.training.run import Say
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.training import calibration, reconstruction, saving
from stylize_video.models.wct.training.config import WctTrainingConfig
from stylize_video.models.wct.training.trainer import WctTrainer
from stylize_video.pictures.pictures import resize_longer_side, shrink_longer_side

LONGER_SIDE = 700  # px at most, of the paintings that pieces are taken from
_MEASURED = 4  # photographs that ranges are found on


def run(
    request: TrainingRequest, config: WctTrainingConfig, *, device: str = "auto", say: Say
) -> dict[int, float]:
    """Train, measure on photographs not trained on, and write networks and the paintings' statistics.

    The checkpoint lies beside the target until the end; a run of the same request goes on from it.

    Args:
        request: the files and names; its start is `NOTHING`, `BUNDLED` or a file of such networks.
        config: everything else that decides the result.
        device: one of `devices.DEVICES`.
        say: called with a line of progress now and then.

    Returns:
        The PSNR in dB of reconstructed held-out photographs, by level.

    Raises:
        StylizeVideoError: input that can't be used; the checkpoint stays.
    """
    request.check(wct=True)
    keep_freed_memory()
    chosen = training_run.device(device)
    pictures = [training_run.painting(path, MEASURED_SIZE) for path in request.pictures]
    known = dict(zip(request.names, (resize_longer_side(p, MEASURED_SIZE) for p in pictures), strict=True))
    paintings = [shrink_longer_side(p, LONGER_SIDE) for p in pictures[: len(request.paintings)]]
    del pictures
    photographs = training_run.photographs(request, config.held_out)
    provenance = _provenance(request) | training_run.provenance(request, photographs, config)
    trainer = WctTrainer(paintings, photographs, config, start=_start(request.start), device=chosen)
    training_run.go_on(trainer, request.checkpoint, say)
    with training_run.keeping(request.checkpoint, say):
        training_run.train(trainer, request.checkpoint, say)
        network = saving.as_stored(trainer.result())
        measured = _measured(network, trainer, say)
        provenance["reconstruction_psnr_db"] = measured
        found = {name: wct_weights.statistics(network, p, MEASURED_SIZE) for name, p in known.items()}
        seen = (photographs.held_out or photographs.training)[:_MEASURED]
        ranges = calibration.find_ranges(network, seen, list(found.values()))
        saving.save(request.target, network, found, provenance, ranges)
    return measured


def _start(spec: str) -> WctNetwork | None:
    if spec == NOTHING:
        return None
    return wct_weights.open_chosen(None if spec == BUNDLED else Path(spec)).network


def _provenance(request: TrainingRequest) -> dict[str, Any]:
    """Of the start, and of the paintings that were not trained on."""
    names = request.names[len(request.paintings) :]
    return {
        "started_from": request.start,
        "started_from_sha256": _checksum(request.start),
        "statistics_sha256": training_run.checksums(dict(zip(names, request.statistics, strict=True))),
    }


def _checksum(start: str) -> str:
    if start == NOTHING:
        return ""
    if start == BUNDLED:
        return str(weights.manifest()[wct_levels.BUNDLED]["sha256"])
    return hashlib.sha256(Path(start).read_bytes()).hexdigest()


def _measured(network: WctNetwork, trainer: WctTrainer, say: Say) -> dict[int, float]:
    found = reconstruction.mean_psnr(network, trainer.photographs.held_out)
    rounded = {level: round(value, 2) for level, value in found.items()}
    figures = ", ".join(f"{value:.2f}" for value in rounded.values())
    say(f"reconstruction of photographs not trained on, levels 1 to {len(rounded)}: {figures} dB (PSNR)")
    return rounded
