"""`stylize-video score`: what became of a film."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stylize_video.commands.console.command_line import console, reporting, share_the_cores, style_names
from stylize_video.commands.console.flags import spelled
from stylize_video.commands.equivariance import PainterToScore, score_painter
from stylize_video.errors import UsageError
from stylize_video.models.methods import AUTO
from stylize_video.pipeline.scoring.options import ScoreOptions, check_files

if TYPE_CHECKING:
    from stylize_video.pipeline.scoring.score import Score

_PLACES = 4  # worst ones that a page or an object shows


_INPUT = "The film as it was before it was painted."
_OUTPUT = "The painted film, whichever tool has painted it."

_Source = Annotated[Path | None, typer.Argument(metavar="INPUT", help=_INPUT, show_default=False)]
_Output = Annotated[Path | None, typer.Argument(metavar="OUTPUT", help=_OUTPUT, show_default=False)]
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
_Equivariance = Annotated[
    bool,
    typer.Option(
        "--equivariance",
        help="Measure a painter instead of a film: whether its strokes move with the things, by fractions of "
        "a pixel (EQ-T) and turned (EQ-R). With --style NAME or a weights file, else all bundled styles.",
    ),
]
_Photographs = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="What it paints for that, photographs not trained on.", show_default=False
    ),
]
_Method = Annotated[
    str, typer.Option(metavar="NAME", help="Whose networks are measured, as when a film is painted.")
]
_Paintings = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Has NAME.jpg of each style: style distance and bare canvas stand beside it then.",
        show_default=False,
    ),
]
_Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing page.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def score_film(
    source: _Source = None,
    output: _Output = None,
    style: _Style = ScoreOptions.style,
    max_size: _MaxSize = ScoreOptions.max_size,
    html: _Page = None,
    equivariance: _Equivariance = False,
    photographs: _Photographs = None,
    method: _Method = AUTO,
    paintings: _Paintings = None,
    overwrite: _Overwrite = False,
    as_json: _AsJson = False,
    quiet: _Quiet = False,
) -> None:
    """Measure a painted film against its original: steadiness, detail, drift, frames, times, streams."""
    with reporting(as_json=as_json) as say:
        if equivariance:
            if source is not None or html is not None:
                raise UsageError("`equivariance` is measured of a painter; leave films and `html` out")
            painter = PainterToScore(photographs, paintings, method, style)
            score_painter(painter, as_json=as_json, say=say if not (quiet or as_json) else _nobody)
            return
        if photographs is not None or paintings is not None or method != AUTO:
            raise UsageError("photographs, paintings and `method` are for `equivariance`; add it")
        source, output = _films(source, output)
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


def _films(source: Path | None, output: Path | None) -> tuple[Path, Path]:
    """Both.

    Raises:
        UsageError: one is missing.
    """
    for name, film, told in (("INPUT", source, _INPUT), ("OUTPUT", output, _OUTPUT)):
        if film is None:
            raise UsageError(f"{name} is missing: {told[0].lower()}{told[1:-1]} (--help lists the options)")
    assert source is not None
    assert output is not None
    return source, output


def _nobody(_: str) -> None:
    """Is told nothing."""


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
