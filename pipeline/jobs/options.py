"""What a user can ask for. The defaults live here, but for what depends on the style; needs no torch."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

from stylize_video.errors import UsageError
from stylize_video.models import methods, styles
from stylize_video.models.gatys import config as gatys_config
from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.methods import METHODS
from stylize_video.models.runtimes.devices import check_device
from stylize_video.models.style_spec import file_stem, parse
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct.levels import DEFAULT_LEVELS

GUIDED = "guided"  # what paints with a guide, beside models/methods.py's methods

FLOWS = ("dis", "raft")  # OpenCV's, and a network that torchvision downloads

_READ_ONLY_PICTURES = frozenset(
    {
        *(".avif", ".heic", ".heif", ".jxl", ".j2k", ".jp2"),
        *(".bmp", ".dpx", ".exr", ".ico", ".pcx", ".qoi", ".sgi", ".tga", ".tif", ".tiff"),
        *(".pam", ".pbm", ".pgm", ".pnm", ".ppm"),
    }
)

_DIGITS = 100  # of a time; Python converts no more than some thousands
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
    gatys: GatysConfig = gatys_config.DEFAULTS  # how pixels are optimised
    keyframe_interval: str = "12"  # frames from one optimised frame to the next; "auto": where it is needed
    resume: bool = False  # go on with the keyframes of an interrupted run
    content_mask: Path | None = None  # regions of the input, for gatys; each is painted as
    style_mask: Path | None = None  # that of the painting which has the same colour
    guide: Path | None = None  # a folder of painted frames, in place of a style
    mask: Path | None = None  # a picture or film, white where the style is painted; None: everywhere
    regions: tuple[Region, ...] = ()  # further styles, each where its own mask is white
    strength: float = 1.0  # 0..1, how much of the painting; the rest is the original
    preserve_color: bool = False
    stroke_size: float = 1.0  # how many times as large as the network paints them
    stabilize: bool = True  # take the flicker out
    stability: float | None = None  # 0..1, how much of the frame before is kept; None: what suits the style
    flow: str = "dis"  # what finds motion for that, and for keyframes; one of FLOWS
    max_size: int | None = None  # px, longer side; None: the input's own
    batch_size: int | None = None  # frames; None: what suits the device
    device: str = "auto"
    tile: str = (
        "auto"  # side in px of the tiles a frame is painted in; "off"; "auto": where memory asks for it
    )
    start: Fraction | None = None  # s
    duration: Fraction | None = None  # s
    video_track: int | None = None  # which of several films in the file, from 1 on; None: most likely meant
    deinterlace: bool = False  # make whole frames of fields
    codec: str | None = None  # None: what the container is usually filled with
    crf: int | None = None  # None: the codec's default; 17 for H.264
    preset: str | None = None
    pixel_format: str | None = None  # FFmpeg's name; None: what suits input, codec and players
    overwrite: bool = False
    verify: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and 0 <= self.strength <= 1):
            raise UsageError(f"strength {self.strength} is out of range; give a number from 0 to 1")
        if not 0.25 <= self.stroke_size <= 16:
            raise UsageError(f"stroke size {self.stroke_size} is out of range; give 0.25 to 16")
        if self.stability is not None and not 0 <= self.stability <= 1:  # so that NaN is caught too
            raise UsageError(f"stability {self.stability} is out of range; give a number from 0 to 1")
        if self.method not in METHODS:
            raise UsageError(f"no method called {self.method!r}; there are: {', '.join(METHODS)}")
        wct_levels.check(self.levels)
        if self.flow not in FLOWS:
            raise UsageError(f"no flow called {self.flow!r}; give {' or '.join(FLOWS)}")
        if self.keyframe_interval != "auto" and not (
            _is_number(self.keyframe_interval) and int(self.keyframe_interval) >= 1
        ):
            raise UsageError(
                f"keyframe interval {self.keyframe_interval!r} is out of range; give 1 frame or more, or auto"
            )
        if (self.content_mask is None) != (self.style_mask is None):
            raise UsageError("--content-mask and --style-mask need each other: the same colours in both")
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch size {self.batch_size} is out of range; give 1 or more")
        if self.max_size is not None and self.max_size < 16:
            raise UsageError(f"max size {self.max_size} px is out of range; give 16 or more")
        if self.tile not in ("auto", "off") and not (_is_number(self.tile) and int(self.tile) >= 64):
            raise UsageError(f"tile {self.tile!r} is out of range; give 64 px or more, auto or off")
        check_device(self.device)
        if self.video_track is not None and self.video_track < 1:
            raise UsageError(f"video track {self.video_track} is out of range; they are counted from 1")
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
        if self.guide is None:
            for region in self.painted:
                method = methods.choose(region.style, self.method)
                styles.check(region.style, names=method != methods.WCT or self.wct_weights is None)
        self._check_use(self.ways)

    @property
    def ways(self) -> set[str]:
        """All ways of painting that are asked for: `GUIDED`, or some of `models.methods.METHODS`.

        Raises:
            UsageError: a style that can't be painted so.
        """
        if self.guide is not None:
            return {GUIDED}
        return {methods.choose(region.style, self.method) for region in self.painted}

    @property
    def has_keyframes(self) -> bool:
        """Whether a few frames are painted, and carried to those between."""
        return not self.ways.isdisjoint({methods.GATYS, GUIDED})

    def _check_use(self, chosen: set[str]) -> None:
        """Refuse what would do nothing."""
        if self.has_keyframes:
            self._check_keyframes()
        if methods.GATYS not in chosen and (names := self._of_gatys()):
            raise UsageError(f"{' and '.join(names)}: only for --method gatys, and a picture as style")
        if methods.WCT not in chosen and (self.wct_weights or self.levels != DEFAULT_LEVELS):
            raise UsageError(
                "--levels and --wct-weights are for the transform; give a picture as style, or --method wct"
            )
        if chosen == {methods.WCT} and self.tile_side:
            raise UsageError("--tile is not for the transform, which paints whole frames; use --max-size")
        if self.regions and self.mask is None and self.style != PaintOptions.style:
            raise UsageError(f"beside --region, --style {self.style} needs a --mask that says where")

    def _of_gatys(self) -> list[str]:
        """The options given that only `methods.GATYS` heeds."""
        photoreal = self.gatys.photoreal_weight > 0
        usual = gatys_config.PHOTOREAL if photoreal else gatys_config.DEFAULTS
        found = ["photoreal"] if photoreal else []
        found += [
            {"style_layers": "layers"}.get(f.name, f.name)
            for f in fields(GatysConfig)
            if f.name != "photoreal_weight" and getattr(self.gatys, f.name) != getattr(usual, f.name)
        ]
        own = ("keyframe_interval", "resume", "content_mask", "style_mask")
        found += [name for name in own if getattr(self, name) != getattr(PaintOptions, name)]
        return [f"--{name.replace('_', '-')}" for name in found]

    def _check_keyframes(self) -> None:
        """Refuse what would do nothing where keyframes are carried through the film."""
        if self.guide is not None and (
            self.method != PaintOptions.method or self.style != PaintOptions.style
        ):
            raise UsageError("--guide brings its own painting; leave --style and --method out")
        what = "--guide" if self.guide is not None else "--method gatys"
        if self.regions:
            raise UsageError(f"--region is not for {what}, which holds frames back; use --mask")
        useless = ["tile", "batch_size", "stability", *(["stroke_size"] if self.guide is not None else [])]
        for name in useless:
            if getattr(self, name) != getattr(PaintOptions, name):
                raise UsageError(f"--{name.replace('_', '-')} is not for {what}")
        if self.content_mask is not None and len(parse(self.style)) > 1:
            raise UsageError("--style-mask is of one painting; give one as --style")

    @property
    def stabilizes(self) -> bool:
        """Whether anything of the frame before is kept."""
        return self.stabilize and self.stability != 0 and not self.has_keyframes

    @property
    def interval(self) -> int | None:
        """Frames from one keyframe to the next; None: where the motion asks for one."""
        return None if self.keyframe_interval == "auto" else int(self.keyframe_interval)

    @property
    def tile_side(self) -> int | None:
        """In px; 0: no tiles; None: what suits the frame."""
        return {"auto": None, "off": 0}[self.tile] if self.tile in ("auto", "off") else int(self.tile)


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


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
    if match is None or len(text) > _DIGITS:
        raise UsageError(f"{text!r} is no time; give seconds or HH:MM:SS")
    hours, minutes, seconds = match.groups()
    if minutes is not None and Fraction(seconds) >= 60:
        raise UsageError(f"{text!r} is no time; there are 60 seconds in a minute")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)


def default_output(source: Path, *styles: str, guide: Path | None = None) -> Path:
    """INPUT-stem_STYLE.ext beside the input, or INPUT-stem_GUIDE.ext; with an extension that can be written.

    Raises:
        UsageError: the style is no name, so no file can be called after it.
    """
    if guide is None:
        name = "+".join(dict.fromkeys(file_stem(style) for style in styles))
    else:
        name = guide.absolute().name or GUIDED
    if "/" in name or "\0" in f"{name}{source}":
        raise UsageError(f"no style called {name!r}; 'stylize-video styles' lists them")
    from stylize_video.pipeline.containers.formats import (
        CONTAINERS,  # brings PyAV, which --help need not wait for
    )
    from stylize_video.pipeline.containers.moving_pictures import is_moving_picture

    suffix = source.suffix
    if is_moving_picture(source):
        suffix = ".mp4"
    elif suffix.lower() in _READ_ONLY_PICTURES:
        suffix = ".png"
    elif suffix.lower().lstrip(".") not in CONTAINERS:
        suffix = ".mkv"  # which holds anything
    return source.parent / f"{source.stem}_{name}{suffix}"  # not with_name, which "" and "/" have none for
