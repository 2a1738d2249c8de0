"""The commands. Nothing here imports torch before it must."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import stylize_video
from stylize_video import summary
from stylize_video.command_line import PAINT, MainJob, MainJobGroup, reporting
from stylize_video.errors import InputError, UsageError
from stylize_video.models import paths, styles, whole_file
from stylize_video.models.devices import DEVICES, check_device
from stylize_video.models.picture_names import check_picture_name
from stylize_video.models.training_config import FEATURES, FIT, FULL, TrainingConfig
from stylize_video.models.training_request import NOTHING, TrainingRequest
from stylize_video.pipeline.options import PaintOptions, default_output, parse_time

if TYPE_CHECKING:
    from stylize_video.pipeline.job import Painted

app = typer.Typer(
    cls=MainJobGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"stylize-video {stylize_video.__version__}")
        raise typer.Exit


def _style_names() -> list[str]:
    return list(styles.available())


@app.command(
    PAINT,
    cls=MainJob,
    hidden=True,
    epilog="Other commands: [bold]styles[/] lists the styles, [bold]train[/] learns a new one; "
    "each has a --help. A film called 'styles' is given as ./styles.",
)
def paint(
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="A film, or a picture.", show_default=False)
    ],
    style: Annotated[
        str,
        typer.Option(
            "--style",
            "-s",
            help="A style's name, a trained .safetensors file, or a mixture: NAME:0.6,NAME:0.4.",
            autocompletion=_style_names,
        ),
    ] = PaintOptions.style,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Default: INPUT-stem_STYLE.ext beside the input.", show_default=False
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="How much of the painting, 0 to 1; the rest is the original.")
    ] = PaintOptions.strength,
    preserve_color: Annotated[
        bool, typer.Option("--preserve-color", help="Paint the luminance only; keep the original's colours.")
    ] = PaintOptions.preserve_color,
    stroke_size: Annotated[
        float, typer.Option(help="How many times as large as usual the strokes are; 2 suits 1080p.")
    ] = PaintOptions.stroke_size,
    max_size: Annotated[
        int | None, typer.Option(help="Longer side in px. Default: the input's own.", show_default=False)
    ] = PaintOptions.max_size,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Frames painted at once. Default: what suits the device.", show_default=False),
    ] = PaintOptions.batch_size,
    tile: Annotated[
        str,
        typer.Option(help="Paint in tiles of so many px, for less memory on a GPU; 'off'; or 'auto'."),
    ] = PaintOptions.tile,
    device: Annotated[str, typer.Option(help=f"One of {', '.join(DEVICES)}.")] = PaintOptions.device,
    start: Annotated[
        str | None, typer.Option(help="Where to begin: seconds or HH:MM:SS.", show_default=False)
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="How long to go on: seconds or HH:MM:SS.", show_default=False)
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(help="h264, h265, vp9, av1, ... Default: H.264, VP9 in webm.", show_default=False),
    ] = PaintOptions.codec,
    crf: Annotated[
        int | None, typer.Option(help="Quality, lower is better. Default: 17 for H.264.", show_default=False)
    ] = PaintOptions.crf,
    preset: Annotated[
        str | None, typer.Option(help="The encoder's preset, e.g. fast, slow.", show_default=False)
    ] = PaintOptions.preset,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing output, once the new one is whole.")
    ] = PaintOptions.overwrite,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Compare the finished output with the input.")
    ] = PaintOptions.verify,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, all else on stderr.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say how long reader, painter and encoder worked and waited.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Turn a film into the same film in the style of a painting: sound, subtitles and times untouched."""
    with reporting(as_json=as_json) as say:
        options = PaintOptions(
            style=style,
            strength=strength,
            preserve_color=preserve_color,
            stroke_size=stroke_size,
            max_size=max_size,
            batch_size=batch_size,
            device=device,
            tile=tile,
            start=None if start is None else parse_time(start),
            duration=None if duration is None else parse_time(duration),
            codec=codec,
            crf=crf,
            preset=preset,
            overwrite=overwrite,
            verify=verify,
        )
        styles.check(style)  # before a file is called after it
        result = _paint(source, output or default_output(source, style), options, quiet=quiet)
        if as_json:
            print(json.dumps(summary.as_json(result, style)))
        for line in summary.of_profile(result.profile) if profile else ():
            say(line)
        for line in () if quiet else summary.lines(result):
            say(line)


def _paint(source: Path, target: Path, options: PaintOptions, *, quiet: bool) -> Painted:
    from stylize_video.pipeline import preflight

    preflight.check(source, target, options)  # before the seconds that importing torch takes
    _share_the_cores()
    from stylize_video.pipeline import job

    if quiet:
        return job.paint(source, target, options)
    from stylize_video.progress import FilmProgress

    with FilmProgress(f"painting {source.name}") as bar:
        return job.paint(source, target, options, on_start=bar.start, on_frame=bar.update)


def _share_the_cores() -> None:
    """Let torch's threads sleep while they wait. To be called before torch is imported.

    By default libgomp's spin, and take the cores from the decoder and the encoder: on two busy cores a
    frame took nine times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@app.command("styles")
def list_styles(
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="PHOTO", help="Paint this picture in every style, on one sheet.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The sheet. Default: PHOTO-stem_styles.png beside it.", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing sheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List the styles: painting, painter, year, licence, and how near the painter comes to it."""
    with reporting(as_json=as_json) as say:
        found = styles.available()
        if sheet is not None:
            target = output or sheet.with_name(f"{sheet.stem}_styles.png")
            _write_sheet(sheet, target, overwrite=overwrite)
            say(f"painted {target}: {len(found)} styles")
        elif output is not None or overwrite:
            raise UsageError("--output and --overwrite belong to a sheet; add --sheet PHOTO")
        if as_json:
            print(json.dumps({name: asdict(style) for name, style in found.items()}))
        elif sheet is None:
            _print_table(found.values())


def _print_table(found: Iterable[styles.Style]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "painting", "painter", "year", "licence", box=None)
    for column in ("style distance", "content distance"):
        table.add_column(column, justify="right")
    for style in found:
        distances = (f"{d:.3f}" for d in (style.style_distance, style.content_distance))
        table.add_row(style.name, style.painting, style.painter, style.year, style.licence, *distances)
    console = Console()
    if not console.is_terminal:
        console.width = 200  # for a file or a pipe, nothing is wrapped
    console.print(table)


def _write_sheet(photograph: Path, target: Path, *, overwrite: bool) -> None:
    check_picture_name(target)  # all this before the seconds that importing torch takes
    whole_file.check_target(target, overwrite=overwrite)
    if not paths.is_file(photograph):
        raise InputError(f"{photograph}: no such picture")
    if target.exists() and target.samefile(photograph):
        raise UsageError(f"{target}: the sheet would replace the photograph; name another with -o")
    _share_the_cores()
    from stylize_video.models import pictures, sheet

    picture = pictures.read_picture(photograph)
    pictures.write_picture(target, sheet.sheet(picture, ((n, styles.load(n)) for n in styles.available())))


@app.command()
def train(
    paintings: Annotated[
        list[Path], typer.Argument(metavar="PAINTING...", help="A picture of the painting.")
    ],
    content: Annotated[Path, typer.Option(help="A folder of photographs to learn on.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="What the style will be called. Default: after the picture.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: NAME.safetensors.", show_default=False)
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Train all weights, not only the style's scales and shifts.")
    ] = TrainingConfig.full,
    start: Annotated[
        str, typer.Option("--from", help=f"A style or weights file to go on from, or '{NOTHING}'.")
    ] = TrainingRequest.start,
    style_size: Annotated[
        int, typer.Option(help="The painting's longer side in px: larger, and strokes are larger.")
    ] = TrainingConfig.style_size,
    style_weight: Annotated[float, typer.Option(help="Weight of the style.")] = TrainingConfig.style_weight,
    content_weight: Annotated[
        float, typer.Option(help="Weight of the content.")
    ] = TrainingConfig.content_weight,
    consistency_weight: Annotated[
        float, typer.Option(help="Weight of steadiness from frame to frame.")
    ] = TrainingConfig.consistency_weight,
    features: Annotated[
        str, typer.Option(help=f"Losses by {' or '.join(FEATURES)}; vgg19 is downloaded by torchvision.")
    ] = TrainingConfig.features,
    steps: Annotated[
        int | None,
        typer.Option(
            help=f"Default: {FIT.steps}; {FULL.steps} with --full.",
            show_default=False,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help=f"At its peak. Default: {FIT.learning_rate}; {FULL.learning_rate} with --full.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same CPU: same weights.")] = TrainingConfig.seed,
    held_out: Annotated[int, typer.Option(help="Photographs kept for measuring.")] = TrainingConfig.held_out,
    device: Annotated[str, typer.Option(help=f"One of {', '.join(DEVICES)}.")] = PaintOptions.device,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing output, once the new one is whole.")
    ] = TrainingRequest.overwrite,
) -> None:
    """Learn a painting's style. A run that was stopped goes on at its checkpoint."""
    with reporting(as_json=False) as say:
        defaults = FULL if full else FIT
        config = replace(
            defaults,
            style_size=style_size,
            style_weight=style_weight,
            content_weight=content_weight,
            consistency_weight=consistency_weight,
            features=features,
            seed=seed,
            held_out=held_out,
            steps=defaults.steps if steps is None else steps,
            learning_rate=defaults.learning_rate if learning_rate is None else learning_rate,
        )
        check_device(device)
        request = TrainingRequest.of(paintings, name or (), content, output, start=start, overwrite=overwrite)
        request.check(full=full)  # before the seconds that importing torch takes
        from stylize_video.models import train_style

        for style in train_style.run(request, config, device=device, say=say):
            distances = f"style distance {style.style_distance:.3f}, content {style.content_distance:.3f}"
            spec = str(request.target) if len(paintings) == 1 else f"{request.target}#{style.name}"
            say(f"trained {style.name}: {distances}; use it with --style {spec}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits."""
    app(arguments, prog_name="stylize-video")
