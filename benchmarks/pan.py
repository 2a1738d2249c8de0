"""Do strokes move with the things? Films by the plain and by the alias-free painter, without the stabiliser.

A slow pan over photographs is rendered: 0.37 px a frame, by Fourier's shift, which is exact. What moved is
known then, so that what is left of a painting carried along is the painter's own: the relative warping error
(excerpts.py), carried in the Fourier domain as well, away from the borders. "Exact" is painted in float32 on
canvases carried by that motion, and not rounded; "film" is the whole job, which finds the motion itself, in
bytes. Real films (--clip) are measured along the flow that is found of them, as films.py does.

    python benchmarks/pan.py --photographs FOLDER [--alias-free FILE] [--clip FILM]... [--style NAME]...
        [--count 3] [--frames 16] [--slice OUT.jpg] [--json OUT]

--alias-free takes a weights file instead of the bundled alias-free painter. --slice writes one row of a pan
over the first photograph, in the first style, frame below frame: plain on the left, alias-free on the right.
Strokes that move with the things are slanted lines there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from common import Goal, Report, parser, print_table
from excerpts import Clip, read_frames, write_excerpt
from numpy.typing import NDArray

from stylize_video.models import methods, styles
from stylize_video.models.alias_free.method import AliasFree
from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.feed_forward.method import FeedForward
from stylize_video.models.motion import flow
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.style_spec import parse
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import Picture, read_picture, write_picture
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest

Frames = Sequence[NDArray[np.float32]]  # (H, W, 3) in 0..1 each

STEP = 0.37  # px a frame
SLICE_FRAMES, SLICE_WIDTH, SLICE_ROWS = 96, 192, 2  # and rows of a picture for each frame
WIDTH, HEIGHT = 384, 256  # px
JUDGED = 24  # px from the borders and on
RATE = 25
CLIP_FRAMES, CLIP_SKIP, CLIP_SIZE = 24, 30, 512
PAN_GOAL, CLIP_GOAL = 0.25, 0.7  # of the plain painter's
PLAIN, FREE = FeedForward.name, AliasFree.name


@dataclass(frozen=True)
class Row:
    """One film in one style by one painter."""

    film: str
    way: str  # "exact", "film" or "clip"
    style: str
    painter: str
    warping_error: float  # of values in 0..1
    relative_warping_error: float


def shifted(picture: NDArray[np.float32], px: float) -> NDArray[np.float32]:
    """(H, W, 3) moved to the left by any fraction of a pixel; its sides are mirrored, not wrapped."""
    wide = np.concatenate([picture, picture[:, ::-1]], axis=1)
    turn = np.exp(2j * np.pi * np.fft.rfftfreq(wide.shape[1]) * px)[None, :, None]
    moved = np.fft.irfft(np.fft.rfft(wide, axis=1) * turn, n=wide.shape[1], axis=1)
    return np.asarray(moved[:, : picture.shape[1]], np.float32)


def pan(photograph: Picture, frames: int) -> Frames:
    """A photograph, shown by a camera that turns to the right."""
    rim = JUDGED + round(STEP * frames)
    scale = max((WIDTH + 2 * rim) / photograph.shape[1], (HEIGHT + 2 * rim) / photograph.shape[0])
    sides = zip((WIDTH + 2 * rim, HEIGHT + 2 * rim), photograph.shape[1::-1], strict=True)
    size = [max(least, round(scale * side)) for least, side in sides]
    large = cv2.resize(photograph, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    scene = (np.asarray(large, np.float32) / 255).astype(np.float32)
    cut = (slice(rim, rim + HEIGHT), slice(rim, rim + WIDTH))
    return [shifted(scene, STEP * number)[cut].clip(0, 1) for number in range(frames)]


def measured(painted: Frames) -> tuple[float, float]:
    """Warping error and relative warping error of a pan's paintings, along the motion that is known."""
    inner = (slice(JUDGED, -JUDGED), slice(JUDGED, -JUDGED))
    errors = [
        float(np.square(shifted(before, STEP)[inner] - after[inner]).mean())
        for before, after in pairwise(painted)
    ]
    details = [flow.horizontal_detail(np.rint(255 * p.clip(0, 1)).astype(np.uint8)) for p in painted]
    error = statistics.fmean(errors)
    return error, error / statistics.fmean(details) ** 2


def painted_exactly(frames: Frames, spec: str, method: str) -> Frames:
    """In float32, on canvases that are carried by the motion that is known."""
    style = parse(spec)
    found = gallery.load(style, methods.networks_for(style, method))
    painter = engine.open_engine(found.parameters, CPU, exact=True)
    first = painter.new_canvas(HEIGHT, WIDTH)
    step = np.array([STEP, 0], np.float32)
    canvases = [replace(first, places=first.places + number * step) for number in range(len(frames))]
    return [
        np.asarray(painter.paint(frame[None], [canvas], found.style), np.float32)[0]
        for frame, canvas in zip(frames, canvases, strict=True)
    ]


def painted_as_a_film(frames: Frames, spec: str, method: str, folder: Path) -> Frames:
    """By the whole job, without the stabiliser."""
    film = folder / "pan.mkv"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("ffv1", rate=Fraction(RATE), pix_fmt="yuv444p")
        stream.width, stream.height = WIDTH, HEIGHT
        for frame in frames:
            picture = np.rint(255 * frame).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return [(np.asarray(p, np.float32) / 255).astype(np.float32) for p in _job(film, spec, method, folder)]


def _job(film: Path, spec: str, method: str, folder: Path) -> Iterator[Picture]:
    target = folder / "painted.mkv"
    options = {"style": spec, "method": method, "stabilize": False, "codec": "ffv1", "overwrite": True}
    job.paint(PaintRequest.of(film, target, device="cpu", **options))
    yield from read_frames(target)


def of_photograph(
    path: Path, painters: dict[str, str | None], names: Sequence[str], frames: int
) -> list[Row]:
    """A pan over a photograph in all styles by both painters; `painters` has each one's weights file."""
    film, rows = pan(read_picture(path), frames), []
    with tempfile.TemporaryDirectory() as folder:
        for style in names:
            for method, file in painters.items():
                spec = style if file is None else f"{file}#{style}"
                exact = measured(painted_exactly(film, spec, method))
                whole = measured(painted_as_a_film(film, spec, method, Path(folder)))
                rows += [
                    Row(path.name, way, style, method, *f) for way, f in (("exact", exact), ("film", whole))
                ]
                _tell(rows[-2:])
    return rows


def of_clip(path: Path, painters: dict[str, str | None], names: Sequence[str]) -> list[Row]:
    """An excerpt of a real film likewise, along the flow that is found of it."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        excerpt = Path(name, f"{path.stem}.mkv")
        size = write_excerpt(path, excerpt, skip=CLIP_SKIP, frames=CLIP_FRAMES, size=CLIP_SIZE)
        clip = Clip.read(excerpt, skip=0, frames=CLIP_FRAMES, size=max(size))
        for style in names:
            for method, file in painters.items():
                spec = style if file is None else f"{file}#{style}"
                found = clip.measure(_job(excerpt, spec, method, Path(name)))
                figures = (found.warping_error, found.relative_warping_error)
                rows.append(Row(path.name, "clip", style, method, *figures))
                _tell(rows[-1:])
    return rows


def slices(photograph: Picture, painters: dict[str, str | None], style: str) -> Picture:
    """(192, 384, 3): the middle row of a pan's paintings, twice each, by both painters."""
    film, found = pan(photograph, SLICE_FRAMES), []
    with tempfile.TemporaryDirectory() as folder:
        for method, file in painters.items():
            spec = style if file is None else f"{file}#{style}"
            painted = painted_as_a_film(film, spec, method, Path(folder))
            rows = np.stack([frame[HEIGHT // 2, JUDGED : JUDGED + SLICE_WIDTH] for frame in painted])
            found.append(np.rint(255 * rows.repeat(SLICE_ROWS, axis=0)).astype(np.uint8))
    return np.concatenate(found, axis=1)


def _tell(rows: Sequence[Row]) -> None:
    for row in rows:
        print(
            f"{row.film}, {row.way}, {row.style} by {row.painter}: {row.warping_error * 1e4:.3f}e-4, "
            f"relative {row.relative_warping_error:.4f}",
            file=sys.stderr,
            flush=True,
        )


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """Of the relative errors, alias-free by plain, means over styles: of pans by their way, of each clip."""
    found = {}
    for name in dict.fromkeys(row.way if row.way != "clip" else row.film for row in rows):
        some = [row for row in rows if name in (row.way, row.film)]
        free, plain = (
            statistics.fmean(row.relative_warping_error for row in some if row.painter == painter)
            for painter in (FREE, PLAIN)
        )
        found[name] = free / plain
    return found


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--photographs", type=Path, required=True, metavar="FOLDER")
    made.add_argument("--alias-free", type=Path, metavar="FILE", help="else the bundled one")
    made.add_argument("--clip", action="append", type=Path, metavar="FILM", help="a real film, beside pans")
    made.add_argument("--style", action="append", metavar="NAME", help="default: all bundled")
    made.add_argument("--count", type=int, default=3, help="photographs, spread over the folder")
    made.add_argument("--frames", type=int, default=16, help="of a pan")
    made.add_argument("--slice", type=Path, metavar="OUT.jpg", help="write that picture, and measure nothing")
    return made.parse_args()


def main() -> int:
    """Paint, measure, print."""
    given = _arguments()
    painters = {PLAIN: None, FREE: given.alias_free and str(given.alias_free)}
    names = given.style or list(styles.available())
    paths = sorted(path for path in given.photographs.iterdir() if path.suffix.lower() in READ)
    if given.slice:
        write_picture(given.slice, slices(read_picture(paths[0]), painters, names[0]))
        return 0
    rows: list[Row] = []
    for path in paths[:: max(1, len(paths) // given.count)][: given.count]:
        rows += of_photograph(path, painters, names, given.frames)
    for clip in given.clip or []:
        rows += of_clip(clip, painters, names)
    print_table(tuple(Row.__annotations__), [tuple(asdict(row).values()) for row in rows])
    found = ratios(rows)
    goals = [
        Goal(f"{name}: alias-free by plain", ratio, PAN_GOAL if name in ("exact", "film") else CLIP_GOAL)
        for name, ratio in found.items()
    ]
    return Report("pan", {"ratios": found, "rows": [asdict(row) for row in rows]}, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
