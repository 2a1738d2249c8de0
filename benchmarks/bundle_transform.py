"""Makes trained networks of the transform the bundled ones: their file, made small, and its checksum.

    python benchmarks/bundle_transform.py FILE.safetensors

Writes them to models/weights/wct.safetensors with large tensors as `byte_tensors`, and the checksum into
models/weights/manifest.json. What it says of training and figures stays as it is: wct_quality.py measures
them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from common import ROOT

from stylize_video.models import weights
from stylize_video.models.wct import levels, weights_file
from stylize_video.models.wct.training import saving

WEIGHTS = ROOT / "models" / "weights"
NAME = levels.BUNDLED  # in the manifest


def bundle(file: Path, folder: Path = WEIGHTS) -> None:
    """Write the small file, and say so in the manifest."""
    found = weights_file.open_file(file)
    provenance = json.loads(weights.read(file).metadata["provenance"])
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    target = folder / manifest["weights"][NAME]["file"]
    ranges = found.parameters.ranges
    saving.save(target, found.network, found.paintings, provenance, ranges, small=True)
    manifest["weights"][NAME]["sha256"] = hashlib.sha256(target.read_bytes()).hexdigest()
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n", "utf-8")


def main() -> int:
    """Do it, and say how large the file is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path, metavar="FILE")
    bundle(parser.parse_args().weights)
    print(f"{(WEIGHTS / f'{NAME}.safetensors').stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
