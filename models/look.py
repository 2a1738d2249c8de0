"""What a film is to look like: its styles, where each is painted, and how far. Parsed once, at the door.

A look that is to change over a film is a `LookTimeline`. Needs no torch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models import mixture, style_spec
from stylize_video.models.mixture import Mixture, NamedStyle, PaintedFrames
from stylize_video.option import Notation, flag, option

_SEEDS = 2**63  # there are, as of torch's random numbers

DEFAULT_STYLE = Mixture.only(NamedStyle("kandinsky"))


@dataclass(frozen=True)
class Region:
    """A style, and where it is painted."""

    mask: Path | None  # a picture or film, white where the style is painted; None: everywhere
    style: Mixture


def parse_region(text: str) -> Region:
    """`MASK=STYLE`.

    Raises:
        UsageError: one of the two is missing.
    """
    mask, sign, style = text.partition("=")
    if not (mask and sign and style):
        raise UsageError(f"{text!r} is no region; give MASK=STYLE, e.g. sky.png=starry-night")
    return Region(Path(mask), style_spec.parse(style))


def _region_from_json(given: Any) -> Region:
    if not isinstance(given, dict) or given.keys() != {"mask", "style"}:
        raise UsageError(f"{given!r} is no region; give a mask and a style")
    style = given["style"]
    found = _read_style(style) if isinstance(style, str) else mixture.from_json(style)
    return Region(Path(str(given["mask"])), found)


def _read_style(text: str) -> Mixture:
    return style_spec.parse(text)


_STYLE = Notation(_read_style, str, mixture.to_json, mixture.from_json)
_REGION = Notation(
    parse_region,
    lambda region: f"{region.mask}={region.style}",
    lambda region: {"mask": str(region.mask), "style": mixture.to_json(region.style)},
    _region_from_json,
)


@dataclass(frozen=True)
class Look:
    """One look. Checked when made.

    Raises:
        UsageError: a value out of its range, or values that contradict each other.
    """

    style: Mixture = option(
        DEFAULT_STYLE,
        help="The style to paint in: a style's name, any picture, a trained .safetensors file, or a mixture "
        "such as NAME:0.6,NAME:0.4.",
        panel="Style",
        short="s",
        notation=_STYLE,
        metavar="STYLE",
    )
    strength: float = option(
        1.0,
        help="How much of the painting is shown; the rest is the original.",
        panel="Style",
        least=0,
        most=1,
    )
    preserve_color: bool = option(
        False, help="Paint the luminance only and keep the original's colours.", panel="Style"
    )
    stroke_size: float = option(
        1.0,
        help="How many times as large as usual the strokes are; 2 suits 1080p.",
        panel="Style",
        least=0.25,
        most=16,
    )
    seed: int = option(
        0,
        help="Another number gives other strokes: another canvas, and other noise where the optimiser begins "
        "with noise.",
        panel="Style",
        least=0,
        metavar="N",
    )
    mask: Path | None = option(
        None,
        help="A picture or film: what is white in it is painted, grey partly, black not at all.",
        panel="Regions",
        metavar="MASK",
    )
    regions: tuple[Region, ...] = option(
        (),
        name="region",
        help="A further style and the mask that says where it is painted; can be given several times.",
        panel="Regions",
        metavar="MASK=STYLE",
        notation=_REGION,
        repeats=True,
    )
    guide: Path | None = option(
        None,
        help="A folder of frames that you painted (frame0001.png, ...). They are carried through the film "
        "in place of a style.",
        panel="Keyframes",
        metavar="FOLDER",
    )

    def __post_init__(self) -> None:
        options.check(self)
        if self.seed >= _SEEDS:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        if self.guide is not None and self.style != DEFAULT_STYLE:
            raise UsageError(f"{flag('guide')} brings its own painting; leave {flag('style')} out")

    @property
    def painted(self) -> tuple[Region, ...]:
        """Each style, and where: `style` (or the guide) with `mask`, unless there are only `regions`."""
        if self.guide is not None:
            return (Region(self.mask, Mixture.only(PaintedFrames(self.guide))), *self.regions)
        own = () if self.regions and self.mask is None else (Region(self.mask, self.style),)
        return (*own, *self.regions)

    def check_places(self) -> None:
        """See whether it is said where each style is painted.

        Raises:
            UsageError: it is not.
        """
        if self.regions and self.mask is None and self.style != DEFAULT_STYLE:
            beside = f"beside {flag('region')}, {flag('style')} {self.style}"
            raise UsageError(f"{beside} needs a {flag('mask')} that says where")

    @property
    def masked(self) -> bool:
        """Whether some of the original may stay."""
        return all(region.mask is not None for region in self.painted)

    @property
    def masks(self) -> tuple[Path, ...]:
        """Those of its regions, in their order."""
        return tuple(region.mask for region in self.painted if region.mask is not None)

    @property
    def stem(self) -> str:
        """What an output that looks so is called after: `udnie+starry-night`."""
        return "+".join(dict.fromkeys(region.style.stem for region in self.painted))

    def __str__(self) -> str:
        return "+".join(str(region.style) for region in self.painted)


class LookTimeline:
    """Which look a film has at which time.

    Args:
        looks: each with the time from which on it holds (s, by the film's own clock), in their order; the
            first one holds before its time too.
    """

    def __init__(self, looks: Sequence[tuple[Fraction, Look]]) -> None:
        times = [time for time, _ in looks]
        if not times or times != sorted(set(times)):
            raise ValueError(f"{times = } must be one or more, each later than the one before")
        self._times, self._looks = times, [look for _, look in looks]

    @classmethod
    def constant(cls, look: Look) -> LookTimeline:
        """One look for the whole film."""
        return cls([(Fraction(0), look)])

    @property
    def changes(self) -> tuple[tuple[Fraction, Look], ...]:
        """Each with its time, s."""
        return tuple(zip(self._times, self._looks, strict=True))

    @property
    def looks(self) -> tuple[Look, ...]:
        """All of them, in their order."""
        return tuple(self._looks)

    def at(self, time: Fraction) -> Look:
        """The look at a time, in s."""
        return self._looks[max(0, bisect_right(self._times, time) - 1)]
