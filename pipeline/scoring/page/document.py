"""A score as one page that needs nothing beside it: no network, no other file, no script but its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import stylize_video
from stylize_video.errors import OutputError
from stylize_video.files import whole_file
from stylize_video.pipeline.scoring.curves import condense, cut_times, rounded
from stylize_video.pipeline.scoring.page import tables as page_tables
from stylize_video.pipeline.scoring.page import whole_page
from stylize_video.pipeline.scoring.page.look import SCRIPT
from stylize_video.pipeline.scoring.page.pictures import show
from stylize_video.pipeline.scoring.page.plots import PANELS, Marks, plot, with_flicker
from stylize_video.pipeline.scoring.page.text import escape
from stylize_video.pipeline.scoring.score import Score
from stylize_video.pipeline.scoring.series import Column

_READ_OUT = ("time_s", *(f"{who}{panel.name}" for panel in PANELS for who in ("", "input_")))


def write(path: Path, score: Score) -> None:
    """Write the page, whole or not at all; an existing file is replaced.

    Raises:
        OutputError: it can't be written.
    """
    try:
        whole_file.write(whole_file.destination(path), html(score).encode("utf-8", "replace"))
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror})") from error


def html(score: Score) -> str:
    """The page's HTML."""
    columns = with_flicker(condense(score.series))
    marks = Marks(cut_times(score.series), [p.time_s for p in score.places], score.film.worst_second_s)
    title = f"{score.output.path.name} against {score.source.path.name}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">Looked at in {score.size[0]}x{score.size[1]} px, by stylize-video '
        f"{escape(stylize_video.__version__)}.</p>",
        page_tables.cards(score),
        _section("Over time", [_legend(score), *(plot(panel, columns, marks) for panel in PANELS)]),
        _section("Where it flickers most", (show(n, place) for n, place in enumerate(score.places, 1))),
        _section("Shots", [page_tables.shots(score)]),
        _section("Frames, times and streams", [page_tables.files(score)]),
        _section("What is measured", [page_tables.definitions()]),
    ]
    body.append(f'<script type="application/json" id="data">{_data(columns)}</script>')
    body.append(f"<script>{SCRIPT}</script>")
    return whole_page.html(title, "".join(body))


def _section(title: str, parts: Iterable[str]) -> str:
    content = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _legend(score: Score) -> str:
    cuts = f'<i class="key cut"></i>cut ({len(score.shots) - 1})' if len(score.shots) > 1 else ""
    return (
        f'<p class="soft"><i class="key output"></i>output<i class="key input"></i>input{cuts}. '
        "Shaded: the worst second. Numbered: the places below. Point at a curve, or use the arrow keys.</p>"
    )


def _data(columns: dict[str, Column]) -> str:
    """What the readout needs, as JSON that can stand in a page."""
    told = {name: rounded(columns[name]) for name in _READ_OUT}
    return json.dumps(told, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
