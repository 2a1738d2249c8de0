"""`stylize-video train`: a new style, or the networks of the whitening and colouring transform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stylize_video import option
from stylize_video.commands.console.command_line import reporting
from stylize_video.commands.options.generated import with_options
from stylize_video.commands.options.training import MINUTES, PANELS, TrainOptions
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.wct.training.config import WctTrainingConfig

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.training.train_style import Learned

_BEGINS = "loading the networks and {}"

Say = Callable[[str], None]


def _command(**values: Any) -> None:
    """Learn the style of a painting. A training that was stopped goes on where its checkpoint is."""
    with reporting(as_json=False) as say:
        given = TrainOptions.of(**values)
        config = given.of_networks if given.wct else given.of_style
        given.request.check(mixable=given.mixable, wct=given.wct)  # before the seconds that torch takes
        material = (
            f"reading the photographs in {given.content}" if given.content else "drawing scenes to learn on"
        )
        say(_BEGINS.format(material))
        if isinstance(config, WctTrainingConfig):
            _train_networks(given, config, say)
        else:
            _train_styles(given, config, say)


def _train_styles(given: TrainOptions, config: CanvasTrainingConfig, say: Say) -> None:
    from stylize_video.models.feed_forward.training import train_style

    minutes = (given.minutes or MINUTES) if given.steps is None else None
    learned = train_style.run(
        given.request, config, networks=given.networks, minutes=minutes, device=given.device, say=say
    )
    for style in learned:
        for line in _report(style, given):
            say(line)


def _report(style: Learned, given: TrainOptions) -> tuple[str, str]:
    """What became of a style, and what to type next."""
    target = given.request.target
    spec = str(target) if len(given.request.names) == 1 else f"{target}#{style.name}"
    return (
        f"trained {style.name}; on {style.photographs} pictures that it has not learned on: "
        f"style distance {style.style_distance:.2f}, content {style.content_distance:.2f}, "
        f"bare canvas {style.bare_canvas:.2f} (the painting itself has 0.10)",
        f"paint with it: stylize-video film.mp4 --style {spec}",
    )


def _train_networks(given: TrainOptions, config: WctTrainingConfig, say: Say) -> None:
    from stylize_video.models.wct.training import train as train_wct

    request = given.request
    train_wct.run(request, config, device=given.device, say=say)
    say(f"trained {request.target}, with the statistics of {', '.join(request.names)}")


train = with_options(_command, option.declared(TrainOptions), panels=PANELS, arguments=["paintings"])
