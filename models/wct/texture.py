"""Texture synthesis: noise through the whitening and colouring transform (Li et al. 2017, section 4.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths, whole_file
from stylize_video.models.mixture import Mixture, PictureStyle
from stylize_video.models.wct import levels as wct_levels
from stylize_video.pictures.picture_names import check_picture_name

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures
    from stylize_video.pictures.pictures import Picture

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_SMALLEST, _LARGEST = 32, 8192  # px


@dataclass(frozen=True)
class TextureOptions:
    """What to make. Checked when made; needs no torch.

    Raises:
        UsageError: a value out of its range.
    """

    width: int = 1024  # px
    height: int = 1024
    seed: int = 0
    levels: tuple[int, ...] = wct_levels.LEVELS[::-1]
    passes: int = 3  # through all levels; after the first, what it repeats are the texture's own elements
    wct_weights: Path | None = None  # the networks; None: those that are bundled

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not _SMALLEST <= side <= _LARGEST:
                raise UsageError(
                    f"{self.width}x{self.height} px is out of range; give {_SMALLEST} to {_LARGEST}"
                )
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        if not 1 <= self.passes <= 100:
            raise UsageError(f"passes {self.passes} is out of range; give 1 to 100")
        wct_levels.check(self.levels)


def parse_size(text: str) -> tuple[int, int]:
    """`WIDTHxHEIGHT` -> (width, height) in px.

    Raises:
        UsageError: no such thing.
    """
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"{text!r} is no size; give WIDTHxHEIGHT in px, e.g. 1024x1024")
    return int(match[1]), int(match[2])


def check(source: Path, target: Path, options: TextureOptions, *, overwrite: bool) -> None:
    """Refuse what can't be used, before anything slow.

    Raises:
        InputError: no such picture, or no such weights.
        UsageError: the target is the source.
        OutputError: the target can't be written, or exists.
        UnknownFormatError: the target is called like no picture.
    """
    check_picture_name(target)
    if not paths.is_file(source):
        raise InputError(f"{source}: {paths.no_such(source, 'picture')}")
    if options.wct_weights is not None and not paths.is_file(options.wct_weights):
        raise InputError(f"{options.wct_weights}: {paths.no_such(options.wct_weights, 'weights file')}")
    if paths.is_file(target) and target.samefile(source):
        raise UsageError(f"{target}: the texture would replace the picture; name another with `output`")
    whole_file.check_target(target, overwrite=overwrite)


def synthesise(source: Path, options: TextureOptions, *, device: str = "auto") -> Picture:
    """A picture of the size asked for with the texture of another one.

    Raises:
        InputError: the picture can't be read.
        WeightsError: the networks can't be.
    """
    import torch

    from stylize_video.models.runtimes.devices import choose_device
    from stylize_video.models.runtimes.fastest import fastest_runtime
    from stylize_video.models.wct import program as wct_program
    from stylize_video.models.wct import weights_file as wct_weights
    from stylize_video.models.wct.painter import WctPainter, WctStyle
    from stylize_video.models.wct.style import load
    from stylize_video.pictures.arrays import to_bytes, to_host

    weights = wct_weights.open_chosen(options.wct_weights)
    style = WctStyle(load(Mixture.only(PictureStyle(source)), weights))
    known = replace(weights.parameters, ranges={})  # which are those of photographs
    program = wct_program.program(known, options.levels)
    runtime, _ = fastest_runtime(program, choose_device(device), exact=False)
    painter = WctPainter(runtime, levels=options.levels, steady=False, from_noise=True)
    generator = torch.Generator().manual_seed(options.seed)
    picture = torch.rand(1, options.height, options.width, 3, generator=generator)  # always the same noise
    images: Pictures = picture.numpy()
    for _ in range(options.passes):
        images = painter.paint(images, (), style)
    result: Picture = to_host(to_bytes(images))[0]
    return result
