"""`stylize-video INPUT`: the main job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

import stylize_video
from stylize_video.commands.console import summary
from stylize_video.commands.console.command_line import reporting, share_the_cores, style_names
from stylize_video.commands.options.generated import with_options
from stylize_video.commands.options.panels import PANELS, PROGRAM
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.request import PaintRequest, declared
from stylize_video.process import signals, terminal

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.film import Painted


def _version(wanted: bool) -> None:
    if wanted:
        print(f"stylize-video {stylize_video.__version__}")
        raise typer.Exit


def _flag(name: str, text: str, **more: Any) -> Any:
    return typer.Option(*name.split(), help=text, rich_help_panel=PROGRAM, show_default=False, **more)


def _command(
    *,
    quiet: Annotated[bool, _flag("--quiet -q", "Print nothing but errors.")] = False,
    as_json: Annotated[bool, _flag("--json", "Print one JSON object on stdout, all else on stderr.")] = False,
    profile: Annotated[
        bool, _flag("--profile", "Say how long reader, painter and encoder worked and waited.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool, _flag("--version", "Show the version.", callback=_version, is_eager=True)
    ] = False,
    **values: Any,
) -> None:
    """Turn a film into the same film in the style of a painting: sound, subtitles and times untouched."""
    with reporting(as_json=as_json) as say:
        request = PaintRequest.of(**values)
        result = _paint(request, quiet=quiet)
        signals.finish()  # the film has its name
        terminal.answer_is_a_file()
        if as_json:
            print(json.dumps(summary.as_json(result, str(request.look), draft=request.is_draft)))
        for line in summary.of_profile(result.profile) if profile else ():
            say(line)
        for line in () if quiet else summary.lines(result):
            say(line)


def _paint(request: PaintRequest, *, quiet: bool) -> Painted:
    early_checks.check(request)
    from stylize_video.pipeline.jobs import preflight  # brings PyAV, which a mistyped name need not wait for

    preflight.check(request)  # before the seconds that importing torch takes
    share_the_cores()
    from stylize_video.pipeline.jobs import film as job

    if quiet:
        return job.paint(request)
    from stylize_video.commands.console.progress import FilmProgress

    with FilmProgress(f"painting {request.source.input.name}") as bar:
        return job.paint(request, on_start=bar.start, on_frame=bar.update, on_step=bar.step)


paint = with_options(
    _command, declared(), panels=PANELS, arguments=["input"], completions={"style": style_names}
)
