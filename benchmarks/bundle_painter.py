"""Makes a trained painter the bundled one: its file, its line in the manifest, and what is measured of it.

    python benchmarks/bundle_painter.py FILE.safetensors --paintings FOLDER [--photographs FOLDER
        [--held-out 24]] [--quality JSON] [--films JSON] [--unmeasured]

Copies the file to models/weights/, writes checksum, size of the network and provenance (from the file's own
header) into models/weights/manifest.json, then measures the styles as they are now bundled: distances and
bare canvas by canvas_quality.py, warping errors by films.py. What these wrote of the same file with --json
may be given instead. Painter, year, licence, stability and sharpening of each style stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import ROOT, parser
from macs import count

from stylize_video.models import styles
from stylize_video.models.feed_forward import blank_canvas, weights_file
from stylize_video.models.style_spec import parse

WEIGHTS = ROOT / "models" / "weights"
MANIFEST = WEIGHTS / "manifest.json"
NAME = "eight-paintings"  # in the manifest
FIGURES = ("style_distance", "content_distance", "bare_canvas", "warping_error", "relative_warping_error")
_COUNTED_AT = 640, 336  # px, whose sides fit the network


def network_of(file: Path) -> dict[str, str]:
    """What the manifest says of a file by itself: checksum, architecture and where it comes from."""
    opened = weights_file.open_file(file)
    painter = blank_canvas.load(parse(f"{file}#{opened.styles[0]}"))
    width, height = _COUNTED_AT
    macs = round(sum(count(painter.network, painter.style, *_COUNTED_AT).values()) / (width * height))
    size = f"{len(opened.styles)} styles, {macs:,} multiply-accumulates a pixel"
    training = ", ".join(f"{name} {value}" for name, value in opened.provenance.items() if name != "config")
    return {
        "file": f"{NAME}.safetensors",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "kind": "canvas-net",
        "architecture": f"CanvasNet with {size}, fp16",
        "source": f"this project, by benchmarks/train_painter.py ({training}); its header has all settings",
    }


def of_photographs(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By style, what canvas_quality.py has found."""
    means: Mapping[str, Mapping[str, float]] = figures["means"]["this"]
    return {
        name: {
            "style_distance": round(found["style"], 3),
            "content_distance": round(found["content"], 3),
            "bare_canvas": round(found["bare"], 3),
        }
        for name, found in means.items()
        if name != "mean"
    }


def of_films(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By style, what films.py has found of films painted as by default: means over the clips."""
    rows = [row for row in figures["films"] if row["painter"] == "this" and row["steadied"]]
    found = {}
    for name in dict.fromkeys(row["style"] for row in rows):
        own = [row for row in rows if row["style"] == name]
        found[name] = {
            "warping_error": round(statistics.fmean(row["warping_error"] for row in own), 6),
            "relative_warping_error": round(
                statistics.fmean(row["relative_warping_error"] for row in own), 3
            ),
        }
    return found


def changed(style: Mapping[str, Any], *measured: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """A style's entry with new figures; of those that nobody measured, the two that have to be there stay."""
    kept = {name: value for name, value in style.items() if name not in FIGURES[2:]}
    for figures in measured:
        kept |= figures.get(style["name"], {})
    first = [name for name in style if name not in FIGURES and name not in ("stability", "sharpening")]
    order = [*first, *FIGURES, "stability", "sharpening"]
    return {name: kept[name] for name in order if name in kept}


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument(
        "weights", type=Path, metavar="FILE", help="a painter's file, calibrated if it is to be"
    )
    made.add_argument("--paintings", type=Path, metavar="FOLDER", help="has NAME.jpg for each style")
    made.add_argument("--photographs", type=Path, metavar="FOLDER", help="beside packaged ones")
    made.add_argument("--held-out", type=int, default=0, metavar="N", help="only those that training kept")
    made.add_argument("--quality", type=Path, metavar="JSON", help="of canvas_quality.py, if it is there")
    made.add_argument("--films", type=Path, metavar="JSON", help="of films.py, if it is there")
    made.add_argument("--unmeasured", action="store_true", help="only the file and its checksum, for a trial")
    given = made.parse_args()
    if not given.unmeasured and given.paintings is None and None in (given.quality, given.films):
        made.error("what is to be measured needs --paintings")
    return given


def measured(program: str, known: Path | None, options: Sequence[object]) -> Any:
    """What a benchmark finds, or has found."""
    if known is None:
        with tempfile.TemporaryDirectory(prefix="stylize-video-benchmark-") as folder:
            target = Path(folder) / "found.json"
            command = [sys.executable, ROOT / "benchmarks" / program, *options, "--json", target]
            subprocess.run(
                [str(word) for word in command], check=False
            )  # a goal that is missed is told by it
            return json.loads(target.read_text("utf-8"))["figures"]
    return json.loads(known.read_text("utf-8"))["figures"]


def write(entry: Mapping[str, Any]) -> None:
    """Change the painter's line in the manifest."""
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    manifest["weights"][NAME] |= entry
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    """Copy, write, measure, write again."""
    given = _arguments()
    known = weights_file.open_file(given.weights).styles
    if list(known) != list(styles.available()):
        raise SystemExit(f"{given.weights} holds {', '.join(known)}; the manifest has other styles")
    entry = network_of(given.weights)
    target = WEIGHTS / entry["file"]
    if given.weights.resolve() != target.resolve():
        shutil.copyfile(given.weights, target)
    write(entry)
    if given.unmeasured:
        write({"measured_on": "not yet: the figures are those of a painter before"})
        return 0
    folders = ["--paintings", given.paintings]
    photographs = [*folders, *(("--photographs", given.photographs) if given.photographs else ())]
    found = (
        of_photographs(
            measured("canvas_quality.py", given.quality, [*photographs, "--held-out", given.held_out])
        ),
        of_films(measured("films.py", given.films, folders)),
    )
    styled = json.loads(MANIFEST.read_text("utf-8"))["weights"][NAME]["styles"]
    write(
        {
            "measured_on": "photographs and films not trained on, by canvas_quality.py and films.py",
            "styles": [changed(style, *found) for style in styled],
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
