"""The command line: the only place that prints and exits. Nothing here imports torch before it must."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

import stylize_video
from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models import styles
from stylize_video.models.devices import DEVICES, check_device
from stylize_video.models.training_config import TrainingConfig
from stylize_video.pipeline.options import PaintOptions, default_output, parse_time

if TYPE_CHECKING:
    from stylize_video.pipeline.job import Painted

_PAINT = "paint"  # the main job's own name; users leave it out
_COMPLETION = ("--install-completion", "--show-completion")  # options of the whole program
_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class MainJobGroup(TyperGroup):
    """A group whose main job needs no name: `stylize-video INPUT` is the job, not a subcommand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the main job's name in front unless a subcommand is named."""
        if not args or args[0] not in {*self.commands, *_COMPLETION}:
            args = [_PAINT, *args]
        return super().parse_args(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run, with typer's own complaints as one line like all others."""
        given = sys.argv[1:] if args is None else list(args)
        try:
            code = super().main(given, *rest, **{**extra, "standalone_mode": False})
        except TyperException as error:
            message = error.format_message() if hasattr(error, "format_message") else str(error)
            code = _tell(f"{message} (--help lists the options)", 2, as_json="--json" in given)
        except Abort:
            code = _INTERRUPTED
        sys.exit(code or 0)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the subcommand; the main job goes by the program's own name in messages."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == _PAINT else name), command, rest


class MainJob(TyperCommand):
    """The main job's command, whose usage line shows no subcommand."""

    def get_usage(self, ctx: Any) -> str:
        """The usage line without the blank that stands for the missing name."""
        return " ".join(super().get_usage(ctx).split())


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
    _PAINT,
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
            help="A style's name or a trained .safetensors file.",
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
    max_size: Annotated[
        int | None, typer.Option(help="Longer side in px. Default: the input's own.", show_default=False)
    ] = PaintOptions.max_size,
    batch_size: Annotated[int, typer.Option(help="Frames painted at once.")] = PaintOptions.batch_size,
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
        int | None, typer.Option(help="Quality, lower is better. Default: 18 for H.264.", show_default=False)
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
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Turn a film into the same film in the style of a painting: sound, subtitles and times untouched."""
    with _reporting(as_json=as_json) as say:
        options = PaintOptions(
            style=style,
            strength=strength,
            preserve_color=preserve_color,
            max_size=max_size,
            batch_size=batch_size,
            device=device,
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
            print(json.dumps(_as_json(result, style)))
        if not quiet:
            for line in _summary(result):
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


def _summary(result: Painted) -> Iterator[str]:
    yield from (f"note: {note}" for note in result.notes)
    if result.verified:
        yield result.verified
    rate = result.frames / result.seconds
    yield f"painted {result.output}: {result.frames} frames in {result.seconds:.1f} s ({rate:.1f} frames/s)"


def _as_json(result: Painted, style: str) -> dict[str, Any]:
    return {
        "output": str(result.output),
        "style": style,
        "frames": result.frames,
        "damaged": result.damaged,
        "seconds": round(result.seconds, 3),
        "frames_per_second": round(result.frames / result.seconds, 3),
        "notes": list(result.notes),
        "verified": result.verified,
    }


@app.command("styles")
def list_styles(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List the styles: painting, painter, year, and how near the painter comes to it."""
    with _reporting(as_json=as_json):
        found = styles.available()
        if as_json:
            print(json.dumps({name: asdict(style) for name, style in found.items()}))
            return
        from rich.console import Console
        from rich.table import Table

        table = Table("style", "painting", "painter", "year", "style distance", "content distance", box=None)
        for style in found.values():
            distances = (f"{d:.3f}" for d in (style.style_distance, style.content_distance))
            table.add_row(style.name, style.painting, style.painter, style.year, *distances)
        Console().print(table)


@app.command()
def train(
    painting: Annotated[Path, typer.Argument(help="A picture of the painting.")],
    content: Annotated[Path, typer.Option(help="A folder of photographs to learn on.")],
    name: Annotated[str, typer.Option(help="What the style will be called.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Default: NAME.safetensors.", show_default=False)
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps to train for.")] = TrainingConfig.steps,
    style_weight: Annotated[
        float, typer.Option(help="Weight of the style; the content's is 1.")
    ] = TrainingConfig.style_weight,
    learning_rate: Annotated[float, typer.Option(help="At its peak.")] = TrainingConfig.learning_rate,
    start: Annotated[
        str | None, typer.Option("--from", help="A style or weights file to go on from.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same machine: same weights.")] = TrainingConfig.seed,
    held_out: Annotated[int, typer.Option(help="Photographs kept for measuring.")] = TrainingConfig.held_out,
    device: Annotated[str, typer.Option(help=f"One of {', '.join(DEVICES)}.")] = PaintOptions.device,
) -> None:
    """Train a painter for one style. A run that was stopped goes on at its checkpoint."""
    with _reporting(as_json=False) as say:
        config = TrainingConfig(
            steps=steps,
            style_weight=style_weight,
            learning_rate=learning_rate,
            seed=seed,
            held_out=held_out,
        )
        check_device(device)
        if start is not None:
            styles.check(start)
        from stylize_video.models import train_style

        target = output or Path(f"{name}.safetensors")
        result = train_style.run(
            painting, content, target, config, name=name, start=start, device=device, say=say
        )
        say(f"trained {target}: style distance {result[0]:.3f}, content distance {result[1]:.3f}")


@contextmanager
def _reporting(*, as_json: bool) -> Iterator[Callable[[str], None]]:
    """Turn what a command raises into one line on stderr and the right exit code."""
    try:
        yield lambda line: print(line, file=sys.stderr)
    except StylizeVideoError as error:
        if os.environ.get("STYLIZE_VIDEO_DEBUG") == "1":
            raise
        _fail(str(error), 2 if isinstance(error, UsageError) else 1, as_json=as_json)
    except KeyboardInterrupt as interrupt:
        # Of a film: where its painted part lies. Of anything else there is no such thing.
        partial, frames = getattr(interrupt, "partial", None), getattr(interrupt, "frames", 0)
        kept = f"; {frames} painted frames lie in {partial}" if partial else ""
        _fail(f"interrupted{kept}", _INTERRUPTED, as_json=as_json)


def _fail(message: str, code: int, *, as_json: bool) -> NoReturn:
    raise typer.Exit(_tell(message, code, as_json=as_json))


def _tell(message: str, code: int, *, as_json: bool) -> int:
    """Print an error, in a line; the exit code."""
    line = " ".join(message.split())  # one line, whatever a library's message held
    print(f"stylize-video: {line}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": line, "exit_code": code}))
    return code


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits."""
    app(arguments, prog_name="stylize-video")
