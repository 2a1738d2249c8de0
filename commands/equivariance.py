"""`stylize-video score --equivariance`: whether a painter's strokes move with the things that it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.commands.console.command_line import console, share_the_cores
from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths
from stylize_video.models import methods, style_spec, styles
from stylize_video.models.feed_forward.networks import Networks
from stylize_video.models.mixture import Mixture, TrainedStyle

if TYPE_CHECKING:
    from stylize_video.models.alias_free.measuring import Figures

# What is said of each figure, by its name in `Figures`; dB but for the last two.
_HEADINGS = {
    "eq_t_db": "EQ-T\nfractional",
    "eq_t_integer_db": "EQ-T\ninteger",
    "eq_t_of_16_db": "EQ-T\nby 16 px",
    "eq_t_usual_borders_db": "EQ-T, usual\nborders",
    "eq_r_db": "EQ-R",
    "style_distance": "style\ndistance",
    "bare_canvas": "bare\ncanvas",
}


@dataclass(frozen=True)
class PainterToScore:
    """Which painter is measured, on what. Checked when made, before torch is loaded.

    Raises:
        UsageError: no photographs, or a style that no network was trained on.
        InputError: no such folder.
    """

    photographs: Path | None
    paintings: Path | None  # a folder with NAME.jpg
    method: str
    style: str | None  # a name or a weights file; None: all bundled ones

    def __post_init__(self) -> None:
        if self.photographs is None:
            raise UsageError("`equivariance` is measured on photographs; give a folder with `photographs`")
        for folder in (self.photographs, self.paintings):
            if folder is not None and not paths.is_folder(folder):
                raise InputError(f"{folder}: no such folder")
        styles.check(self._mixture, networks=self.networks.bundled)
        if len(self._mixture.parts) > 1:
            raise UsageError(f"{self.style}: `equivariance` is measured of one style, or of all")

    @property
    def _mixture(self) -> Mixture:
        return style_spec.parse(self.style or styles.DEFAULT)

    @property
    def networks(self) -> Networks:
        """What paints."""
        return methods.networks_for(self._mixture, self.method)

    @property
    def file(self) -> Path | None:
        """The weights file, if one was named."""
        [ingredient] = self._mixture.ingredients
        return ingredient.file if isinstance(ingredient, TrainedStyle) else None

    @property
    def name(self) -> str:
        """The style that is measured alone; empty: all are."""
        [ingredient] = self._mixture.ingredients
        return "" if self.style is None else getattr(ingredient, "name", "")


def score_painter(given: PainterToScore, *, as_json: bool, say: Callable[[str], None]) -> None:
    """Measure, and print a row a style.

    Args:
        given: what is measured.
        as_json: print one JSON object instead of a table.
        say: called with a line for each style that is done.

    Raises:
        StylizeVideoError: photographs, paintings or weights that can't be read.
    """
    share_the_cores()
    from stylize_video.models.alias_free import measuring

    painter = measuring.open_painter(given.networks, given.file)
    names = (given.name,) if given.name else painter.styles
    paintings = measuring.paintings_in(given.paintings, names) if given.paintings else {}
    assert given.photographs is not None
    material = measuring.material(given.photographs)
    found = measuring.of_styles(
        *(painter, names, material, paintings),
        lambda name, figures: say(f"{name}: EQ-T {figures.eq_t_db:.1f} dB"),
    )
    mean = measuring.means(found)
    if as_json:
        rows = {name: asdict(figures) for name, figures in found.items()}
        told = {"format": given.networks.shape.stored_as, "photographs": len(material.photographs)}
        print(json.dumps({**told, "mean_eq_t_db": mean.eq_t_db, "mean": asdict(mean), "styles": rows}))
    else:
        _print({**found, "mean": mean})


def _print(found: Mapping[str, Figures]) -> None:
    from rich.table import Table

    table = Table(box=None)
    table.add_column("style", no_wrap=True)
    for heading in _HEADINGS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, figures in found.items():
        numbers = [getattr(figures, field) for field in _HEADINGS]
        digits = [1] * 5 + [3] * 2
        cells = ("" if n is None else f"{n:.{d}f}" for n, d in zip(numbers, digits, strict=True))
        table.add_row(name, *cells)
    console().print(table)
    console().print(f"mean EQ-T, fractions of a pixel: {found['mean'].eq_t_db:.2f} dB", markup=False)
