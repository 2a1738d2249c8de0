"""`stylize-video score`: what became of a film."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize_video.commands.console.command_line import console, reporting, share_the_cores, style_names
from stylize_video.commands.console.flags import spelled
from stylize_video.pipeline.scoring.options import ScoreOptions, check_files

if TYPE_CHECKING:
    from stylize_video.pipeline.scoring.score import Score

_PLACES = 4  # worst ones that a page or an object shows


_Source = Annotated[
    Path,
    typer.Argument(metavar="INPUT", help="The film as it was before it was painted.", show_default=False),
]
_Output = Annotated[
    Path,
    typer.Argument(
        metavar="OUTPUT", help="The painted film, whichever tool has painted it.", show_default=False
    ),
]
_Style = Annotated[
    str | None,
    typer.Option(
        "--style",
        "-s",
        metavar="PICTURE",
        help="Measure bare canvas and distances to a painting too: a picture of it, or a style's name.",
        autocompletion=style_names,
        show_default=False,
    ),
]
_MaxSize = Annotated[
    int,
    typer.Option(
        metavar="PX",
        help="The longer side of the frames that are measured. Half of it is four times as fast.",
    ),
]
_Page = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.html", help="Write a page with curves, cuts and the worst frames.", show_default=False
    ),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing page.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def score_film(
    source: _Source,
    output: _Output,
    style: _Style = ScoreOptions.style,
    max_size: _MaxSize = ScoreOptions.max_size,
    html: _Page = None,
    overwrite: _Overwrite = False,
    as_json: _AsJson = False,
    quiet: _Quiet = False,
) -> None:
    """Measure a painted film against its original: steadiness, detail, drift, frames, times, streams."""
    with reporting(as_json=as_json) as say:
        options = ScoreOptions(max_size, style, places=_PLACES if html or as_json else 0)
        check_files(source, output, html, overwrite=overwrite)
        share_the_cores()
        found = _score(source, output, options, quiet=quiet)
        result = replace(found, notes=tuple(map(spelled, found.notes)))
        if html is not None:
            from stylize_video.pipeline.scoring.page import document as page

            page.write(html, result)
            if not quiet:
                say(f"wrote {html}")
        if as_json:
            from stylize_video.commands.console import score_table

            print(json.dumps(score_table.as_json(result), allow_nan=False))
        elif not quiet:
            _print_score(result)


def _score(source: Path, output: Path, options: ScoreOptions, *, quiet: bool) -> Score:
    from stylize_video.pipeline.scoring import score

    if quiet:
        return score.score(source, output, options)
    from stylize_video.commands.console.progress import FilmProgress

    with FilmProgress(f"looking at {output.name}") as bar:
        return score.score(source, output, options, on_start=bar.start, on_frame=bar.update)


def _print_score(result: Score) -> None:
    from stylize_video.commands.console import score_table

    stdout = console()
    for table in score_table.tables(result):
        stdout.print(table)
        stdout.print()
    for line in score_table.lines(result):
        stdout.print(line, markup=False, highlight=False)
