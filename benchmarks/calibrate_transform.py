"""Lets the transform's networks multiply bytes: finds the ranges of their numbers and adds them to the file.

A training does that by itself; this is for files that were made before it did. The tensors stay as they are,
byte by byte. Without --weights it is the bundled file, and the manifest gets its checksum.

    python benchmarks/calibrate_transform.py --photographs FOLDER [--held-out N] [--count 10] [--weights FILE]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from bundle_transform import NAME, WEIGHTS
from common import parser
from photographs import photographs

from stylize_video.files import whole_file
from stylize_video.models import weights
from stylize_video.models.runtimes.program import ChannelRanges
from stylize_video.models.wct import weights_file
from stylize_video.models.wct.program import RANGES
from stylize_video.models.wct.training import calibration
from stylize_video.models.weights.safetensors_file import LENGTH


def write(path: Path, found: ChannelRanges) -> None:
    """Write ranges into the header of a file."""
    data = path.read_bytes()
    end = LENGTH + int.from_bytes(data[:LENGTH], "little")
    header = json.loads(data[LENGTH:end])
    header["__metadata__"][RANGES] = json.dumps(dict(found))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data begin at a whole number of eight bytes
    whole_file.write(whole_file.destination(path), len(text).to_bytes(LENGTH, "little") + text + data[end:])


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--weights", type=Path, help="default: the bundled ones")
    made.add_argument("--photographs", type=Path, help="a folder; default: packaged ones")
    made.add_argument("--held-out", type=int, default=0, help="only those that training with so many kept")
    made.add_argument("--count", type=int, default=10, help="at most so many photographs")
    given: argparse.Namespace = made.parse_args()
    return given


def main() -> int:
    """Calibrate; the exit code."""
    given = _arguments()
    path = given.weights or WEIGHTS / weights.manifest()[NAME]["file"]
    opened = weights_file.open_file(path)
    pictures = [picture for _, picture in photographs(given)][: given.count]
    write(path, calibration.find_ranges(opened.network, pictures, list(opened.paintings.values())))
    weights_file.open_file(path)  # as whoever reads it will
    if given.weights is None:
        manifest = json.loads((WEIGHTS / "manifest.json").read_text("utf-8"))
        manifest["weights"][NAME]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (WEIGHTS / "manifest.json").write_text(text + "\n", "utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
