"""`stylize-video texture`: more of a picture's texture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylize_video.commands.console.command_line import reporting, share_the_cores
from stylize_video.models.runtimes.devices import DEVICES, check_device
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import texture as wct_texture
from stylize_video.models.wct.texture import TextureOptions
from stylize_video.pipeline.jobs.options import RunOptions

_Picture = Annotated[Path, typer.Argument(metavar="PICTURE", help="The picture whose texture is taken.")]
_Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The picture that is made. Default: PICTURE-stem_texture.png beside the picture.",
        show_default=False,
    ),
]
_Size = Annotated[str, typer.Option(metavar="WxH", help="The size of the texture in px.")]
_Seed = Annotated[
    int, typer.Option(metavar="N", help="The seed of the noise: another one makes another texture.")
]
_Levels = Annotated[
    str,
    typer.Option(metavar="LIST", help="The levels of the transform, from coarse to fine: some of 5,4,3,2,1."),
]
_Passes = Annotated[int, typer.Option(metavar="N", help="How often the levels are gone through.")]
_Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The transform's networks, as `train --wct` makes them. Default: the bundled ones.",
        show_default=False,
    ),
]
_Device = Annotated[str, typer.Option(metavar="NAME", help=f"Where it is computed: {', '.join(DEVICES)}.")]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")]


_ALL_LEVELS = ",".join(map(str, TextureOptions.levels))


def texture(
    picture: _Picture,
    output: _Output = None,
    size: _Size = f"{TextureOptions.width}x{TextureOptions.height}",
    seed: _Seed = TextureOptions.seed,
    levels: _Levels = _ALL_LEVELS,
    passes: _Passes = TextureOptions.passes,
    wct_weights: _Weights = TextureOptions.wct_weights,
    device: _Device = RunOptions.device,
    overwrite: _Overwrite = False,
) -> None:
    """Make a picture of any size that has the texture of another one."""
    with reporting(as_json=False) as say:
        width, height = wct_texture.parse_size(size)
        options = TextureOptions(width, height, seed, wct_levels.parse(levels), passes, wct_weights)
        check_device(device)
        target = output or picture.parent / f"{picture.stem}_texture.png"
        wct_texture.check(picture, target, options, overwrite=overwrite)
        share_the_cores()
        from stylize_video.pictures.pictures import write_picture

        write_picture(target, wct_texture.synthesise(picture, options, device=device))
        say(f"made {target}: {width}x{height} px")
