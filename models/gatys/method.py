"""Painting by optimisation of the pixels (Gatys et al. 2016). Needs no torch until a plan is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths
from stylize_video.models import styles, weights
from stylize_video.models.gatys.config import DEFAULTS, PANEL, PHOTOREAL, GatysConfig
from stylize_video.models.look import Look
from stylize_video.models.method import Keeping, KeyframePainter, Needs
from stylize_video.models.mixture import Ingredient, Mixture, PictureStyle
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.models.wct.method import WctPlan
from stylize_video.option import Notation, flag, option, same

if TYPE_CHECKING:
    from stylize_video.models.method import OnStep

_DIGITS = 9  # of a number that is worth reading


def _read_interval(text: str) -> int | None:
    """`auto` or a number of frames -> None or the number."""
    if text == "auto":
        return None
    if not (text.isdecimal() and len(text) <= _DIGITS and int(text) >= 1):
        raise UsageError(f"keyframe interval {text!r} is out of range; give 1 frame or more, or auto")
    return int(text)


_INTERVAL = Notation(
    _read_interval,
    lambda frames: "auto" if frames is None else str(frames),
)


@dataclass(frozen=True)
class GatysOptions:
    """What only this method can be told. Checked when made.

    Raises:
        UsageError: a value out of its range, or masks of which one is missing.
    """

    iterations: int = same(GatysConfig, "iterations")
    content_weight: float = same(GatysConfig, "content_weight")
    style_weight: float | None = same(
        GatysConfig,
        "style_weight",
        default=None,
        usual=f"{DEFAULTS.style_weight:g}, or {PHOTOREAL.style_weight:g} if it is to be photoreal",
    )
    tv_weight: float = same(GatysConfig, "tv_weight")
    temporal_weight: float = same(GatysConfig, "temporal_weight")
    init: str | Path = same(GatysConfig, "init")
    optimizer: str = same(GatysConfig, "optimizer")
    style_layers: tuple[str, ...] = same(GatysConfig, "style_layers")
    features: str = same(GatysConfig, "features")
    photoreal: bool = option(
        False, help="Change colours alone: straight lines stay straight, nothing is painted.", panel=PANEL
    )
    content_mask: Path | None = option(
        None,
        help="A picture whose colours mark regions of the input; goes with a mask of the painting.",
        panel=PANEL,
        metavar="MASK",
    )
    style_mask: Path | None = option(
        None,
        help="A picture whose colours mark regions of the painting, each for the input's of that colour.",
        panel=PANEL,
        metavar="MASK",
    )
    keyframe_interval: int | None = option(
        12,
        help="Frames from one keyframe to the next; with auto there is one where the film asks for it.",
        panel="Keyframes",
        unit="frames",
        metavar="N",
        notation=_INTERVAL,
        usual="auto",
    )

    def __post_init__(self) -> None:
        interval = self.keyframe_interval
        if interval is not None and interval < 1:
            raise UsageError(f"keyframe interval {interval} is out of range; give 1 frame or more, or None")
        if (self.content_mask is None) != (self.style_mask is None):
            names = f"{flag('content_mask')} and {flag('style_mask')}"
            raise UsageError(f"{names} need each other: the same colours in both")
        _ = self.config

    @property
    def config(self) -> GatysConfig:
        """What decides a single painting, but for the look's seed. Checked when made."""
        usual = PHOTOREAL if self.photoreal else DEFAULTS
        own = {f.name: getattr(self, f.name) for f in fields(GatysConfig) if hasattr(self, f.name)}
        weight = usual.style_weight if self.style_weight is None else self.style_weight
        return GatysConfig(**{**own, "style_weight": weight, "photoreal_weight": usual.photoreal_weight})

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Those it is painted with, beside the style's."""
        start = [self.init] if isinstance(self.init, Path) else []
        masks = [mask for mask in (self.content_mask, self.style_mask) if mask is not None]
        return (*start, *masks)


@dataclass(frozen=True)
class GatysPlan:
    """Pictures, mixed by their Gram matrices, and how a film's keyframes are optimised."""

    style: Mixture
    stroke_size: float
    seed: int
    options: GatysOptions
    flow: str

    @property
    def config(self) -> GatysConfig:
        """What decides a single painting."""
        return replace(self.options.config, seed=self.seed)

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return (*self.style.files, *self.options.pictures)

    @property
    def networks(self) -> tuple[str, ...]:
        """See `Plan`."""
        features = (self.config.features,) if self.config.features in weights.manifest() else ()
        return features if self.options.photoreal else (*features, *WctPlan(self.style).networks)

    @property
    def keeping(self) -> Keeping | None:
        """Finished keyframes: each takes minutes."""
        settings = {
            **asdict(self.config),
            "init": str(self.options.init),
            "stroke_size": self.stroke_size,
            "keyframe_interval": self.options.keyframe_interval,
            "flow": self.flow,
            "weights": list(self.style.weights),
        }
        return Keeping(settings)

    def build(self, device: Device, *, exact: bool = False, on_step: OnStep | None = None) -> KeyframePainter:
        """See `Plan`."""
        from stylize_video.models.gatys import artists
        from stylize_video.models.motion import choice

        photoreal = self.options.photoreal
        # Photoreal paintings are films themselves where no keyframe shows anything.
        filler = (
            None if photoreal else artists.filler(WctPlan(self.style, seed=self.seed), device, exact=exact)
        )
        return KeyframePainter(
            artists.artist(self, device, on_step),
            self.options.keyframe_interval,
            choice.for_long_ways(self.flow, device),
            filler,
        )


class Gatys:
    """See `Method`."""

    name = "gatys"
    summary = "optimisation of the pixels paints as any picture, best and slowest"
    title = "painting by optimisation"
    options: type[Any] = GatysOptions
    refuses: Mapping[str, str] = {
        "region": f"its keyframes are whole frames; use {flag('mask')}",
        "batch_size": "it paints frame by frame",
        "stability": "it is steady by itself",
    }
    needs = Needs(cuts=True, held_frames=True)
    stability = None
    blends = False

    @property
    def advice(self) -> str:
        """See `Method`."""
        return f"add {flag('method')} {self.name}, and a picture as style"

    def is_draft(self, options: GatysOptions) -> bool:  # noqa: ARG002 - it has no drafts
        """See `Method`."""
        return False

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        if isinstance(ingredient, PictureStyle):
            return ""
        return (
            f"{flag('method')} {self.name} needs a picture of the painting; give its file as {flag('style')}"
        )

    def check(self, style: Mixture, options: GatysOptions) -> None:
        """See `Method`."""
        styles.check(style)
        if options.style_mask is not None and len(style.parts) > 1:
            raise UsageError(f"{flag('style_mask')} is of one painting; give one as {flag('style')}")
        for picture in options.pictures:
            if not paths.is_file(picture):
                raise InputError(f"{picture}: {paths.no_such(picture, 'picture')}")

    def plan(
        self, look: Look, style: Mixture, options: GatysOptions, steadying: SteadyingOptions
    ) -> GatysPlan:
        """See `Method`."""
        return GatysPlan(style, look.stroke_size, look.seed, options, steadying.flow)
