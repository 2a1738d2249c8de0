"""What a score can be asked for, and what is refused at once. Needs neither torch nor PyAV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths, whole_file
from stylize_video.models import style_spec, styles
from stylize_video.pictures import picture_names

SMALLEST = 16  # px, of which the flow finds its patches


@dataclass(frozen=True)
class ScoreOptions:
    """How to look at two films. Checked when made.

    Raises:
        UsageError: a value out of its range, or an unknown style.
        InputError: no such picture of a painting.
    """

    max_size: int = 640  # px, longer side of the frames that are measured; larger ones are shrunk
    style: str | None = None  # a picture of the painting, or a style's name; None: no distances
    places: int = 0  # how many of the worst places to keep pictures of

    def __post_init__(self) -> None:
        if self.max_size < SMALLEST:
            raise UsageError(f"max size {self.max_size} px is out of range; give {SMALLEST} or more")
        if self.painting is not None:
            if not paths.is_file(self.painting):
                raise InputError(f"{self.painting}: {paths.no_such(self.painting, 'picture of a painting')}")
        elif self.style is not None:
            styles.check(style_spec.parse(self.style))

    @property
    def painting(self) -> Path | None:
        """The picture of the painting, if that is what the style was given by."""
        if self.style is None or Path(self.style).suffix.lower() not in picture_names.READ:
            return None
        return Path(self.style)


def check_files(source: Path, output: Path, page: Path | None, *, overwrite: bool) -> None:
    """See whether both films are there and the page could be written, before the work is done.

    Raises:
        InputError: no such film.
        OutputError, OutputExistsError: the page can't be written, or exists.
        UsageError: the page is not called .html.
    """
    for film in (source, output):
        if paths.is_folder(film):
            raise InputError(f"{film}: is a folder; give a film")
        if not paths.is_file(film):
            raise InputError(f"{film}: {paths.no_such(film, 'file')}")
    if page is None:
        return
    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{page}: the report is a page; give it a name that ends in .html")
    whole_file.check_target(page, overwrite=overwrite)
