"""`stylize-video train`: a new style, or the networks of the whitening and colouring transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from stylize_video.commands.console.command_line import reporting
from stylize_video.errors import UsageError
from stylize_video.models.runtimes.devices import DEVICES, check_device
from stylize_video.models.training.config import FEATURES, FIT, FULL, TrainingConfig
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.wct.training_config import WCT, WctTrainingConfig
from stylize_video.pipeline.jobs.options import PaintOptions


def train(
    paintings: Annotated[
        list[Path], typer.Argument(metavar="PAINTING...", help="A picture of the painting.")
    ],
    content: Annotated[Path, typer.Option(help="A folder of photographs to learn on.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="What the style will be called. Default: after the picture.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: NAME.safetensors.", show_default=False)
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Train all weights, not only the style's scales and shifts.")
    ] = TrainingConfig.full,
    wct: Annotated[
        bool,
        typer.Option(
            "--wct",
            help="Train the networks of the whitening and colouring transform instead: any picture is a "
            "style then.",
        ),
    ] = False,
    statistics: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PAINTING",
            help="With --wct: a further painting that is not trained on, but known to the file.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        int | None,
        typer.Option(
            help="With --wct and --from: train only this level's own layers; those of 5 begin anew.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=f"A style or weights file to go on from, '{BUNDLED}' or '{NOTHING}'. "
            f"Default: {BUNDLED}; {NOTHING} with --wct.",
            show_default=False,
        ),
    ] = None,
    style_size: Annotated[
        int, typer.Option(help="The painting's longer side in px: larger, and strokes are larger.")
    ] = TrainingConfig.style_size,
    style_weight: Annotated[float, typer.Option(help="Weight of the style.")] = TrainingConfig.style_weight,
    content_weight: Annotated[
        float, typer.Option(help="Weight of the content.")
    ] = TrainingConfig.content_weight,
    consistency_weight: Annotated[
        float, typer.Option(help="Weight of steadiness from frame to frame.")
    ] = TrainingConfig.consistency_weight,
    features: Annotated[
        str, typer.Option(help=f"Losses by {' or '.join(FEATURES)}; vgg19 is downloaded by torchvision.")
    ] = TrainingConfig.features,
    steps: Annotated[
        int | None,
        typer.Option(
            help=f"Default: {FIT.steps}; {FULL.steps} with --full; {WCT.steps} with --wct.",
            show_default=False,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"At its peak. Default: {FIT.learning_rate}; {FULL.learning_rate} with --full; "
            f"{WCT.learning_rate} with --wct.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same CPU: same weights.")] = TrainingConfig.seed,
    held_out: Annotated[int, typer.Option(help="Photographs kept for measuring.")] = TrainingConfig.held_out,
    device: Annotated[str, typer.Option(help=f"One of {', '.join(DEVICES)}.")] = PaintOptions.device,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing output, once the new one is whole.")
    ] = TrainingRequest.overwrite,
) -> None:
    """Learn a painting's style. A run that was stopped goes on at its checkpoint."""
    with reporting(as_json=False) as say:
        check_device(device)
        request = TrainingRequest.of(
            paintings,
            name or (),
            content,
            output,
            start=start or (NOTHING if wct else TrainingRequest.start),
            overwrite=overwrite,
            statistics=statistics or (),
        )
        if wct:
            _refuse_with_wct(
                full=full,
                style_size=style_size,
                style_weight=style_weight,
                content_weight=content_weight,
                consistency_weight=consistency_weight,
                features=features,
            )
            networks = replace(
                WCT if steps is None else WCT.with_steps(steps),
                seed=seed,
                held_out=held_out,
                learning_rate=WCT.learning_rate if learning_rate is None else learning_rate,
            )
            if level is not None:
                networks = networks.of_level(level)
                if request.start == NOTHING:
                    raise UsageError("--level goes on with networks that there are; add --from")
            _train_networks(request, networks, device, say)
            return
        if statistics or level is not None:
            useless = "--statistics" if statistics else "--level"
            raise UsageError(f"{useless} goes with --wct only; add --wct or leave it out")
        defaults = FULL if full else FIT
        config = replace(
            defaults,
            style_size=style_size,
            style_weight=style_weight,
            content_weight=content_weight,
            consistency_weight=consistency_weight,
            features=features,
            seed=seed,
            held_out=held_out,
            steps=defaults.steps if steps is None else steps,
            learning_rate=defaults.learning_rate if learning_rate is None else learning_rate,
        )
        _train_styles(request, config, device, say)


def _train_styles(
    request: TrainingRequest, config: TrainingConfig, device: str, say: Callable[[str], None]
) -> None:
    request.check(full=config.full)  # before the seconds that importing torch takes
    from stylize_video.models.feed_forward import train_style

    for style in train_style.run(request, config, device=device, say=say):
        distances = f"style distance {style.style_distance:.3f}, content {style.content_distance:.3f}"
        spec = str(request.target) if len(request.names) == 1 else f"{request.target}#{style.name}"
        say(f"trained {style.name}: {distances}; use it with --style {spec}")


def _train_networks(
    request: TrainingRequest, config: WctTrainingConfig, device: str, say: Callable[[str], None]
) -> None:
    request.check(full=True, wct=True)  # before torch, as above
    from stylize_video.models.wct import train as train_wct

    train_wct.run(request, config, device=device, say=say)
    say(f"trained {request.target}, with the statistics of {', '.join(request.names)}")


def _refuse_with_wct(**given: object) -> None:
    """Refuse what is only for styles of the painter.

    Args:
        given: values by the names that `TrainingConfig` has for them.

    Raises:
        UsageError: an option that has not its default.
    """
    changed = [name for name, value in given.items() if value != getattr(TrainingConfig, name)]
    for name in changed:
        raise UsageError(f"--{name.replace('_', '-')} is of no use with --wct; leave it out")
