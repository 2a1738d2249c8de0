"""Makes a trained painter the bundled one: its file, its line in the manifest, and what is measured of it.

    python benchmarks/bundle_painter.py FILE.safetensors --paintings FOLDER [--photographs FOLDER ...]
    python benchmarks/bundle_painter.py FILE.safetensors --unmeasured

Copies the file to models/weights/ and writes checksum, size of the network and provenance (from the file's
own header) into models/weights/manifest.json. All further options are for manifest_figures.py, which then
measures the styles as they are now bundled. Painter, year and licence of each style stay as
they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from common import ROOT
from macs import count

from stylize_video.models.feed_forward import blank_canvas, weights_file
from stylize_video.models.style_spec import parse

WEIGHTS = ROOT / "models" / "weights"
NAME = "eight-paintings"  # in the manifest
_COUNTED_AT = 640, 336  # px, whose sides fit the network


def described(file: Path) -> dict[str, str]:
    """What the manifest says of a file by itself: checksum, architecture and where it comes from."""
    opened = weights_file.open_file(file)
    painter = blank_canvas.load(parse(f"{file}#{opened.styles[0]}"))
    width, height = _COUNTED_AT
    macs = round(sum(count(painter.network, painter.style, width, height).values()) / (width * height))
    size = f"{len(opened.styles)} styles, {macs:,} multiply-accumulates a pixel"
    training = ", ".join(f"{name} {value}" for name, value in opened.provenance.items() if name != "config")
    return {
        "file": f"{NAME}.safetensors",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "kind": "canvas-net",
        "architecture": f"CanvasNet with {size}, fp16",
        "source": f"this project, by benchmarks/train_painter.py ({training}); its header has all settings",
    }


def bundle(file: Path, folder: Path = WEIGHTS) -> None:
    """Copy a painter to where the bundled ones lie, and say so in their manifest.

    Raises:
        SystemExit: its styles are not those of the manifest.
    """
    entry, manifest = described(file), json.loads((folder / "manifest.json").read_text("utf-8"))
    known = [style["name"] for style in manifest["weights"][NAME]["styles"]]
    held = weights_file.open_file(file).styles
    if list(held) != known:
        raise SystemExit(f"{file} holds {', '.join(held)}; the manifest has {', '.join(known)}")
    target = folder / entry["file"]
    if file.resolve() != target.resolve():
        shutil.copyfile(file, target)
    before: Mapping[str, object] = manifest["weights"][NAME]
    stale = (
        {} if before["sha256"] == entry["sha256"] else {"measured_on": "not yet: those of a painter before"}
    )
    manifest["weights"][NAME] = {**before, **entry, **stale}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _arguments() -> tuple[argparse.Namespace, Sequence[str]]:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument(
        "weights", type=Path, metavar="FILE", help="a painter's file, calibrated if it is to be"
    )
    made.add_argument("--unmeasured", action="store_true", help="for a trial: the figures stay as they are")
    return made.parse_known_args()


def main() -> int:
    """Copy, write, measure."""
    given, measuring = _arguments()
    bundle(given.weights)
    if given.unmeasured:
        return 0
    command = [sys.executable, str(ROOT / "benchmarks" / "manifest_figures.py"), *measuring]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
