"""A batch as one page: each film before and after, its figures, its time; what is not painted, and why."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import stylize_video
from stylize_video.errors import OutputExistsError, UsageError
from stylize_video.files import whole_file
from stylize_video.files.partial import output_errors
from stylize_video.option import flag
from stylize_video.pipeline.jobs.batch.processes.comparing import Compared
from stylize_video.pipeline.jobs.batch.results import FAILED, NOT_BEGUN, PAINTED, Result
from stylize_video.pipeline.scoring.page import whole_page
from stylize_video.pipeline.scoring.page.look import OF_FILMS
from stylize_video.pipeline.scoring.page.pictures import data_uri
from stylize_video.pipeline.scoring.page.text import escape
from stylize_video.pipeline.scoring.words import number, percent

_GENERATOR = "stylize-video batch"
_HEAD = 1000  # bytes in which it is said who made a page

_FIGURES: Mapping[str, tuple[str, Any]] = {
    "warping_error_ratio": ("warping error, times the film's", number),
    "relative_warping_error": ("relative warping error", number),
    "still_flicker_255": ("flicker of still regions, 1/255", number),
    "detail_ratio": ("detail, of the film's", percent),
}


@dataclass(frozen=True)
class Shown:
    """A film on the page."""

    result: Result
    name: str  # of its painting, within the folder
    settings: str  # in words
    compared: Compared | None  # None: it could not be


def check_target(path: Path, *, overwrite: bool) -> None:
    """See whether a page could be written; one that a batch has written may be replaced.

    Raises:
        UsageError: it is not called .html.
        OutputError, OutputExistsError: it can't be written, or is somebody else's.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path}: the report is a page; give {flag('report')} a name that ends in .html")
    whole_file.check_target(path, overwrite=True)
    if path.exists() and not overwrite and not _is_own(path):
        raise OutputExistsError(f"{path}: exists; add `overwrite`, or name another with {flag('report')}")


def _is_own(path: Path) -> bool:
    with path.open("rb") as file:
        return f'content="{_GENERATOR}"'.encode() in file.read(_HEAD)


def write(path: Path, shown: Sequence[Shown], notes: Iterable[str]) -> None:
    """Write the page, whole or not at all.

    Raises:
        OutputError: it can't be written.
    """
    text = html(shown, path.parent, notes)
    with output_errors(path):
        whole_file.write(whole_file.destination(path), text.encode("utf-8", "replace"))


def html(shown: Sequence[Shown], folder: Path, notes: Iterable[str] = ()) -> str:
    """The page's HTML.

    Args:
        shown: all films.
        folder: where the page will lie: films are linked to from there.
        notes: what is to be known of all of them.
    """
    there = [film for film in shown if film.result.output is not None]
    missing = [film for film in shown if film.result.status in (FAILED, NOT_BEGUN)]
    title = f"{len(there)} painted {'film' if len(there) == 1 else 'films'}"
    by = f"By stylize-video {stylize_video.__version__}."
    body = [
        '<a class="skip" href="#films">To the films</a><main>',
        f'<h1>{title}</h1><p class="soft">{escape(" ".join([by, *notes]))}</p>',
        _cards(there, missing),
        _missing(missing, folder),
        _table(there),
        '<section id="films" aria-labelledby="films-title"><h2 id="films-title">Before and after</h2>',
        *(_film(count, film, folder) for count, film in enumerate(there, 1)),
        "" if there else "<p>Nothing is painted.</p>",
        "</section></main>",
    ]
    return whole_page.html(title, "".join(body), style=OF_FILMS, generator=_GENERATOR)


def _cards(there: Sequence[Shown], missing: Sequence[Shown]) -> str:
    now = [film.result for film in there if film.result.status == PAINTED]
    frames = sum(film.result.frames for film in there)
    seconds = sum(film.result.seconds for film in there)
    cards = [
        ("Painted", str(len(there)), f"{len(now)} in this run"),
        ("Not painted", str(len(missing)), "see below for why" if missing else "nothing failed"),
        ("Frames", f"{frames:,}", "in all painted films"),
        ("Time", _duration(seconds), f"{1000 * seconds / frames:.0f} ms a frame" if frames else ""),
    ]
    told = (
        f'<div class="card"><small>{title}</small><b>{escape(value)}</b><small>{escape(more)}</small></div>'
        for title, value, more in cards
    )
    return f'<div class="cards">{"".join(told)}</div>'


def _missing(missing: Sequence[Shown], folder: Path) -> str:
    if not missing:
        return ""
    rows = "".join(
        f'<tr><th scope="row" class="words">{escape(_seen_from(film.result.film, folder))}</th>'
        f'<td class="words">{escape(film.result.reason.removeprefix(f"{film.result.film}: "))}</td></tr>'
        for film in missing
    )
    head = '<tr><th scope="col" class="words">film</th><th scope="col" class="words">why</th></tr>'
    return f"<section><h2>Not painted</h2>{_wide('Films that are not painted', head, rows)}</section>"


def _table(there: Sequence[Shown]) -> str:
    columns = ["frames", "time", "frames/s", *(told for told, _ in _FIGURES.values())]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = "".join(_row(count, film) for count, film in enumerate(there, 1))
    head = f'<tr><th scope="col" class="words">film</th>{head}</tr>'
    what = "What was painted and measured; docs/score.md says what the figures mean"
    return f"<section><h2>All films</h2>{_wide(what, head, rows)}</section>" if there else ""


def _wide(caption: str, head: str, rows: str) -> str:
    """A table that is scrolled sideways where it is too wide, also by keyboard."""
    return (
        f'<div class="wide all" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )


def _row(count: int, film: Shown) -> str:
    result = film.result
    rate = f"{result.frames / result.seconds:.1f}" if result.seconds else ""
    cells = [f"{result.frames:,}", _duration(result.seconds), rate, *(value for _, value in _figures(film))]
    told = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    name = f'<a href="#film-{count}">{escape(film.name)}</a>'
    return f'<tr><th scope="row" class="words">{name}</th>{told}</tr>'


def _figures(film: Shown) -> Iterator[tuple[str, str]]:
    found = film.compared.figures if film.compared else {}
    for name, (told, write_out) in _FIGURES.items():
        yield told, write_out(found.get(name))


def _film(count: int, film: Shown, folder: Path) -> str:
    title = f"film-{count}-title"
    result, compared = film.result, film.compared
    parts = [f'<h3 id="{title}">{escape(film.name)}</h3>', f'<p class="soft">{_links(result, folder)}</p>']
    if compared is not None:
        pictures = [("before", compared.before), ("after", compared.after)]
        figures = "".join(_picture(film.name, when, data) for when, data in pictures)
        parts.append(f'<div class="pair">{figures}</div>')
    told = [("frames", f"{result.frames:,}"), ("time", _duration(result.seconds)), *_figures(film)]
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in told)
    parts.append(f'<dl class="figures">{items}</dl>')
    notes = [*([film.settings] if film.settings else []), *result.notes]
    notes += [f"Not measured: {compared.note}"] if compared is not None and compared.note else []
    if notes:
        parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in notes) + "</ul>")
    return f'<article class="film" id="film-{count}" aria-labelledby="{title}">{"".join(parts)}</article>'


def _links(result: Result, folder: Path) -> str:
    films = [("film", result.film), ("painting", result.output)]
    return " · ".join(
        f'<a href="{escape(_address(path, folder))}">{told}</a>' for told, path in films if path is not None
    )


def _address(path: Path, folder: Path) -> str:
    """Of a file, seen from a folder."""
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    except ValueError:  # another drive of Windows
        return path.as_uri()


def _seen_from(path: Path, folder: Path) -> str:
    """A film's name as one would type it in a folder."""
    try:
        near = os.path.relpath(path, folder)
    except ValueError:
        return str(path)
    return str(path) if near.startswith("..") else near


def _picture(name: str, when: str, data: bytes) -> str:
    alt = f"A frame from the middle of {name}, {when} painting"
    image = f'<img alt="{escape(alt)}" loading="lazy" decoding="async" src="{data_uri(data)}">'
    return f"<figure>{image}<figcaption>{when}</figcaption></figure>"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
