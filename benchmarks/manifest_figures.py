"""Measures the bundled styles and writes their figures into the manifest, from where `styles` tells them.

To be run whenever the weights have changed: canvas_quality.py and films.py for this product alone, then
style and content distance, bare canvas, warping error and relative warping error of each style. What one of
the two has found already may be given by its JSON.

    python benchmarks/manifest_figures.py --paintings FOLDER [--photographs FOLDER --held-out 24]
        [--draft | --alias-free] [--also FILM]... [--quality JSON] [--films JSON] [--json OUT]

With --draft they are those of the draft, as --quality draft paints; with --alias-free those of
the alias-free painter.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, Report, parser, print_table

from stylize_video.models import styles

MANIFEST = ROOT / "models" / "weights" / "manifest.json"
NAMES = ("style_distance", "content_distance", "bare_canvas", "warping_error", "relative_warping_error")
_DIGITS = {"warping_error": 6}  # behind the point; of the others, 3

Figures = dict[str, dict[str, float]]  # by style and name


def of_photographs(report: dict[str, Any]) -> Figures:
    """What canvas_quality.py found of this product's styles."""
    means = report["figures"]["means"]["this"]
    names = {"style_distance": "style", "content_distance": "content", "bare_canvas": "bare"}
    return {
        style: {name: found[key] for name, key in names.items()}
        for style, found in means.items()
        if style != "mean"
    }


def of_films(report: dict[str, Any]) -> Figures:
    """What films.py found of this product's steadied films, the means over the clips."""
    rows = [row for row in report["figures"]["films"] if row["painter"] == "this" and row["steadied"]]
    return {
        style: {
            name: statistics.fmean(row[name] for row in rows if row["style"] == style) for name in NAMES[3:]
        }
        for style in dict.fromkeys(row["style"] for row in rows)
    }


def written(
    manifest: dict[str, Any], figures: Figures, measured_on: str, *, networks: str = styles.FULL
) -> set[str]:
    """Put figures of a set of networks into a manifest, in place; the styles that it has."""
    found = set()
    for weights in manifest["weights"].values():
        if styles.set_of(weights) != networks:
            continue
        for style in weights.get("styles", []):
            if style["name"] not in figures:
                continue
            own = figures[style["name"]]
            rounded = {name: round(own[name], _DIGITS.get(name, 3)) for name in NAMES}
            rest = {name: value for name, value in style.items() if name not in NAMES}
            style.clear()
            style.update({**rest, **rounded})
            weights["measured_on"] = measured_on
            found.add(style["name"])
    return found


def _measured(name: str, given: argparse.Namespace, options: list[str]) -> dict[str, Any]:
    """A benchmark's report: run now, if it is not at hand. Whether its goals are met is its own affair."""
    ready = getattr(given, name)
    with tempfile.TemporaryDirectory() as folder:
        target = ready or Path(folder, "report.json")
        if ready is None:
            program = ROOT / "benchmarks" / f"{'canvas_quality' if name == 'quality' else name}.py"
            command = [sys.executable, str(program), "--paintings", str(given.paintings), *options]
            subprocess.run([*command, "--json", str(target)], check=False)
        found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return found


def _painting_with(manifest: dict[str, Any], networks: str) -> list[str]:
    """Options by which both benchmarks paint with a set of networks."""
    if networks == styles.FULL:
        return []
    file = next(
        e["file"] for e in manifest["weights"].values() if e.get("styles") and styles.set_of(e) == networks
    )
    return ["--weights", str(MANIFEST.with_name(file))]


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    which = arguments.add_mutually_exclusive_group()
    for name, networks in (("draft", styles.DRAFT), ("alias-free", styles.ALIAS_FREE)):
        which.add_argument(
            f"--{name}", dest="networks", action="store_const", const=networks, help=f"of the {name} painter"
        )
    arguments.set_defaults(networks=styles.FULL)
    arguments.add_argument("--paintings", type=Path, required=True, metavar="FOLDER")
    arguments.add_argument("--photographs", type=Path, metavar="FOLDER", help="see canvas_quality.py")
    arguments.add_argument("--held-out", type=int, default=0, metavar="N", help="likewise")
    arguments.add_argument("--also", action="append", type=Path, metavar="FILM", help="see films.py")
    arguments.add_argument("--quality", type=Path, metavar="JSON", help="what canvas_quality.py wrote")
    arguments.add_argument("--films", type=Path, metavar="JSON", help="what films.py wrote")
    return arguments.parse_args()


def main() -> int:
    """Measure, write, print."""
    given = _arguments()
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    own = _painting_with(manifest, given.networks)
    folder = ["--photographs", str(given.photographs), "--held-out", str(given.held_out)]
    quality = _measured("quality", given, [*own, *(folder if given.photographs else [])])
    more = [word for film in given.also or [] for word in ("--also", str(film))]
    quality_option = ["--quality", given.networks] if given.networks == styles.DRAFT else []
    films = _measured("films", given, [*own, *quality_option, *more])
    photographs, clips = of_photographs(quality), of_films(films)
    figures = {style: photographs[style] | clips[style] for style in photographs.keys() & clips.keys()}
    count, seen = len(quality["figures"]["photographs"]), {r["clip"] for r in films["figures"]["films"]}
    measured_on = (
        f"{count} photographs, 512 px on the longer side, by benchmarks/canvas_quality.py; "
        f"{', '.join(sorted(seen))}, {films['figures']['excerpt']}, by benchmarks/films.py"
    )
    found = written(manifest, figures, measured_on, networks=given.networks)
    MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    print_table(("style", *NAMES), [(s, *(figures[s][n] for n in NAMES)) for s in figures if s in found])
    print(f"written: {MANIFEST.relative_to(ROOT)}, {len(found)} styles")
    return Report("manifest_figures", {"styles": figures}).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
