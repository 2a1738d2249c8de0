"""How much rims around dark things show, in a photograph and in its paintings: see models/perceptual/rims.py.

All are looked at in 512 px.

    python benchmarks/rims.py PHOTOGRAPH PAINTED... [--json OUT]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from common import Report, parser, print_table

from stylize_video.models.perceptual import brushwork, rims
from stylize_video.pictures.pictures import Picture, read_picture


def _as_large(photograph: Picture, path: Path) -> Picture:
    """Another picture in a photograph's size."""
    height, width = photograph.shape[:2]
    resized = cv2.resize(read_picture(path), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def main() -> int:
    """Measure each; print a table."""
    arguments = parser(__doc__)
    arguments.add_argument("photograph", type=Path)
    arguments.add_argument("painted", type=Path, nargs="+", help="in another size: brought to its own")
    given: argparse.Namespace = arguments.parse_args()
    photograph = brushwork.looked_at(read_picture(given.photograph))
    where = rims.places(photograph)
    try:
        found = {"the photograph": [rims.difference(photograph, places) for places in where]}
    except ValueError as error:
        raise SystemExit(f"{given.photograph}: {error}") from error
    for path in given.painted:
        found[str(path)] = [rims.difference(_as_large(photograph, path), places) for places in where]
    print_table(("picture", *(f"{a} to {b} px" for a, b in rims.BANDS)), [(n, *d) for n, d in found.items()])
    return Report("rims", found).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
