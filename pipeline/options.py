"""What a user can ask for. The defaults live here and nowhere else; needs no torch."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize_video.errors import UsageError
from stylize_video.models import methods, styles, wct_levels
from stylize_video.models.devices import check_device
from stylize_video.models.methods import METHODS
from stylize_video.models.style_spec import file_stem
from stylize_video.models.wct_levels import DEFAULT_LEVELS

FLOWS = ("dis", "raft")  # OpenCV's, and a network that torchvision downloads

_READ_ONLY_PICTURES = frozenset({".bmp", ".tif", ".tiff"})

_LONGEST = 366 * 24 * 3600  # s; beyond a year, timestamps may overflow

_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)")


@dataclass(frozen=True)
class Region:
    """A style, and where it is painted."""

    mask: Path | None  # None: everywhere
    style: str


@dataclass(frozen=True)
class PaintOptions:
    """How to paint a film. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    style: str = "kandinsky"
    method: str = METHODS[0]  # how it is painted; one of METHODS
    levels: tuple[int, ...] = DEFAULT_LEVELS  # of the whitening and colouring transform, from coarse to fine
    wct_weights: Path | None = None  # its networks; None: those that are bundled
    mask: Path | None = None  # a picture or film, white where the style is painted; None: everywhere
    regions: tuple[Region, ...] = ()  # further styles, each where its own mask is white
    strength: float = 1.0  # 0..1, how much of the painting; the rest is the original
    preserve_color: bool = False
    stroke_size: float = 1.0  # how many times as large as the network paints them
    stabilize: bool = True  # take the flicker out
    stability: float = 0.92  # 0..1, how much of the frame before is kept where it can be trusted
    flow: str = "dis"  # what finds motion for that; one of FLOWS
    max_size: int | None = None  # px, longer side; None: the input's own
    batch_size: int | None = None  # frames; None: what suits the device
    device: str = "auto"
    tile: str = (
        "auto"  # side in px of the tiles a frame is painted in; "off"; "auto": where memory asks for it
    )
    start: Fraction | None = None  # s
    duration: Fraction | None = None  # s
    codec: str | None = None  # None: what the container is usually filled with
    crf: int | None = None  # None: the codec's default; 17 for H.264
    preset: str | None = None
    overwrite: bool = False
    verify: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and 0 <= self.strength <= 1):
            raise UsageError(f"strength {self.strength} is out of range; give a number from 0 to 1")
        if not 0.25 <= self.stroke_size <= 16:
            raise UsageError(f"stroke size {self.stroke_size} is out of range; give 0.25 to 16")
        if not (math.isfinite(self.stability) and 0 <= self.stability <= 1):
            raise UsageError(f"stability {self.stability} is out of range; give a number from 0 to 1")
        if self.method not in METHODS:
            raise UsageError(f"no method called {self.method!r}; there are: {', '.join(METHODS)}")
        wct_levels.check(self.levels)
        if self.flow not in FLOWS:
            raise UsageError(f"no flow called {self.flow!r}; give {' or '.join(FLOWS)}")
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch size {self.batch_size} is out of range; give 1 or more")
        if self.max_size is not None and self.max_size < 16:
            raise UsageError(f"max size {self.max_size} px is out of range; give 16 or more")
        if self.tile not in ("auto", "off") and not (self.tile.isdecimal() and int(self.tile) >= 64):
            raise UsageError(f"tile {self.tile!r} is out of range; give 64 px or more, auto or off")
        check_device(self.device)
        if self.start is not None and not 0 <= self.start <= _LONGEST:
            raise UsageError(f"start {float(self.start):g} s is out of range; give 0 or more")
        if self.duration is not None and not 0 < self.duration <= _LONGEST:
            raise UsageError(f"duration {float(self.duration):g} s is out of range; give more than 0")

    @property
    def painted(self) -> tuple[Region, ...]:
        """Each style, and where: `style` with `mask`, unless there are only `regions`."""
        own = () if self.regions and self.mask is None else (Region(self.mask, self.style),)
        return (*own, *self.regions)

    @property
    def masked(self) -> bool:
        """Whether some of the original may stay."""
        return all(region.mask is not None for region in self.painted)

    def check_styles(self) -> None:
        """See whether each style is there and can be painted so, without loading it.

        Raises:
            UsageError: it is not; names that only the user's own `wct_weights` know are not looked up.
        """
        chosen = [methods.choose(region.style, self.method) for region in self.painted]
        for region, method in zip(self.painted, chosen, strict=True):
            styles.check(region.style, names=method != methods.WCT or self.wct_weights is None)
        self._check_use(set(chosen))

    def _check_use(self, chosen: set[str]) -> None:
        """Refuse what would do nothing."""
        if methods.WCT not in chosen and (self.wct_weights or self.levels != DEFAULT_LEVELS):
            raise UsageError(
                "--levels and --wct-weights are for the transform; give a picture as style, or --method wct"
            )
        if chosen == {methods.WCT} and self.tile_side:
            raise UsageError("--tile is not for the transform, which paints whole frames; use --max-size")
        if self.regions and self.mask is None and self.style != PaintOptions.style:
            raise UsageError(f"beside --region, --style {self.style} needs a --mask that says where")

    @property
    def stabilizes(self) -> bool:
        """Whether anything of the frame before is kept."""
        return self.stabilize and self.stability > 0

    @property
    def tile_side(self) -> int | None:
        """In px; 0: no tiles; None: what suits the frame."""
        return {"auto": None, "off": 0}[self.tile] if self.tile in ("auto", "off") else int(self.tile)


def parse_region(text: str) -> Region:
    """`MASK=STYLE`.

    Raises:
        UsageError: one of the two is missing.
    """
    mask, sign, style = text.partition("=")
    if not (mask and sign and style):
        raise UsageError(f"{text!r} is no region; give MASK=STYLE, e.g. sky.png=starry-night")
    return Region(Path(mask), style)


def parse_time(text: str) -> Fraction:
    """Seconds ("90", "1.5") or a clock ("1:30", "00:01:30.5") -> seconds, exactly.

    Raises:
        UsageError: neither.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no time; give seconds or HH:MM:SS")
    hours, minutes, seconds = match.groups()
    if minutes is not None and Fraction(seconds) >= 60:
        raise UsageError(f"{text!r} is no time; there are 60 seconds in a minute")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)


def default_output(source: Path, *styles: str) -> Path:
    """INPUT-stem_STYLE.ext beside the input; with an extension that can be written.

    Raises:
        UsageError: the style is no name, so no file can be called after it.
    """
    name = "+".join(dict.fromkeys(file_stem(style) for style in styles))
    if "/" in name or "\0" in f"{name}{source}":
        raise UsageError(f"no style called {name!r}; 'stylize-video styles' lists them")
    from stylize_video.pipeline.formats import CONTAINERS  # brings PyAV, which --help need not wait for

    suffix = source.suffix
    if suffix.lower() in _READ_ONLY_PICTURES:
        suffix = ".png"
    elif suffix.lower().lstrip(".") not in CONTAINERS:
        suffix = ".mkv"  # which holds anything
    return source.parent / f"{source.stem}_{name}{suffix}"  # not with_name, which "" and "/" have none for
