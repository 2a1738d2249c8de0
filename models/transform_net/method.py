"""Painting by a network as it was before the one with a canvas. Needs no torch until a plan is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import UsageError
from stylize_video.models import styles
from stylize_video.models.look import Look
from stylize_video.models.method import FramePainter, Keeping, Needs
from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, TrainedStyle
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import Steadying, SteadyingOptions
from stylize_video.models.transform_net import gallery, loading
from stylize_video.models.weights import file_format
from stylize_video.option import Notation, option

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.styled_parameters import StyleVector

_SMALLEST_TILE = 64  # px
_DIGITS = 9  # of a number that is worth reading


def _read_tile(text: str) -> int | None:
    """`auto`, `off` or a number of px -> None, 0 or the number."""
    if text in ("auto", "off"):
        return None if text == "auto" else 0
    if not (text.isdecimal() and len(text) <= _DIGITS and int(text) >= _SMALLEST_TILE):
        raise UsageError(f"tile {text!r} is out of range; give {_SMALLEST_TILE} px or more, auto or off")
    return int(text)


_TILE = Notation(_read_tile, lambda side: str(side) if side else "off")


@dataclass(frozen=True)
class TransformOptions:
    """What only this method can be told. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    tile: int | None = option(
        None,
        help="Paint in tiles of so many px a side, for less memory on a GPU; off paints whole frames.",
        panel="Speed and memory",
        unit="px",
        notation=_TILE,
        usual="auto",
        metavar="PX",
    )

    def __post_init__(self) -> None:
        if self.tile is not None and self.tile != 0 and self.tile < _SMALLEST_TILE:
            raise UsageError(f"tile {self.tile} is out of range; give {_SMALLEST_TILE} px or more, 0 or None")


@dataclass(frozen=True)
class TransformPlan:
    """A network's styles, mixed."""

    style: Mixture
    stroke_size: float
    tile: int | None

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return self.style.files

    @property
    def keeping(self) -> Keeping | None:
        """Nothing: it is painted again as fast."""
        return None

    def build(self, device: Device, *, exact: bool = False, on_step: object = None) -> FramePainter:  # noqa: ARG002 - it is one step
        """See `Plan`."""
        from stylize_video.models.transform_net import engine

        found = loading.load_parameters(self.style)
        made = engine.open_engine(found.parameters, found.style, device, exact=exact, tile=self.tile)

        def load_style(plan: TransformPlan) -> StyleVector:
            other = loading.load_parameters(plan.style)
            if other.parameters.convolutions != found.parameters.convolutions:
                raise UsageError(
                    f"{plan.style} can't follow {self.style}: their networks' convolutions differ"
                )
            return other.style

        return FramePainter(made, self.stroke_size, load_style)


class TransformNets:
    """See `Method`."""

    name = "transform-net"
    summary = "the painter before paints, with a file of its own"
    title = "networks of the painter before"
    advice = "give a weights file of one"
    options: type[Any] = TransformOptions
    refuses: Mapping[str, str] = {"seed": "it draws no random numbers"}
    needs = Needs()
    blends = False

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        match ingredient:
            case TrainedStyle(file) if file_format.of(file) == gallery.FORMAT:
                return ""
            case NamedStyle():
                return ""
            case _:
                return "no weights file of the painter before the one with a canvas"

    def check(self, style: Mixture, options: TransformOptions) -> None:  # noqa: ARG002 - it names no files
        """See `Method`."""
        styles.check(style)

    def steadying(self, style: Mixture) -> Steadying | None:
        """See `Method`."""
        return styles.steadying(style)

    def plan(
        self,
        look: Look,
        style: Mixture,
        options: TransformOptions,
        steadying: SteadyingOptions,  # noqa: ARG002 - it knows of no frame before
    ) -> TransformPlan:
        """See `Method`."""
        return TransformPlan(style, look.stroke_size, options.tile)
