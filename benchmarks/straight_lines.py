"""What a photorealistic painting is measured by: straight lines that stay, and colours that move."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.pictures import Picture

SHORTEST = 0.08  # times the longer side: a line worth following
PIECE = 0.02  # the same: of what it may be made up again
ANGLE = 3.0  # degrees that a piece may be turned by
OFFSET = 1.5  # px that it may lie beside the line
COVER = 0.7  # of a line's length that pieces have to cover for it to be kept

Segments = NDArray[np.float64]  # (N, 4): x1, y1, x2, y2 in px


def segments(picture: Picture, shortest: float) -> Segments:
    """Straight segments of at least so many px, found in the luminance and in each channel."""
    detector = cv2.createLineSegmentDetector()
    found = []
    for plane in (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), *cv2.split(picture)):
        lines = detector.detect(plane)[0]
        if lines is not None:
            found.append(np.asarray(lines, np.float64).reshape(-1, 4))
    every = np.concatenate(found) if found else np.zeros((0, 4))
    return every[_lengths(every) >= shortest]


def share_kept(original: Picture, painted: Picture) -> float:
    """How much of the original's straight lines, by length, is found again where it was.

    A line is kept if straight pieces in the painting, as good as parallel and beside it by no more than
    `OFFSET`, cover `COVER` of it. NaN if the original has no line.

    Args:
        original, painted: (H, W, 3) uint8 RGB of one size.
    """
    if original.shape != painted.shape:
        raise ValueError(f"{original.shape = } and {painted.shape = } must be the same")
    side = max(original.shape[:2])
    lines, pieces = segments(original, SHORTEST * side), segments(painted, PIECE * side)
    lengths = _lengths(lines)
    if not len(lines):
        return float("nan")
    kept = np.array([_cover(line, pieces) >= COVER for line in lines])
    return float(lengths[kept].sum() / lengths.sum())


def colour_distance(one: Picture, other: Picture) -> float:
    """Earth mover's distance of the values of each channel, mean over the channels, of values in 0..1."""
    steps = np.linspace(0, 100, 257)
    first, second = (np.percentile(p.reshape(-1, 3), steps, axis=0) for p in (one, other))
    return float(np.abs(first - second).mean() / 255)


def colours_moved(original: Picture, painted: Picture, painting: Picture) -> float:
    """How much of the way to the painting's colours the painted picture's have gone: 0 none, 1 all of it."""
    way = colour_distance(original, painting)
    return 1 - colour_distance(painted, painting) / way if way else float("nan")


def _lengths(lines: Segments) -> NDArray[np.float64]:
    return np.asarray(np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]))


def _cover(line: NDArray[np.float64], pieces: Segments) -> float:
    """The share of a line that pieces beside it cover."""
    start, along = line[:2], line[2:] - line[:2]
    length = float(np.hypot(*along))
    along /= length
    ends = pieces.reshape(-1, 2, 2) - start
    places, beside = ends @ along, ends @ np.array((-along[1], along[0]))
    turned = np.abs(beside[:, 1] - beside[:, 0]) / np.maximum(_lengths(pieces), 1e-9)
    near = (np.abs(beside).max(1) <= OFFSET) & (turned <= np.sin(np.radians(ANGLE)))
    covered = np.zeros(max(1, round(length)), bool)
    for first, last in np.sort(places[near], axis=1):
        covered[max(0, round(first)) : max(0, round(last))] = True
    return float(covered.mean())
