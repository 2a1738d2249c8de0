"""Painting frame and canvas by a network trained on the style. Needs no torch until a plan is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models import styles
from stylize_video.models.feed_forward import networks
from stylize_video.models.feed_forward.networks import Networks
from stylize_video.models.look import Look
from stylize_video.models.method import CanvasPainter, Keeping, Needs
from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, PictureStyle, TrainedStyle
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import USUAL_STABILITY, SteadyingOptions
from stylize_video.models.weights import file_format, safetensors_file
from stylize_video.option import flag, option

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.parameters import StyleVector


@dataclass(frozen=True)
class FeedForwardOptions:
    """What only this method can be told. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    quality: str = option(
        styles.FULL,
        help="How well trained styles are painted. With draft, for previews and slow machines, the bundled "
        "ones are by a network of a quarter of the size (a weights file of your own has its own), and motion "
        "and encoding are coarser.",
        panel="Speed and memory",
        choices=styles.QUALITIES,
    )

    def __post_init__(self) -> None:
        options.check(self)


@dataclass(frozen=True)
class CanvasPlan:
    """A network's styles, mixed."""

    style: Mixture
    stroke_size: float
    seed: int
    painted_by: Networks = networks.FULL

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return self.style.files

    @property
    def networks(self) -> tuple[str, ...]:
        """See `Plan`."""
        named = (i for i in self.style.ingredients if isinstance(i, NamedStyle))
        files = (styles.file_of(ingredient, self.painted_by.bundled) for ingredient in named)
        return tuple(dict.fromkeys(files))

    @property
    def keeping(self) -> Keeping | None:
        """Nothing: it is painted again as fast."""
        return None

    def build(self, device: Device, *, exact: bool = False, on_step: object = None) -> CanvasPainter:  # noqa: ARG002 - it is one step
        """See `Plan`."""
        from stylize_video.models.feed_forward import engine, gallery

        found = gallery.load(self.style, self.painted_by)
        made = engine.open_engine(found.parameters, device, exact=exact, seed=self.seed)

        def load_style(plan: CanvasPlan) -> StyleVector:
            """Another style's numbers, in the same network."""
            other = gallery.load(plan.style, plan.painted_by)
            if other.parameters.convolutions != found.parameters.convolutions:
                raise UsageError(
                    f"{plan.style} can't follow {self.style}: their networks' convolutions differ"
                )
            return other.style

        # A GPU is given the next pictures soon enough.
        begin = made.begin if made.overlaps and made.device.type == "cpu" else None
        return CanvasPainter(made, found.style, self.stroke_size, load_style, begin)


class PaintsByNetwork:
    """What is common to methods that paint by a network trained on the style, whatever its architecture."""

    advice = "give a style's name, or a weights file"
    refuses: Mapping[str, str] = {}
    needs = Needs(cuts=True, motion=True)
    stability: float | None = USUAL_STABILITY
    blends = False

    def networks(self, options: Any) -> Networks:
        """Those that paint."""
        raise NotImplementedError

    def is_draft(self, options: Any) -> bool:
        """See `Method`."""
        return self.networks(options).bundled == styles.DRAFT

    def check(self, style: Mixture, options: Any) -> None:
        """See `Method`."""
        styles.check(style, networks=self.networks(options).bundled)

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        match ingredient:
            case NamedStyle():
                return ""
            case TrainedStyle(file):
                return self._refusal_of(file)
            case PictureStyle():
                return f"a picture is no trained network; leave {flag('method')} out, or train one"
            case _:
                return "painted frames are no trained network"

    def _refusal_of(self, file: Path) -> str:
        """Why a file's network can't paint so; a file that can't be read is looked at when it is loaded."""
        made = safetensors_file.metadata(file).get("format")
        own = self.networks(self.options()).shape.stored_as
        if made in file_format.PAINTERS and made != own:
            return f"its network is painted by another method; leave {flag('method')} out"
        return ""

    @property
    def options(self) -> type[Any]:
        """See `Method`."""
        raise NotImplementedError

    def plan(
        self,
        look: Look,
        style: Mixture,
        options: Any,
        steadying: SteadyingOptions,  # noqa: ARG002 - the canvas is steady by itself
    ) -> CanvasPlan:
        """See `Method`."""
        return CanvasPlan(style, look.stroke_size, look.seed, self.networks(options))


class FeedForward(PaintsByNetwork):
    """See `Method`."""

    name = "feed-forward"
    needs = Needs(cuts=True, motion=True, pairs=True)
    summary = "a network paints as the painting that it was trained on"
    title = "feed-forward networks"

    @property
    def options(self) -> type[Any]:
        """See `Method`."""
        return FeedForwardOptions

    def networks(self, options: FeedForwardOptions) -> Networks:
        """See `PaintsByNetwork`."""
        return networks.of_quality(options.quality)
