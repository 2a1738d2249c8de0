"""What the stabiliser costs: the whole job by default against --no-stabilize, in turn, on two cores.

The film is the sample over and over, 640x360 with sound; times are those from the first frame asked for to
the finished file, without start-up.

    python benchmarks/stabilizer_cost.py [--pairs N] [--seconds N] [--json OUT]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from common import Goal, Report, parser, print_table, warn_if_busy
from whole_job import confine, make_film, run_job

PAIRS, SECONDS = 5, 20
COST_GOAL = 1.35  # times as long as without


def _arguments() -> argparse.Namespace:
    arguments = parser(__doc__)
    arguments.add_argument("--pairs", type=int, default=PAIRS, metavar="N")
    arguments.add_argument("--seconds", type=int, default=SECONDS, metavar="N", help="of film")
    return arguments.parse_args()


def main() -> int:
    """Run the pairs; print a table."""
    given = _arguments()
    warn_if_busy()
    confine()
    steady, plain = [], []
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder, "film.mp4")
        make_film(film, given.seconds)
        run_job(film, given.seconds)  # converts the network, should that be the first time
        for _ in range(given.pairs):
            plain.append(run_job(film, given.seconds, "--no-stabilize").steady_rate)
            steady.append(run_job(film, given.seconds).steady_rate)
    ratios = [before / after for before, after in zip(plain, steady, strict=True)]
    rows = [(f"pair {n}", p, s, r) for n, (p, s, r) in enumerate(zip(plain, steady, ratios, strict=True), 1)]
    rows.append(("median", median(plain), median(steady), median(ratios)))
    print_table(("", "frames/s without", "with", "times as long"), rows)
    figures = {"frames_per_second_without": plain, "frames_per_second_with": steady, "times_as_long": ratios}
    goals = [Goal("time of the whole job by that without the stabiliser", median(ratios), COST_GOAL)]
    return Report("stabilizer_cost", figures, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
