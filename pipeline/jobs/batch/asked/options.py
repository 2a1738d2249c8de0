"""What a batch can be told beside how each film is painted. Needs neither torch nor PyAV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.option import Notation, flag, option

PANEL = "Many films"
_MOST_JOBS = 64


@dataclass(frozen=True)
class BatchOptions:
    """Which films, where to, and how many at once. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    paths: tuple[str, ...] = option(
        (),
        help="Films, folders of films, and patterns such as 'shots/*.mov'. Of folders the tree is kept.",
        panel=PANEL,
        metavar="[PATHS...]",
        notation=Notation(str, str),
        repeats=True,
    )
    folder: Path | None = option(
        None,
        name="output",
        short="o",
        help="The folder for the painted films, and for the record of what is done.",
        panel=PANEL,
        metavar="FOLDER",
    )
    job_file: Path | None = option(
        None,
        help="A file in TOML that says all of this, with settings for each clip (docs/batch.md).",
        panel=PANEL,
        metavar="FILE.toml",
    )
    plan: bool = option(
        False,
        help="Say what would be painted, how long it takes and how much disk it needs, and end.",
        panel=PANEL,
    )
    jobs: int = option(
        1,
        help="How many films are painted at once, each by a process with its share of the cores.",
        panel=PANEL,
        least=1,
        most=_MOST_JOBS,
        metavar="N",
    )
    extension: str | None = option(
        None,
        help="The extension of the painted films, such as mov.",
        panel=PANEL,
        usual="each film's own, or mkv",
        metavar="EXT",
    )
    watch: Path | None = option(
        None,
        help="A folder: what is put there is painted once it has stopped growing, until Ctrl-C.",
        panel=PANEL,
        metavar="FOLDER",
    )
    report: Path | None = option(
        None,
        help="Write a page with a frame of each film before and after, what `score` measures, and its time.",
        panel=PANEL,
        metavar="FILE.html",
    )
    new_settings: bool = option(
        False,
        help="Take none of the settings that the folder was begun with, but those given now and defaults.",
        panel=PANEL,
    )

    def __post_init__(self) -> None:
        options.check(self)
        if self.extension is not None:
            _check_extension(self.extension)

    @property
    def suffix(self) -> str | None:
        """The extension with its dot, in lower case."""
        return None if self.extension is None else f".{self.extension.lower().lstrip('.')}"


def _check_extension(extension: str) -> None:
    if not extension.lstrip(".").isalnum():
        raise UsageError(f"{flag('extension')} {extension!r} is no extension; give one such as mov")
