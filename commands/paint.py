"""`stylize-video INPUT`: the main job."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

import stylize_video
from stylize_video import option as options
from stylize_video.commands.console import cluster_words, summary
from stylize_video.commands.console.command_line import reporting, share_the_cores, style_names
from stylize_video.commands.options.generated import with_options
from stylize_video.commands.options.panels import PANELS, PROGRAM
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.cluster import options as of_cluster
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.request import PaintRequest, declared
from stylize_video.process import circles, signals, terminal

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.cluster.population import Figures
    from stylize_video.pipeline.jobs.film.elsewhere import Elsewhere
    from stylize_video.pipeline.jobs.painted import Painted

# What has painted, until the process ends: to take it apart takes as long as two frames.
_KEPT: list[object] = []


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
        asked = {each.field.name: each.read(values.pop(each.name)) for each in _OF_CLUSTER}
        request, cluster = PaintRequest.of(**values), ClusterOptions(**asked)
        result, workers = _paint(request, cluster, say, quiet=quiet)
        signals.finish()  # the film has its name
        terminal.answer_is_a_file()
        if as_json:
            told = summary.as_json(result, str(request.look), draft=request.is_draft)
            print(json.dumps(told | cluster_words.as_json(workers)))
        for line in summary.of_profile(result.profile) if profile else ():
            say(line)
        for line in () if quiet else (*summary.lines(result), *cluster_words.worked(workers)):
            say(line)


def _paint(
    request: PaintRequest, cluster: ClusterOptions, say: Callable[[str], None], *, quiet: bool
) -> tuple[Painted, Sequence[Figures]]:
    """What became of the film, and what the workers of a cluster did for it."""
    early_checks.check(request)
    from stylize_video.pipeline.jobs import preflight  # brings PyAV, which a mistyped name need not wait for

    preflight.check(request)  # before the seconds that importing torch takes
    share_the_cores()
    if cluster.ray is None:
        return _paint_by(request, None, quiet=quiet), ()
    from stylize_video.pipeline.jobs.cluster.films import ClusterFilm

    with ClusterFilm(cluster, lambda line: None if quiet else say(f"note: {line}")) as workers:
        result = _paint_by(request, workers, quiet=quiet)
        return result, workers.figures


def _paint_by(request: PaintRequest, elsewhere: Elsewhere | None, *, quiet: bool) -> Painted:
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs import head_start

    workshop = Workshop()
    _KEPT[:] = [workshop]
    if elsewhere is None:
        head_start.begin(request, workshop)
    # Takes a while, and the painter is made meanwhile.
    from stylize_video.pipeline.jobs.film import film as job

    circles.as_usual()
    if quiet:
        return job.paint(request, workshop=workshop, elsewhere=elsewhere)
    from stylize_video.commands.console.progress import FilmProgress

    with FilmProgress(f"painting {request.source.input.name}") as bar:
        return job.paint(
            request,
            on_start=bar.start,
            on_frame=bar.update,
            on_step=bar.step,
            workshop=workshop,
            elsewhere=elsewhere,
        )


_OF_CLUSTER = tuple(options.declared(ClusterOptions))

paint = with_options(
    _command,
    [*declared(), *_OF_CLUSTER],
    panels=(*PANELS, of_cluster.PANEL),
    arguments=["input"],
    completions={"style": style_names},
)
