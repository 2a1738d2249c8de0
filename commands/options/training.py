"""What `stylize-video train` can be told, and what that asks of a training. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models.feed_forward.method import PaintsByNetwork
from stylize_video.models.feed_forward.networks import Networks
from stylize_video.models.feed_forward.training.config import OWN, OWN_MIXABLE, CanvasTrainingConfig
from stylize_video.models.methods import METHODS
from stylize_video.models.runtimes.devices import DEVICES
from stylize_video.models.training.request import BUNDLED, NOTHING, TrainingRequest
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.training.config import WCT, WctTrainingConfig
from stylize_video.option import Notation, flag, flags, option

_STYLE = "The new style"
_COURSE = "The training"
_BALANCE = "What a painting is judged by"
_WCT = "Networks for any picture"
PANELS = (_STYLE, _COURSE, _BALANCE, _WCT)

MINUTES = 10.0
# The ways to paint whose networks are trained on a painting.
_PAINTERS = tuple(method for method in METHODS if isinstance(method, PaintsByNetwork))
_PATHS = Notation(Path, str)
_OF_STYLES = (
    *("architecture", "minutes", "mixable", "style_weight", "content_weight"),
    *("colour_weight", "consistency_weight", "style_size"),
)
_OF_NETWORKS = ("statistics", "level")


@dataclass(frozen=True)
class TrainOptions:
    """All options of the command. Checked when made.

    Raises:
        UsageError: a value out of its range, or options that don't go together.
    """

    paintings: tuple[Path, ...] = option(
        help="A picture of the painting; of each, for several styles.",
        panel=_STYLE,
        metavar="PAINTING...",
        notation=_PATHS,
        repeats=True,
    )
    content: Path | None = option(
        None,
        help="Photographs to learn on, hundreds of any subject.",
        panel=_STYLE,
        metavar="FOLDER",
        usual="scenes that are drawn on the spot",
    )
    name: tuple[str, ...] = option(
        (),
        help="What the style is called; once for each painting. Default: the picture's name.",
        panel=_STYLE,
        repeats=True,
    )
    output: Path | None = option(
        None,
        help="The weights file that is written.",
        panel=_STYLE,
        short="o",
        usual="NAME.safetensors",
    )
    overwrite: bool = option(
        False, help="Replace an existing output, once the new one is whole.", panel=_STYLE
    )
    architecture: str = option(
        _PAINTERS[0].name,
        help="What network learns it; " + "; ".join(f"{m.name}: {m.summary}" for m in _PAINTERS) + ".",
        panel=_STYLE,
        choices=tuple(method.name for method in _PAINTERS),
    )
    mixable: bool = option(
        False,
        help="Learn the style's scales and shifts alone: it can be mixed with the styles of the network that "
        "it starts from, and comes less near to the painting.",
        panel=_STYLE,
    )
    minutes: float | None = option(
        None,
        help="How long it may take for each painting, on this machine as busy as it is now.",
        panel=_COURSE,
        above=0,
        usual=f"{MINUTES:g}",
    )
    steps: int | None = option(
        None,
        help="How many steps are made, instead of minutes: the same number gives the same weights again.",
        panel=_COURSE,
        least=1,
        usual=f"as many as the minutes allow; {WCT.steps} with --wct",
    )
    start: str | None = option(
        None,
        help=f"The network to start from: a style, a weights file, '{BUNDLED}' or '{NOTHING}'.",
        panel=_COURSE,
        name="from",
        usual=f"{BUNDLED}; {NOTHING} with --wct",
    )
    learning_rate: float | None = option(
        None,
        help="The learning rate at its peak.",
        panel=_COURSE,
        least=0,
        metavar="RATE",
        usual=f"{OWN.learning_rate:g}; {OWN_MIXABLE.learning_rate:g} with --mixable, "
        f"{WCT.learning_rate:g} with --wct",
    )
    seed: int = option(
        CanvasTrainingConfig.seed,
        help="The seed of all random numbers: the same one on the same CPU gives the same weights.",
        panel=_COURSE,
        least=0,
    )
    held_out: int | None = option(
        None,
        help="How many photographs are not learned on, but kept to measure the result by.",
        panel=_COURSE,
        least=1,
        usual=f"{OWN.held_out}; {WCT.held_out} with --wct",
    )
    device: str = option("auto", help="Where it runs.", panel=_COURSE, choices=DEVICES)
    style_weight: float = option(
        OWN.style_weight, help="How much the painting's brushwork counts.", panel=_BALANCE, least=0
    )
    colour_weight: float = option(
        OWN.colour_weight, help="How much the painting's colours count.", panel=_BALANCE, least=0
    )
    content_weight: float = option(
        OWN.content_weight, help="How much the photograph's shapes count.", panel=_BALANCE, least=0
    )
    consistency_weight: float = option(
        OWN.consistency_weight,
        help="How much it counts that nothing flickers from frame to frame.",
        panel=_BALANCE,
        least=0,
    )
    style_size: int = option(
        OWN.style_size,
        help="The longer side to which the painting is scaled: with a larger one, strokes are larger.",
        panel=_BALANCE,
        least=64,
        most=4096,
        unit="px",
    )
    wct: bool = option(
        False,
        help="Train the networks of the whitening and colouring transform instead, which paint in the style "
        "of any picture.",
        panel=_WCT,
    )
    statistics: tuple[Path, ...] = option(
        (),
        help="A further painting that is known to the file by name, but not trained on; with --wct.",
        panel=_WCT,
        metavar="PAINTING",
        notation=_PATHS,
        repeats=True,
    )
    level: int | None = option(
        None,
        help="Train only this level's own layers, those of level 5 anew; with --wct and --from.",
        panel=_WCT,
        least=LEVELS[0],
        most=LEVELS[-1],
        usual="all",
    )

    def __post_init__(self) -> None:
        given = options.changed(self)
        if useless := [name for name in (_OF_STYLES if self.wct else _OF_NETWORKS) if name in given]:
            why = "no use with `wct`" if self.wct else "use with `wct` only"
            raise UsageError(f"{flags(useless)} of {why}; leave {'it' if len(useless) == 1 else 'them'} out")
        options.check(self)
        if self.wct and self.content is None:
            raise UsageError(f"`wct` learns on photographs; give them with {flag('content')}")
        if self.steps is not None and self.minutes is not None:
            raise UsageError(f"give {flag('steps')} or {flag('minutes')}, not both")
        if self.level is not None and self.start in (None, NOTHING):
            raise UsageError(f"{flag('level')} goes on with networks that there are; add {flag('start')}")

    @classmethod
    def of(cls, **values: Any) -> Self:
        """From what was typed, by the fields' names; those left out may be None.

        Raises:
            UsageError: a value that an option can't have.
        """
        known = {each.field.name: each for each in options.declared(cls)}
        return cls(**{name: known[name].read(value) for name, value in values.items() if value is not None})

    @property
    def request(self) -> TrainingRequest:
        """The files and names.

        Raises:
            UsageError: names, paintings and output that don't fit each other.
        """
        return TrainingRequest.of(
            self.paintings,
            self.name,
            self.content,
            self.output,
            start=self.start or (NOTHING if self.wct else BUNDLED),
            overwrite=self.overwrite,
            statistics=self.statistics,
            bundled=self.networks.bundled,
        )

    @property
    def networks(self) -> Networks:
        """What is trained, if not the transform's."""
        [method] = [method for method in _PAINTERS if method.name == self.architecture]
        return method.networks(method.options())

    @property
    def of_style(self) -> CanvasTrainingConfig:
        """Everything else that decides what a style becomes; the steps only where they are given."""
        balance = ("style_weight", "colour_weight", "content_weight", "consistency_weight", "style_size")
        return replace(
            OWN_MIXABLE if self.mixable else OWN,
            **{name: getattr(self, name) for name in balance},
            **self._course,
        )

    @property
    def of_networks(self) -> WctTrainingConfig:
        """Everything else that decides what the networks become."""
        known = WCT if self.steps is None else WCT.with_steps(self.steps)
        config = replace(known, **{name: value for name, value in self._course.items() if name != "steps"})
        return config if self.level is None else config.of_level(self.level)

    @property
    def _course(self) -> Mapping[str, Any]:
        names = ("steps", "learning_rate", "held_out", "seed")
        return {name: value for name in names if (value := getattr(self, name)) is not None}
