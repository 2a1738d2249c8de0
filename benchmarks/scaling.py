"""How far a cluster scales: the curve to 1,000 workers, by a simulation fed with what is measured here.

Measured, as processor time of this machine: what stays on the machine that hands out the work, for it is done
one after the other (reading a film once and finding its shots; taking a segment and bringing it to the disk;
putting the film together; what each film of a batch takes), and what a worker takes for a frame and for going
to its part of the film (`cluster_costs.py`). Then two jobs are played through for each number of workers
(`cluster_simulation.py`).

    python benchmarks/scaling.py [--seconds 20] [--paint-ms MS] [--json OUT]

`--paint-ms` plays it through for workers that take so long for a frame instead: a GPU's, say. Needs the extra
ray.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from cluster_costs import measure
from cluster_simulation import curve, many_films, one_film, parts_of
from common import Report, parser, print_table

_FILM = 2 * 3600 * 25  # frames of the film that is played through: two hours
_CLIPS, _CLIP = 20_000, 250  # films of the batch, and frames of each


def main() -> int:
    """Measure, play through, tell."""
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=int, default=20, help="of the film that is measured")
    arguments.add_argument("--paint-ms", type=float, help="ms a frame, by a worker")
    given = arguments.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        costs = measure(Path(folder), given.seconds)
    if given.paint_ms is not None:
        costs = replace(costs, paint=given.paint_ms / 1000)
    print_table(("measured", "ms"), [(name, 1000 * value) for name, value in asdict(costs).items()][:-1])
    print(f"{costs.packets / 1000:.1f} kB a frame, read and painted")
    parts = parts_of(_FILM)
    curves = {
        "one film": curve(lambda n: one_film(parts, n, costs)),
        "many films": curve(lambda n: many_films(_CLIPS, _CLIP, n, costs)),
    }
    for name, found in curves.items():
        print(f"\n{name}")
        print_table(
            ("workers", "hours", "times as fast", "efficiency"),
            [(int(p["workers"]), p["seconds"] / 3600, p["speedup"], p["efficiency"]) for p in found],
        )
    return Report("scaling", {"costs": asdict(costs), "curves": curves}).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
