"""`stylize-video train`: a new style, or the networks of the whitening and colouring transform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from stylize_video.commands.console.command_line import reporting
from stylize_video.errors import UsageError
from stylize_video.models.runtimes.devices import DEVICES, check_device
from stylize_video.models.training.config import FEATURES, FIT, FULL, TrainingConfig
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.wct.training_config import WCT, WctTrainingConfig
from stylize_video.pipeline.jobs.options import RunOptions

_BEGINS = "loading the networks and reading the photographs in {}"

_STYLE = "The new style"
_COURSE = "The training"
_BALANCE = "What a painting is judged by"
_WCT = "Networks for any picture"


def _option(*names: str, panel: str, text: str, value: str | None = None, shown: bool = False) -> Any:
    return typer.Option(*names, help=text, metavar=value, rich_help_panel=panel, show_default=shown)


def train(
    paintings: Annotated[
        list[Path],
        typer.Argument(metavar="PAINTING...", help="A picture of the painting; of each, for several styles."),
    ],
    content: Annotated[
        Path,
        _option(panel=_STYLE, value="FOLDER", text="The photographs to learn on, hundreds of any subject."),
    ],
    name: Annotated[
        list[str] | None,
        _option(
            panel=_STYLE,
            value="NAME",
            text="What the style is called; once for each painting. Default: the picture's name.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        _option(
            *("--output", "-o"),
            panel=_STYLE,
            value="FILE",
            text="The weights file that is written. Default: NAME.safetensors.",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        _option("--overwrite", panel=_STYLE, text="Replace an existing output, once the new one is whole."),
    ] = TrainingRequest.overwrite,
    full: Annotated[
        bool,
        _option(
            "--full",
            panel=_COURSE,
            text="Train all weights of the network, not only the style's scales and shifts, which takes an "
            "hour or more.",
        ),
    ] = TrainingConfig.full,
    start: Annotated[
        str | None,
        _option(
            "--from",
            panel=_COURSE,
            value="NAME",
            text=f"The network to start from: a style, a weights file, '{BUNDLED}' or '{NOTHING}'. "
            f"Default: {BUNDLED}; {NOTHING} with --wct.",
        ),
    ] = None,
    steps: Annotated[
        int | None,
        _option(
            panel=_COURSE,
            value="N",
            text=f"How many steps are made. Default: {FIT.steps}; {FULL.steps} with --full; "
            f"{WCT.steps} with --wct.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        _option(
            panel=_COURSE,
            value="RATE",
            text=f"The learning rate at its peak. Default: {FIT.learning_rate}; "
            f"{FULL.learning_rate} with --full; {WCT.learning_rate} with --wct.",
        ),
    ] = None,
    seed: Annotated[
        int,
        _option(
            panel=_COURSE,
            value="N",
            text="The seed of all random numbers: the same one on the same CPU gives the same weights.",
            shown=True,
        ),
    ] = TrainingConfig.seed,
    held_out: Annotated[
        int,
        _option(
            panel=_COURSE,
            value="N",
            text="How many photographs are not learned on, but kept to measure the distances by.",
            shown=True,
        ),
    ] = TrainingConfig.held_out,
    device: Annotated[
        str, _option(panel=_COURSE, value="NAME", text=f"Where it runs: {', '.join(DEVICES)}.", shown=True)
    ] = RunOptions.device,
    style_weight: Annotated[
        float,
        _option(panel=_BALANCE, value="WEIGHT", text="How much the painting's style counts.", shown=True),
    ] = TrainingConfig.style_weight,
    content_weight: Annotated[
        float,
        _option(panel=_BALANCE, value="WEIGHT", text="How much the photograph's content counts.", shown=True),
    ] = TrainingConfig.content_weight,
    consistency_weight: Annotated[
        float,
        _option(
            panel=_BALANCE,
            value="WEIGHT",
            text="How much it counts that nothing flickers from frame to frame.",
            shown=True,
        ),
    ] = TrainingConfig.consistency_weight,
    style_size: Annotated[
        int,
        _option(
            panel=_BALANCE,
            value="PX",
            text="The longer side to which the painting is scaled: with a larger one, strokes are larger.",
            shown=True,
        ),
    ] = TrainingConfig.style_size,
    features: Annotated[
        str,
        _option(
            panel=_BALANCE,
            value="NAME",
            text=f"The network that compares pictures: {' or '.join(FEATURES)}. torchvision downloads vgg19.",
            shown=True,
        ),
    ] = TrainingConfig.features,
    wct: Annotated[
        bool,
        _option(
            "--wct",
            panel=_WCT,
            text="Train the networks of the whitening and colouring transform instead, which paint in the "
            "style of any picture.",
        ),
    ] = False,
    statistics: Annotated[
        list[Path] | None,
        _option(
            panel=_WCT,
            value="PAINTING",
            text="A further painting that is known to the file by name, but not trained on; with --wct.",
        ),
    ] = None,
    level: Annotated[
        int | None,
        _option(
            panel=_WCT,
            value="1..5",
            text="Train only this level's own layers, those of level 5 anew; with --wct and --from.",
        ),
    ] = None,
) -> None:
    """Learn the style of a painting. A training that was stopped goes on where its checkpoint is."""
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
    say(_BEGINS.format(request.content))
    from stylize_video.models.feed_forward.training import train_style

    for style in train_style.run(request, config, device=device, say=say):
        distances = f"style distance {style.style_distance:.3f}, content {style.content_distance:.3f}"
        spec = str(request.target) if len(request.names) == 1 else f"{request.target}#{style.name}"
        say(f"trained {style.name}: {distances}; use it with --style {spec}")


def _train_networks(
    request: TrainingRequest, config: WctTrainingConfig, device: str, say: Callable[[str], None]
) -> None:
    request.check(full=True, wct=True)  # before torch, as above
    say(_BEGINS.format(request.content))
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
