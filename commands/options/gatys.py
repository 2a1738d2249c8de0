"""The options of `--method gatys`, and how they become a config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize_video.models.gatys.config import DEFAULTS, OPTIMIZERS, PHOTOREAL, STARTS
from stylize_video.models.training.config import FEATURES

LAYERS = ",".join(DEFAULTS.style_layers)  # as a user gives them

_PANEL = "Painting by optimisation (--method gatys)"


def _option(*names: str, text: str, show_default: bool = True) -> object:
    return typer.Option(*names, help=text, rich_help_panel=_PANEL, show_default=show_default)


Iterations = Annotated[int, _option(text="Steps of the optimiser for each picture or keyframe.")]
ContentWeight = Annotated[float, _option(text="How much the photograph's content counts against the style.")]
StyleWeight = Annotated[
    float | None,
    _option(
        text=f"How much the painting's style counts against the content. Default: {DEFAULTS.style_weight:g}; "
        f"{PHOTOREAL.style_weight:g} with --photoreal.",
        show_default=False,
    ),
]
TvWeight = Annotated[float, _option(text="How much smoothness counts (total variation).")]
TemporalWeight = Annotated[float, _option(text="How much a keyframe is held to the one before it.")]
Init = Annotated[str, _option(text=f"What the optimiser begins with: {', '.join(STARTS)} or a picture.")]
Optimizer = Annotated[str, _option(text=f"The minimiser: {' or '.join(OPTIMIZERS)}.")]
Layers = Annotated[str, _option(text="The layers of the feature network that the style is measured by.")]
Features = Annotated[
    str, _option(text=f"The feature network: {' or '.join(FEATURES)}, which torchvision downloads.")
]
Seed = Annotated[int, _option(text="Which random numbers --init noise begins with.")]
Photoreal = Annotated[
    bool,
    _option("--photoreal", text="Change colours alone: straight lines stay straight, nothing is painted."),
]
ContentMask = Annotated[
    Path | None,
    _option(text="A picture whose colours mark regions of the input, with --style-mask.", show_default=False),
]
StyleMask = Annotated[
    Path | None,
    _option(
        text="A picture whose colours mark regions of the painting, each for that of its colour.",
        show_default=False,
    ),
]
KeyframeInterval = Annotated[
    str,
    _option(text="Frames from one keyframe to the next; auto: where the film asks for one."),
]
Resume = Annotated[bool, _option("--resume", text="Go on with the keyframes of an interrupted run.")]
