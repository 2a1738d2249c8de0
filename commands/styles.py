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
from stylize_video.models.mixture import Mixture, NamedStyle
from stylize_video.pictures.picture_names import check_picture_name

_WIDE = 80  # columns of a terminal; with less there is room for what a style is, not for figures


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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing sheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """List the styles: painting, painter, year, licence, distances to painting and photograph, flicker."""
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
    from rich.table import Table

    out = console()
    wide = out.width >= _WIDE
    table = Table(box=None)
    table.add_column("name", no_wrap=True)  # which is to be typed
    for column in ("painting", "painter", "year", "licence") if wide else ("painting", "painter"):
        table.add_column(column, overflow="fold")
    for column in ("style distance", "content distance", "warping error, 1e-4") if wide else ():
        table.add_column(column, justify="right", min_width=len("distance"))
    for style in found:
        distances = (f"{d:.3f}" for d in (style.style_distance, style.content_distance))
        flicker = "" if style.warping_error is None else f"{style.warping_error * 1e4:.1f}"
        figures = (style.year, style.licence, *distances, flicker)
        table.add_row(style.name, style.painting, style.painter, *(figures if wide else ()))
    out.print(table)


def _write_sheet(photograph: Path, target: Path, *, overwrite: bool) -> None:
    check_picture_name(target)  # all this before the seconds that importing torch takes
    whole_file.check_target(target, overwrite=overwrite)
    if not paths.is_file(photograph):
        raise InputError(f"{photograph}: {paths.no_such(photograph, 'picture')}")
    if target.exists() and target.samefile(photograph):
        raise UsageError(f"{target}: the sheet would replace the photograph; name another with -o")
    share_the_cores()
    from stylize_video.models import sheet
    from stylize_video.models.feed_forward import blank_canvas
    from stylize_video.pictures import pictures

    picture = pictures.read_picture(photograph)
    painters = ((name, blank_canvas.load(Mixture.only(NamedStyle(name)))) for name in styles.available())
    pictures.write_picture(target, sheet.sheet(picture, painters))
