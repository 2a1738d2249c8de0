"""`stylize-video train`: from pictures of paintings to a weights file that any `style` may name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from stylize_video.errors import StylizeVideoError
from stylize_video.models import sheet, style_spec, styles
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.blank_canvas import OnBlankCanvas, StyledNetwork
from stylize_video.models.feed_forward.network import CanvasNet, StyledNet
from stylize_video.models.feed_forward.networks import FULL, Networks
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.training import calibration
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.feed_forward.training.nearest_styles import (
    Table,
    nearest_styles,
    with_styles,
)
from stylize_video.models.feed_forward.training.pace import steps_within
from stylize_video.models.mixture import TrainedStyle
from stylize_video.models.perceptual import brushwork
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.runtimes.memory import keep_freed_memory
from stylize_video.models.runtimes.program import Ranges
from stylize_video.models.training import checkpoint
from stylize_video.models.training import run as training_run
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.training.run import Say
from stylize_video.pictures.pictures import Picture, resize_longer_side, write_picture

_PREVIEW_EVERY_S = 120
_MEASURED = 8  # photographs at most, which take seconds


class Learned(NamedTuple):
    """A style, and how it paints photographs that it was not learned on: the means over them."""

    name: str
    style_distance: float
    content_distance: float
    bare_canvas: float  # the painting itself: 0.10
    photographs: int


@dataclass(frozen=True)
class _Studio:
    """All that a training works with."""

    request: TrainingRequest
    paintings: Sequence[Picture]
    photographs: PhotographSet
    start: StyledNet | None
    shape: CanvasNetConfig  # of a network without a start
    device: str

    def trainer(self, config: CanvasTrainingConfig) -> CanvasTrainer:
        paintings, photographs = self.paintings, self.photographs
        return CanvasTrainer(
            paintings, photographs, config, shape=self.shape, start=self.start, device=self.device
        )


def run(
    request: TrainingRequest,
    config: CanvasTrainingConfig,
    *,
    networks: Networks = FULL,
    minutes: float | None = None,
    device: str = "auto",
    say: Say,
) -> tuple[Learned, ...]:
    """Train, measure on photographs not trained on, and write the weights.

    The checkpoint lies beside the target until the end; a run of the same request goes on from it.

    Args:
        request: the files and names.
        config: everything else that decides the result.
        networks: what is trained; a start is one of these.
        minutes: that it may take for each painting, on this machine as it is now; the steps follow from
            them. None: as many steps as `config` has.
        device: one of `devices.DEVICES`.
        say: called with a line of progress now and then.

    Returns:
        The styles learned, with their distances on the held-out photographs.

    Raises:
        StylizeVideoError: input that can't be used; the checkpoint stays.
    """
    request.check(mixable=config.styles_alone)
    keep_freed_memory()
    studio = _studio(request, config, networks, training_run.device(device))
    if minutes is not None:
        config = replace(config, steps=_steps(studio, config, minutes * len(request.paintings), say))
    trainer = studio.trainer(config)
    training_run.go_on(trainer, request.checkpoint, say)
    with training_run.keeping(request.checkpoint, say):
        _train(trainer, request, say)
        network = weights_file.as_stored(trainer.result())
        ranges = _ranges(network, studio.photographs)
        say("measuring pictures that it has not learned on")
        learned = _measured(network, studio)
        provenance = {
            "started_from": request.start,
            "started_from_sha256": _checksums(request.start, networks),
            "measured": [figures._asdict() for figures in learned],
            **training_run.provenance(request, studio.photographs, config),
        }
        weights_file.save(request.target, network, request.names, provenance, ranges)
    return learned


def _ranges(network: StyledNet, photographs: PhotographSet) -> Ranges | None:
    """Of what goes into a plain network's convolutions, so that they can multiply bytes; others don't."""
    if not isinstance(network, CanvasNet):
        return None
    return calibration.find_ranges(network, _to_calibrate_on(photographs))


def _to_calibrate_on(photographs: PhotographSet) -> Sequence[Picture]:
    """A few photographs that it has not learned on, where there are any."""
    return (photographs.held_out or photographs.training)[:_MEASURED]


def _studio(
    request: TrainingRequest, config: CanvasTrainingConfig, networks: Networks, device: str
) -> _Studio:
    paintings = [training_run.painting(path, config.style_size) for path in request.paintings]
    photographs = training_run.photographs(request, config.held_out)
    start = None
    if request.start != NOTHING:
        parameters, known = _known(request.start, networks)
        table = nearest_styles(parameters, known, paintings, photographs.held_out, config=config)
        start = with_styles(parameters, table)  # each painting has the style that comes nearest to it
    return _Studio(request, paintings, photographs, start, _new_shape(networks), device)


def _new_shape(networks: Networks) -> CanvasNetConfig:
    return networks.shape()


def _known(spec: str, networks: Networks) -> tuple[CanvasParameters, Table]:
    """A network, and its styles to choose from: all of a file, or the one that was asked for."""
    if spec == BUNDLED:
        bundled = styles.bundled_network(networks.bundled)
        parameters = gallery.open_bundled(bundled, networks.shape).parameters
        return parameters, parameters.table
    style = style_spec.parse(spec)
    first, *others = styles.check_trained(style, networks.bundled)
    if isinstance(first, TrainedStyle) and not first.name and not others:
        parameters = gallery.open_file(first.file, networks.shape).parameters
        return parameters, parameters.table
    found = gallery.load(style, networks)
    return found.parameters, found.style[None]


def _steps(studio: _Studio, config: CanvasTrainingConfig, minutes: float, say: Say) -> int:
    """How many steps are made: those of the run that is gone on with, or as many as fit into some minutes."""
    if studio.request.checkpoint.exists():
        return checkpoint.steps_of(studio.request.checkpoint)
    steps = steps_within(minutes, studio.trainer(config))
    say(f"in {minutes:g} minutes this machine makes {steps} steps")
    return steps


def _measured(network: StyledNet, studio: _Studio) -> tuple[Learned, ...]:
    """What is known of the styles of a user's own."""
    photographs = [resize_longer_side(p, brushwork.SIZE) for p in studio.photographs.held_out[:_MEASURED]]
    found = []
    for name, painting, painter in zip(
        studio.request.names, studio.paintings, _painters(network), strict=True
    ):
        cells = [list(sheet.paint(photograph, {name: painter}))[1] for photograph in photographs]
        painted = [cell.picture for cell in cells]
        distances = Judge(painting).measure(list(zip(photographs, painted, strict=True)))
        figures = (distances.style_distance, distances.content_distance, distances.bare_canvas)
        style, content, bare = (round(figure or 0.0, 4) for figure in figures)
        found.append(Learned(name, style, content, bare, len(photographs)))
    return tuple(found)


def _painters(network: StyledNet) -> list[StyledNetwork]:
    """What paints in each of the styles; the network itself stays as it is."""
    parameters = CanvasParameters.of(network)
    paints = OnBlankCanvas(parameters.network().freeze())
    return [StyledNetwork(paints, torch.from_numpy(style)) for style in parameters.table]


def _checksums(start: str, networks: Networks) -> Mapping[str, str]:
    if start == NOTHING:
        return {}
    style = style_spec.parse(styles.DEFAULT if start == BUNDLED else start)
    return styles.checksums(style, networks.bundled)


def _train(trainer: CanvasTrainer, request: TrainingRequest, say: Say) -> None:
    preview_now = training_run.every(_PREVIEW_EVERY_S)

    def preview_now_and_then() -> None:
        if next(preview_now):
            _preview(trainer, request, say)

    training_run.train(trainer, request.checkpoint, say, meanwhile=preview_now_and_then)
    _preview(trainer, request, say)


def _preview(trainer: CanvasTrainer, request: TrainingRequest, say: Say) -> None:
    """Paint a held-out photograph as it would be painted by now; if it can't be written, go on."""
    painters = _painters(trainer.result())
    page = sheet.sheet(trainer.photographs.held_out[0], dict(zip(request.names, painters, strict=True)))
    try:
        write_picture(request.preview, page)
    except StylizeVideoError as error:
        say(f"no preview: {error}")
