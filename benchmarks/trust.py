"""What trust in motion is worth: clips steadied, and carried from keyframes, on old and new clips.

Each clip is shrunk and painted frame by frame by a feed-forward style, film to film by the installed program:
with the stabiliser and without. The paintings without it stand in for a slow artist's keyframes, and for the
filler's, so that carrying them asks for trust as `--method gatys` does, in a hundredth of the time.

    python benchmarks/trust.py [--clip FILM]... [--photographs FOLDER [--scenes N]] [--style NAME]...
        [--frames N] [--size PX] [--interval N] [--against JSON] [--json OUT]

Measured are, of each film by that of its plain painting: the relative warping error, which is Lai et al.'s
(models/motion/flow.py) by the squared detail, so that a picture with half the contrast is no steadier for it;
the detail, here the mean absolute horizontal difference of grey values; and how far means of 9x9 px are off
the frame's own painting (the 99th percentile, levels), where a ghost would show.

--photographs makes clips of known motion: one photograph pans, a disc of another crosses it. --against takes
the JSON of another commit's run of the same clips, prints both, and has goals.
"""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from common import ROOT, Goal, Report, parser, print_table
from excerpts import Clip, motion_between, packaged_clips, paint
from keyframed_films import paint_film
from numpy.typing import NDArray

from stylize_video.models.motion import flow
from stylize_video.pictures.pictures import Picture, read_picture

STYLES = ("kandinsky", "starry-night")
ERROR_GOAL, DETAIL_GOAL = 1.02, 0.99  # by the other commit's, the means
_AROUND = (9, 9)  # px
_SCENE = 180, 320  # px, height and width of a clip of photographs
_GRAIN = 1.5  # levels, standard deviation
_RADIUS = 45  # px, of the disc
_FASTEST = 2.5  # px a frame


@dataclass(frozen=True)
class Row:
    """One clip in one style, carried in one way."""

    clip: str
    style: str
    way: str  # "stabiliser" or "keyframes"
    relative_error: float
    error_ratio: float  # by that of the plain paintings
    detail_ratio: float
    off: float  # levels


def detail(pictures: Iterable[Picture]) -> float:
    """Mean absolute horizontal difference of grey values in 0..1, of all pictures."""
    greys = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in pictures)
    return float(np.mean([np.abs(np.diff(grey, axis=1)).mean() for grey in greys])) / 255


def relative_error(clip: Clip, pictures: Sequence[Picture], cuts: Collection[int]) -> float:
    """The warping error by the squared detail; pairs across a cut don't count."""
    pairs = [(n, pair) for n, pair in enumerate(pairwise(pictures)) if n + 1 not in cuts]
    errors = [flow.warping_error(*pair, *clip.motion[n]) for n, pair in pairs]
    return float(np.nanmean(errors)) / detail(pictures) ** 2


def off(pictures: Sequence[Picture], plain: Sequence[Picture]) -> float:
    """How far means over small areas are off the plain paintings, the 99th percentile in levels."""
    found = [_means_apart(one, other) for one, other in zip(pictures, plain, strict=True)]
    return float(np.percentile(np.stack(found), 99))


def _means_apart(one: Picture, other: Picture) -> NDArray[np.float32]:
    difference = cv2.blur(one.astype(np.float32) - other, _AROUND)
    return np.asarray(np.abs(difference).mean(-1), np.float32)


def photograph_scene(photographs: Sequence[Path], seed: int, count: int) -> list[Picture]:
    """Frames of a photograph that pans while a disc of another crosses it, with grain."""
    rng = np.random.default_rng(seed)
    ground, thing = (read_picture(photographs[n]) for n in rng.integers(0, len(photographs), 2))
    ground, thing = _shrunk(ground, 520, 400), _shrunk(thing, 160, 160)
    pan, speed = rng.uniform(-2, 2, 2), rng.uniform(-_FASTEST, _FASTEST, 2)
    y, x = np.mgrid[0 : _SCENE[0], 0 : _SCENE[1]].astype(np.float32)
    frames = []
    for step in range(-(count // 2), count - count // 2):
        across, down = x - 160 - speed[0] * step, y - 90 - speed[1] * step
        behind = _fetched(ground, x + 100 - pan[0] * step, y + 110 - pan[1] * step)
        disc = cv2.GaussianBlur((np.hypot(across, down) < _RADIUS).astype(np.float32), (0, 0), 0.7)
        frame = behind + disc[..., None] * (_fetched(thing, across + 80, down + 80) - behind)
        frame += rng.normal(0, _GRAIN, frame.shape)
        frames.append(np.clip(np.rint(frame), 0, 255).astype(np.uint8))
    return frames


def _shrunk(picture: Picture, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _fetched(picture: Picture, x: NDArray[np.floating], y: NDArray[np.floating]) -> NDArray[np.float32]:
    places = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return np.asarray(cv2.remap(picture, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.float32)


def write_film(target: Path, pictures: Sequence[Picture]) -> None:
    """Lossless but for its colours' coding, so that the program reads what is measured here."""
    with av.open(str(target), "w") as film:
        height, width = (side // 2 * 2 for side in pictures[0].shape[:2])
        stream = film.add_stream("ffv1", rate=25, pix_fmt="yuv444p")
        stream.width, stream.height = width, height
        for picture in pictures:
            whole = np.ascontiguousarray(picture[:height, :width])
            film.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="rgb24")))
        film.mux(stream.encode(None))


def read_film(film: Path) -> list[Picture]:
    """All frames, as Lai et al.'s measure takes them."""
    with av.open(str(film)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


class _Known:
    """An artist that has each frame's painting already."""

    def __init__(self, clip: Clip, plain: Sequence[Picture]) -> None:
        self._known = {frame.tobytes(): picture for frame, picture in zip(clip.frames, plain, strict=True)}

    def filler(self, original: Picture) -> NDArray[np.float32]:
        return np.asarray(self._known[original.tobytes()].astype(np.float32) / 255, np.float32)

    def paint(self, original: Picture, **_: object) -> NDArray[np.float32]:
        """See `keyframes.Artist`."""
        return self.filler(original)


def measure(clip: Clip, style: str, folder: Path, interval: int) -> list[Row]:
    """A clip in one style, steadied and by keyframes."""
    source, films = folder / "clip.mkv", {"plain": ["--no-stabilize"], "stabiliser": []}
    write_film(source, clip.frames)
    pictures = {}
    for name, options in films.items():
        paint(source, style, folder / f"{name}.mkv", "--codec", "ffv1", *options)
        pictures[name] = read_film(folder / f"{name}.mkv")
    plain = pictures.pop("plain")
    known = _Known(clip, plain)
    by_keys = paint_film(clip, known, Namespace(interval=interval, flow="dis"), known.filler)  # type: ignore[arg-type]
    pictures["keyframes"] = by_keys.pictures
    before, before_detail = relative_error(clip, plain, by_keys.cuts), detail(plain)
    return [
        Row(clip.name, style, way, error, error / before, detail(found) / before_detail, off(found, plain))
        for way, found in pictures.items()
        for error in [relative_error(clip, found, by_keys.cuts)]
    ]


def clips(given: Namespace) -> Iterable[Clip]:
    """All that were asked for, one after the other."""
    for path in given.clip or [ROOT / "samples" / "sample.mp4", *packaged_clips()]:
        yield _even(Clip.read(path, skip=given.skip, frames=given.frames, size=given.size))
    if given.photographs:
        photographs = sorted(given.photographs.glob("*.jpg"))
        for seed in range(1, given.scenes + 1):
            yield _clip(f"photographs {seed}", photograph_scene(photographs, seed, given.frames))


def _even(clip: Clip) -> Clip:
    """With even sides, which every codec takes."""
    height, width = (side // 2 * 2 for side in clip.frames[0].shape[:2])
    if (height, width) == clip.frames[0].shape[:2]:
        return clip
    return _clip(clip.name, [np.ascontiguousarray(frame[:height, :width]) for frame in clip.frames])


def _clip(name: str, frames: list[Picture]) -> Clip:
    return Clip(name, frames, [motion_between(*pair) for pair in pairwise(frames)])


def goals(rows: Sequence[Row], others: Sequence[Row]) -> list[Goal]:
    """The means of what this commit has by what the other has, each way."""
    theirs = {(row.clip, row.style, row.way): row for row in others}
    made = []
    for way in dict.fromkeys(row.way for row in rows):
        pairs = [(r, theirs[r.clip, r.style, r.way]) for r in rows if r.way == way]
        error = np.mean([one.relative_error / other.relative_error for one, other in pairs])
        kept = np.mean([one.detail_ratio / other.detail_ratio for one, other in pairs])
        made += [
            Goal(f"{way}: relative warping error by the other commit's", float(error), ERROR_GOAL),
            Goal(f"{way}: detail by the other commit's", float(kept), DETAIL_GOAL, at_least=True),
        ]
    return made


def _print(rows: Sequence[Row], others: Sequence[Row]) -> None:
    theirs = {(row.clip, row.style, row.way): row for row in others}
    lines = []
    for row in rows:
        other = theirs.get((row.clip, row.style, row.way))
        pairs = [_figures(row)] if other is None else zip(_figures(other), _figures(row), strict=True)
        lines.append([row.clip, row.style, row.way, *chain.from_iterable(pairs)])
    names = ("relative error", "by plain", "detail by plain", "off")
    header = [f"{name}{when}" for name in names for when in ((" before", " now") if others else ("",))]
    print_table(["clip", "style", "way", *header], lines)


def _figures(row: Row) -> tuple[float, ...]:
    return row.relative_error, row.error_ratio, row.detail_ratio, row.off


def _arguments() -> Namespace:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--clip", action="append", type=Path, metavar="FILM", help="default: the sample and packaged ones"
    )
    arguments.add_argument("--style", action="append", help=f"default: {' and '.join(STYLES)}")
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="make clips of these too")
    arguments.add_argument("--scenes", type=int, default=2, metavar="N", help="how many of them")
    arguments.add_argument("--frames", type=int, default=48, metavar="N", help="of each clip")
    arguments.add_argument("--skip", type=int, default=0, metavar="K", help="frames left out before them")
    arguments.add_argument("--size", type=int, default=320, metavar="PX", help="longer side, at most")
    arguments.add_argument("--interval", type=int, default=12, metavar="N", help="frames from key to key")
    arguments.add_argument("--against", type=Path, metavar="JSON", help="what another commit's run wrote")
    return arguments.parse_args()


def main() -> int:
    """Paint and measure each clip; print a table."""
    given = _arguments()
    others = []
    if given.against:
        others = [Row(**row) for row in json.loads(given.against.read_text("utf-8"))["figures"]["clips"]]
    rows: list[Row] = []
    for clip in clips(given):
        for style in given.style or STYLES:
            with tempfile.TemporaryDirectory() as folder:
                rows += measure(clip, style, Path(folder), given.interval)
    _print(rows, others)
    settings = {name: getattr(given, name) for name in ("frames", "skip", "size", "interval")}
    figures = {"clips": [asdict(row) for row in rows], **settings}
    return Report("trust", figures, goals(rows, others) if others else []).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
