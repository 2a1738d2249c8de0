"""Measures how near a style's pictures come to the painting, and how much of the photograph they keep.

Style and content distance as in models/losses.py, at 512 px, by the very function that training
reports with. The painting isn't part of this project: give its picture.

    python benchmarks/quality.py --style kandinsky --painting PICTURE
        [--photographs FOLDER [--held-out N]] [--json OUT]

Without a folder, the photographs come from scikit-image and scikit-learn, as far as those are
installed. With --held-out, only those of the folder that `stylize-video train --held-out N` kept; the
same N, since each number splits the folder differently (the bundled style was trained with 24).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from common import Goal, Report, parser, print_table

from stylize_video.errors import StylizeVideoError
from stylize_video.models import styles
from stylize_video.models.photographs import SUFFIXES, PhotographSet, Picture, read_picture
from stylize_video.models.train_style import SHORTER_SIDE
from stylize_video.models.training import measure

STYLE_GOAL, CONTENT_GOAL = 0.18, 1.3

# Where packages keep photographs that nothing here was trained on.
_PACKAGED = {
    "skimage": ("data/astronaut.png", "data/coffee.png", "data/chelsea.png", "data/rocket.jpg"),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}


def photographs(given: argparse.Namespace) -> list[tuple[str, Picture]]:
    """The photographs asked for, each with a name."""
    if given.photographs is None:
        return [(path.name, read_picture(path)) for path in _packaged()]
    if given.held_out:
        kept = PhotographSet.from_folder(
            given.photographs, held_out=given.held_out, shorter_side=SHORTER_SIDE
        ).held_out
        return [(f"held out {number}", picture) for number, picture in enumerate(kept, 1)]
    paths = sorted(p for p in given.photographs.iterdir() if p.suffix.lower() in SUFFIXES)
    return [(path.name, read_picture(path)) for path in paths]


def _packaged() -> Iterator[Path]:
    for package, files in _PACKAGED.items():
        spec = find_spec(package)  # finds it without importing it
        if spec is None or spec.origin is None:
            print(f"note: {package} is not installed; its photographs are left out", file=sys.stderr)
            continue
        folder = Path(spec.origin).parent
        yield from (folder / file for file in files if (folder / file).exists())


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--style", default="kandinsky", help="a bundled style or a weights file")
    arguments.add_argument("--painting", type=Path, required=True, help="a picture of the painting")
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="default: packaged ones")
    arguments.add_argument(
        "--held-out", type=int, default=0, metavar="N", help="only those that training with --held-out N kept"
    )
    given = arguments.parse_args()
    if given.held_out and given.photographs is None:
        arguments.error("--held-out needs --photographs FOLDER")
    if given.photographs is not None and not given.photographs.is_dir():
        arguments.error(f"{given.photographs}: no such folder")
    return given


def main() -> int:
    """Measure each photograph by itself, print a table."""
    given = _arguments()
    try:
        painter, painting, chosen = styles.load(given.style), read_picture(given.painting), photographs(given)
    except StylizeVideoError as error:
        raise SystemExit(str(error)) from error
    if not chosen:
        raise SystemExit("no photographs; give a folder with --photographs, or install scikit-image")
    found = {name: measure(painter.network, painting, [picture]) for name, picture in chosen}
    style, content = (sum(column) / len(found) for column in zip(*found.values(), strict=True))
    rows = [(name, *distances) for name, distances in found.items()]
    print_table(("photograph", "style distance", "content distance"), [*rows, ("mean", style, content)])
    figures = {
        "style": given.style,
        "photographs": str(given.photographs or "packaged"),
        "held_out": given.held_out,
        "style_distance": style,
        "content_distance": content,
        "pictures": {name: {"style": s, "content": c} for name, (s, c) in found.items()},
    }
    goals = [
        Goal("mean style distance", style, STYLE_GOAL),
        Goal("mean content distance", content, CONTENT_GOAL),
    ]
    return Report("quality", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
