"""Painting frame and canvas by a network that was trained so. Needs no torch until a plan is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import UnknownStyleError, UsageError
from stylize_video.files import paths
from stylize_video.models.look import Look
from stylize_video.models.method import CanvasPainter, Keeping, Needs
from stylize_video.models.mixture import Ingredient, Mixture, TrainedStyle
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import Steadying, SteadyingOptions
from stylize_video.models.weights import file_format

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.styled_parameters import StyleVector


@dataclass(frozen=True)
class CanvasOptions:
    """It can be told nothing of its own."""


@dataclass(frozen=True)
class CanvasPlan:
    """Styles of a painter with a canvas, mixed."""

    style: Mixture
    stroke_size: float

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return self.style.files

    @property
    def keeping(self) -> Keeping | None:
        """Nothing: it is painted again as fast."""
        return None

    def build(self, device: Device, *, exact: bool = False, on_step: object = None) -> CanvasPainter:  # noqa: ARG002 - it is one step
        """See `Plan`."""
        from stylize_video.models.feed_forward import engine, gallery

        found = gallery.load(self.style)
        made = engine.open_engine(found.parameters, found.style, device, exact=exact)

        def load_style(plan: CanvasPlan) -> StyleVector:
            other = gallery.load(plan.style)
            if other.parameters.convolutions != found.parameters.convolutions:
                raise UsageError(f"{plan.style} can't follow {self.style}: their networks differ")
            return other.style

        return CanvasPainter(made, self.stroke_size, load_style)


class CanvasPainting:
    """See `Method`."""

    name = "canvas"
    summary = "a network paints the frame on a canvas that moves with the scene"
    title = "painters with a canvas"
    advice = "give a weights file of one"
    options: type[Any] = CanvasOptions
    refuses: Mapping[str, str] = {}
    needs = Needs(cuts=True, motion=True)
    blends = False

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        held = isinstance(ingredient, TrainedStyle) and file_format.of(ingredient.file) == file_format.CANVAS
        return "" if held else "no weights file of a painter with a canvas"

    def check(self, style: Mixture, options: CanvasOptions) -> None:  # noqa: ARG002 - there are none
        """See `Method`."""
        for file in style.files:
            if not paths.is_file(file):
                raise UnknownStyleError(f"{file}: {paths.no_such(file, 'weights file')}")

    def steadying(self, style: Mixture) -> Steadying | None:  # noqa: ARG002 - not measured for each yet
        """See `Method`."""
        return Steadying.usual()

    def plan(
        self,
        look: Look,
        style: Mixture,
        options: CanvasOptions,  # noqa: ARG002 - there are none
        steadying: SteadyingOptions,  # noqa: ARG002 - the canvas is steady by itself
    ) -> CanvasPlan:
        """See `Method`."""
        return CanvasPlan(style, look.stroke_size)
