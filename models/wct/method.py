"""Painting by the whitening and colouring transform, as any picture. Needs no torch until a plan is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.models import styles
from stylize_video.models.look import Look
from stylize_video.models.method import CanvasPainter, Keeping, Needs
from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, PictureStyle
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct.levels import BUNDLED, DEFAULT_LEVELS
from stylize_video.option import Notation, flag, option


@dataclass(frozen=True)
class WctOptions:
    """What only this method can be told. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    levels: tuple[int, ...] = option(
        DEFAULT_LEVELS,
        help="The levels that a frame goes through, from coarse to fine: some of 5,4,3,2,1.",
        panel="Any picture",
        notation=Notation(wct_levels.parse, lambda levels: ",".join(map(str, levels))),
        metavar="LEVELS",
    )
    wct_weights: Path | None = option(
        None,
        help="Networks of your own, as `train` makes them.",
        panel="Any picture",
        metavar="FILE",
        usual="the bundled ones",
    )

    def __post_init__(self) -> None:
        wct_levels.check(self.levels)


@dataclass(frozen=True)
class WctPlan:
    """Pictures, or paintings that the networks know, mixed."""

    style: Mixture
    stroke_size: float = 1.0
    strength: float = 1.0  # 0..1, how far the transform goes; see `painter.WctStyle`
    levels: tuple[int, ...] = DEFAULT_LEVELS
    weights: Path | None = None  # the networks; None: those that are bundled
    steady: bool = False  # whether the statistics of frames are smoothed over time
    seed: int = 0  # of the canvas

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return self.style.files if self.weights is None else (*self.style.files, self.weights)

    @property
    def networks(self) -> tuple[str, ...]:
        """See `Plan`."""
        return (BUNDLED,) if self.weights is None else ()

    @property
    def keeping(self) -> Keeping | None:
        """Nothing: it is painted again as fast."""
        return None

    def build(self, device: Device, *, exact: bool = False, on_step: object = None) -> CanvasPainter:  # noqa: ARG002 - it is one step
        """See `Plan`."""
        from stylize_video.models.runtimes.fastest import fastest_runtime
        from stylize_video.models.wct import style as wct_style
        from stylize_video.models.wct import weights_file
        from stylize_video.models.wct.painter import WctPainter, WctStyle
        from stylize_video.models.wct.program import program

        opened = weights_file.open_chosen(self.weights)

        def load_style(plan: WctPlan) -> WctStyle:
            return WctStyle(wct_style.load(plan.style, opened), plan.strength).on(device)

        runtime, notes = fastest_runtime(program(opened.parameters, self.levels), device, exact=exact)
        painter = WctPainter(runtime, levels=self.levels, steady=self.steady, seed=self.seed)
        painter.notes += notes
        return CanvasPainter(painter, load_style(self), self.stroke_size, load_style)


class Wct:
    """See `Method`."""

    name = "wct"
    summary = "the whitening and colouring transform paints as any picture"
    title = "the transform"
    options: type[Any] = WctOptions
    refuses: Mapping[str, str] = {}
    needs = Needs(cuts=True, motion=True, pairs=True)  # its networks have many small layers
    stability = 0.92  # its steadied frames lose little of the style
    blends = True

    @property
    def advice(self) -> str:
        """See `Method`."""
        return f"give a picture as style, or {flag('method')} {self.name}"

    def is_draft(self, options: WctOptions) -> bool:  # noqa: ARG002 - it has no drafts
        """See `Method`."""
        return False

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        if isinstance(ingredient, NamedStyle | PictureStyle):
            return ""
        return "the transform needs a picture of the painting, not a weights file or a folder"

    def check(self, style: Mixture, options: WctOptions) -> None:
        """See `Method`; names that only the user's own networks know are not looked up."""
        styles.check(style, names=options.wct_weights is None)
        if options.wct_weights is not None and not paths.is_file(options.wct_weights):
            raise InputError(f"{options.wct_weights}: {paths.no_such(options.wct_weights, 'weights file')}")

    def plan(self, look: Look, style: Mixture, options: WctOptions, steadying: SteadyingOptions) -> WctPlan:
        """See `Method`."""
        return WctPlan(
            style,
            look.stroke_size,
            look.strength,
            options.levels,
            options.wct_weights,
            steadying.wanted,
            look.seed,
        )
