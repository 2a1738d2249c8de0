"""`stylize-video styles`: what there is to paint in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stylize_video.commands.console.command_line import console, reporting, share_the_cores
from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths, whole_file
from stylize_video.models import styles
from stylize_video.models.feed_forward.method import FeedForwardOptions
from stylize_video.models.mixture import Mixture, NamedStyle
from stylize_video.pictures.picture_names import check_picture_name

_FIGURES = ("style distance", "content distance", "bare canvas", "relative warping error")
# Columns of a terminal: with less there is room for what a style is, not for figures; with fewer than the
# second, none for year and licence, and with fewer than the third none for headings in one line.
_WIDE, _WIDER, _WIDEST = 80, 110, 160


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
            "--output",
            "-o",
            metavar="FILE",
            help="Where the sheet is written. Default: PHOTO-stem_styles.png beside the photo.",
            show_default=False,
        ),
    ] = None,
    quality: Annotated[
        str, typer.Option(metavar="NAME", help="Of the networks that paint them: full or draft.")
    ] = styles.FULL,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing sheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """List the styles: painting, painter, year, licence, distances, bare canvas, warping error."""
    with reporting(as_json=as_json) as say:
        found = _of_quality(quality)
        if sheet is not None:
            target = output or sheet.with_name(f"{sheet.stem}_styles.png")
            _write_sheet(sheet, target, quality, overwrite=overwrite)
            say(f"painted {target}: {len(found)} styles")
        elif output is not None or overwrite:
            raise UsageError("--output and --overwrite belong to a sheet; add --sheet PHOTO")
        if as_json:
            print(json.dumps({name: asdict(style) for name, style in found.items()}))
        elif sheet is None:
            _print_table(found.values())


def _of_quality(quality: str) -> dict[str, styles.Style]:
    """The styles, with the figures of the networks of a quality.

    Raises:
        UsageError: there is no such quality, or no network of it.
    """
    FeedForwardOptions(quality)
    if found := styles.available(quality):
        return found
    raise UsageError(f"no network of quality {quality} is bundled")


def _print_table(found: Iterable[styles.Style]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    figures = _FIGURES if out.width >= _WIDE else ()
    origin = ("year", "licence") if out.width >= _WIDER else ()
    table = Table(box=None)
    table.add_column("name", no_wrap=True)  # which is to be typed
    for column in ("painting", "painter", *origin):
        table.add_column(column, overflow="fold")
    for column in figures:
        heading = column if out.width >= _WIDEST else Text(column.replace(" ", "\n"))
        table.add_column(heading, justify="right", no_wrap=True)
    for style in found:
        distances = style.style_distance, style.content_distance
        known = (*distances, style.bare_canvas, style.relative_warping_error)
        cells = ("" if number is None else f"{number:.2f}" for number in known)
        made = (style.year, style.licence) if origin else ()
        table.add_row(style.name, style.painting, style.painter, *made, *(cells if figures else ()))
    out.print(table)


def _write_sheet(photograph: Path, target: Path, quality: str, *, overwrite: bool) -> None:
    check_picture_name(target)  # all this before the seconds that importing torch takes
    whole_file.check_target(target, overwrite=overwrite)
    if not paths.is_file(photograph):
        raise InputError(f"{photograph}: {paths.no_such(photograph, 'picture')}")
    if target.exists() and target.samefile(photograph):
        raise UsageError(f"{target}: the sheet would replace the photograph; name another with -o")
    share_the_cores()
    from stylize_video.models import sheet
    from stylize_video.models.feed_forward import blank_canvas
    from stylize_video.models.feed_forward.networks import of_quality
    from stylize_video.pictures import pictures

    picture = pictures.read_picture(photograph)
    painters = (
        (name, blank_canvas.load(Mixture.only(NamedStyle(name)), networks=of_quality(quality)))
        for name in styles.available(quality)
    )
    pictures.write_picture(target, sheet.sheet(picture, painters))
