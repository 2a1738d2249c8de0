"""The canvas after some hundred frames of a film, against a new one: mean, standard deviation and spectrum.

What is carried through a film could blur, fray, or lose its contrast. The motion is found and the canvas is
carried as in a job; then values are looked up where its cells have come to lie. One view of a field says
little of its coarser octaves, so the figures are means over the fields of some seeds, at the same places, and
so are those of the new canvas. A spectrum is compared within the half-power band of each octave.

    python benchmarks/canvas_drift.py --clip FILM [--frames 300] [--max-size 640] [--json OUT]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from common import Goal, Report, parser, print_table
from excerpts import read_frames
from numpy.typing import NDArray

from stylize_video.models import canvas
from stylize_video.models.canvas import CHANNELS_PER_OCTAVE, OCTAVES, Canvas, Field
from stylize_video.models.feed_forward.following import followed
from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import LastFrame, MotionFinder
from stylize_video.pictures.pictures import shrink_longer_side

_FIELDS = 24
_COLUMNS = ("mean new", "mean carried", "deviation new", "deviation carried", "spectrum dB")
_MEAN, _LEAST, _MOST, _DECIBEL = 0.05, 0.95, 1.05, 1.0

Values = NDArray[np.float64]


def carried(clip: Path, frames: int, size: int) -> Iterator[Canvas]:
    """The canvas of each frame of a film, as if it were one shot."""
    last, finder = LastFrame(), MotionFinder(DisMotion())
    now: Canvas | None = None
    for frame in islice(read_frames(clip), frames):
        picture = shrink_longer_side(frame, size)
        found = finder.find(last, picture)
        if now is None:
            now = Canvas.of(*picture.shape[:2], seed=0)
        elif found is not None and found.since is not None:
            now = followed(now, found, found.since, 1.0)
        yield now


class Statistics:
    """What a canvas shows, by octave: the means over the fields of some seeds.

    Attributes:
        mean, deviation: (OCTAVES,).
        spectra: (OCTAVES, frequencies) power along rows.
    """

    def __init__(self, places: canvas.Array) -> None:
        seen = np.stack([_by_octave(Field.draw(seed).at(places)) for seed in range(_FIELDS)])
        self.mean: Values = seen.mean((0, 2, 3, 4))
        self.deviation: Values = np.sqrt(seen.var((0, 2, 3, 4)))
        self.spectra: Values = np.stack([_spectrum(seen[:, octave]) for octave in range(OCTAVES)])


def _by_octave(values: canvas.Array) -> Values:
    """(CHANNELS, h, w) -> (OCTAVES, CHANNELS_PER_OCTAVE, h, w)."""
    return values.reshape(OCTAVES, CHANNELS_PER_OCTAVE, *values.shape[1:]).astype(np.float64)


def _spectrum(values: Values) -> Values:
    """(..., h, w) -> the mean power spectrum along rows, (w // 2 + 1,)."""
    window = np.hanning(values.shape[-1])
    power = np.square(np.abs(np.fft.rfft(values * window, axis=-1)))
    return np.asarray(power.reshape(-1, power.shape[-1]).mean(0))


def decibels(spectrum: Values, new: Values) -> float:
    """How far a spectrum is above another, dB, the mean over the half-power band of the other."""
    band = new >= new.max() / 2
    return float((10 * np.log10(spectrum[band] / new[band])).mean())


def main() -> int:
    """Carry a canvas through a film, print what has become of it."""
    arguments = parser(__doc__)
    arguments.add_argument(
        "--clip", type=Path, required=True, metavar="FILM", help="one shot, best hand-held"
    )
    arguments.add_argument("--frames", type=int, default=300, metavar="N")
    arguments.add_argument("--max-size", type=int, default=640, metavar="PX", help="longer side")
    given = arguments.parse_args()
    canvases = list(carried(given.clip, given.frames, given.max_size))
    new, old = (Statistics(found.places) for found in (canvases[0], canvases[-1]))
    spectra = [decibels(*pair) for pair in zip(old.spectra, new.spectra, strict=True)]
    print(f"{given.clip.name}: {len(canvases)} frames, {given.max_size} px at most, {_FIELDS} fields")
    columns = (new.mean, old.mean, new.deviation, old.deviation, spectra)
    rows = [tuple(map(float, row)) for row in zip(*columns, strict=True)]
    print_table(("octave", *_COLUMNS), [(str(number), *row) for number, row in enumerate(rows, 1)])
    goals = [
        Goal("farthest mean from 0", float(np.abs(old.mean).max()), _MEAN),
        Goal("lowest standard deviation", float(old.deviation.min()), _LEAST, at_least=True),
        Goal("highest standard deviation", float(old.deviation.max()), _MOST),
        Goal("farthest spectrum, dB", max(map(abs, spectra)), _DECIBEL),
    ]
    figures = {
        "clip": given.clip.name,
        "frames": len(canvases),
        "max_size": given.max_size,
        "octaves": [dict(zip(_COLUMNS, row, strict=True)) for row in rows],
    }
    return Report("canvas_drift", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
