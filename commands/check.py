"""`stylize-video check`: whether a painted film holds all that its original held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize_video.commands.console.command_line import reporting
from stylize_video.commands.console.flags import spelled
from stylize_video.process.terminal import shown

if TYPE_CHECKING:
    from stylize_video.pipeline.verification.check import Checked
    from stylize_video.pipeline.verification.finding import Finding


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
_Decode = Annotated[bool, typer.Option("--decode", help="Decode every frame and all sound of OUTPUT, too.")]
_Start = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Where in INPUT the painted part begins: seconds or HH:MM:SS.",
        show_default=False,
    ),
]
_Duration = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="How long the painted part is: seconds or HH:MM:SS.", show_default=False
    ),
]
_VideoTrack = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Which of several films in INPUT was painted, counted from 1. Default: the one that a "
        "painting takes.",
        show_default=False,
    ),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
_Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors; the exit code tells.")]


def check_film(
    source: _Source,
    output: _Output,
    decode: _Decode = False,
    start: _Start = None,
    duration: _Duration = None,
    video_track: _VideoTrack = None,
    as_json: _AsJson = False,
    quiet: _Quiet = False,
) -> None:
    """Check that a painted film holds all of its original: frames, times, sound, subtitles, tags, colour.

    The exit code is 0 if nothing differs but what painting changes, 1 if something does or can't be read.
    """
    with reporting(as_json=as_json):
        from stylize_video.pipeline.jobs.options import SourceOptions, parse_time
        from stylize_video.pipeline.verification.check import check
        from stylize_video.pipeline.verification.expectation import Part

        asked = SourceOptions(
            input=source,
            start=None if start is None else parse_time(start),
            duration=None if duration is None else parse_time(duration),
            video_track=video_track,
        )
        part = Part(asked.start, asked.duration, asked.video_track)
        result = check(source, output, part, decode=decode)
    if as_json:
        print(json.dumps(_as_json(result)))
    elif not quiet:
        for line in _lines(result):
            print(shown(spelled(line)))
    if not result.verified:
        raise typer.Exit(1)


def _lines(result: Checked) -> Iterator[str]:
    """What differs, then what was to be expected, then the verdict."""
    for finding in sorted(result.findings, key=lambda finding: finding.expected):
        yield f"{'expected' if finding.expected else 'differs'}: {finding}"
    yield f"{result.output}: {result.verdict}"


def _as_json(result: Checked) -> dict[str, Any]:
    """All of it."""
    return {
        "input": str(result.source),
        "output": str(result.output),
        "verified": result.verified,
        "verdict": result.verdict,
        "frames": result.frames,
        "decoded": result.decoded,
        "findings": [_of_finding(finding) for finding in result.findings],
    }


def _of_finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "what": spelled(finding.what),
        "stream": finding.stream,
        "time_s": None if finding.time is None else float(finding.time),
        "expected": finding.expected,
    }
