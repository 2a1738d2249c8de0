"""Lets a painter with a canvas multiply bytes: finds the ranges of its numbers and writes them into its file.

A part of making weights, after the training; channels are scaled so that all use the bytes, which changes
nothing in floats. With --compare, how near the
quantised painting is to that in float32, on this machine.

    python benchmarks/calibrate_painter.py --weights FILE --photographs FOLDER [--count 16] [--compare]
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np
from common import parser, print_table
from likeness import noisy, psnr
from photographs import photographs

from stylize_video.models.feed_forward import engine, gallery, weights_file
from stylize_video.models.feed_forward.training import calibration
from stylize_video.models.feed_forward.training.equalisation import equalised
from stylize_video.models.runtimes.devices import CPU, has_fast_int8
from stylize_video.pictures.pictures import Picture, shrink_longer_side

SIZE = 384  # px of the longer side


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--weights", type=Path, required=True, help="a painter's file, which is written anew")
    made.add_argument("--photographs", type=Path, help="a folder; default: packaged ones")
    made.add_argument("--held-out", type=int, default=0, help="only those that training with so many kept")
    made.add_argument("--count", type=int, default=16, help="at most so many photographs")
    made.add_argument("--compare", action="store_true", help="paint with the ranges, and without")
    return made.parse_args()


def _calibrate(path: Path, pictures: list[Picture]) -> None:
    opened = weights_file.open_file(path)
    network = equalised(opened.network, pictures)
    ranges = calibration.find_ranges(network, pictures)
    weights_file.save(path, network, opened.styles, opened.provenance, ranges)
    print_table(("convolution", "from", "to"), [(name, *bounds) for name, bounds in ranges.items()])


def _compare(path: Path, pictures: list[Picture]) -> None:
    """PSNR of bytes against float32, and of both against themselves under sensor noise, dB."""
    opened = gallery.open_file(path)
    rows = []
    for number, name in enumerate(opened.styles):
        style = opened.parameters.mixed([float(n == number) for n in range(len(opened.styles))])
        engines = [engine.open_engine(opened.parameters, CPU, exact=exact) for exact in (True, False)]
        figures = []
        for number_of_picture, picture in enumerate(pictures):
            both = np.stack([picture, noisy(picture, seed=number_of_picture)])
            blank = engines[0].new_canvas(*picture.shape[:2])
            exact, fast = (e.paint(both, [blank, blank], style) for e in engines)
            figures.append((psnr(exact[0], fast[0]), psnr(*exact), psnr(*fast)))
        rows.append((name, *(statistics.fmean(column) for column in zip(*figures, strict=True))))
    print("in bytes" if has_fast_int8() else "this processor multiplies no bytes: as it does paint")
    print_table(("style", "to float32, dB", "float32 under noise, dB", "under noise, dB"), rows)


def main() -> int:
    """Calibrate; the exit code."""
    given = _arguments()
    pictures = [shrink_longer_side(picture, SIZE) for _, picture in photographs(given)][: given.count]
    _calibrate(given.weights, pictures)
    if given.compare:
        _compare(given.weights, pictures[:6])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
