"""Damaged files through the whole command: does any hang, crash, leave something behind, or take too much?

Films in ten containers and more, weights, pictures, masks, guides, keyframes and playlists, small and made
on the spot, damaged at random from a seed, each in a forked child of its own. A case's number and the seed
decide all of it; `--only N` runs one and keeps its files.

    python benchmarks/fuzz.py [--count 1000] [--seed 1] [--jobs 2] [--only N --keep FOLDER] [--json OUT]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from common import ROOT, Goal, Report, parser, print_table, usable_cores

sys.path.insert(0, str(ROOT))  # the tests make the films

if TYPE_CHECKING:
    from tests.fuzzing.trials import Verdict

MINUTES, COUNT = 20.0, 1000
PEAK_GB = 2.0


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--count", type=int, default=COUNT, help="how many cases")
    made.add_argument("--first", type=int, default=0, help="the number of the first one")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--jobs", type=int, default=usable_cores(), help="cases at a time")
    made.add_argument("--limit", type=float, default=30, help="seconds after which a case counts as hung")
    made.add_argument("--only", type=int, metavar="N", help="run this case alone, and keep its files")
    made.add_argument("--keep", type=Path, default=Path("fuzz-case"), help="a new folder for them")
    given = made.parse_args()
    if not (1 <= given.count <= 16_000 and given.first >= 0 and 1 <= given.jobs <= 64 and given.limit > 0):
        made.error("--count must be 1 to 16000, --first at least 0, --jobs 1 to 64, --limit above 0")
    if given.only is not None and given.keep.exists():
        made.error(f"{given.keep} exists; name another folder with --keep")
    return given


def main() -> int:
    """Run, print, judge."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="stylize-video-fuzz-sources-") as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))  # converted models, shared by all cases
        from tests.fuzzing import trials
        from tests.fuzzing.forked import Limits

        source_folder = Path(folder, "sources")
        source_folder.mkdir()
        trials.warm_up()
        trials.make_sources(source_folder)
        limits = Limits(seconds=given.limit)
        if given.only is not None:
            return _show(trials.examine(given.only, given.seed, source_folder, given.keep.resolve(), limits))
        began = time.monotonic()
        numbers = range(given.first, given.first + given.count)
        verdicts = []
        for verdict in trials.examine_all(numbers, given.seed, source_folder, limits, jobs=given.jobs):
            verdicts.append(verdict)
            if verdict.complaints:
                print(_line(verdict), flush=True)
    return _report(verdicts, time.monotonic() - began, given)


def _line(verdict: Verdict) -> str:
    return f"BAD {verdict.number} ({verdict.what}: {verdict.damage}): {'; '.join(verdict.complaints)}"


def _show(verdict: Verdict) -> int:
    for name, value in asdict(verdict).items():
        print(f"{name:11} {value}")
    return 1 if verdict.complaints else 0


def _report(verdicts: list[Verdict], seconds: float, given: argparse.Namespace) -> int:
    kinds = sorted({verdict.kind for verdict in verdicts})
    rows = [_row(kind, [v for v in verdicts if v.kind == kind]) for kind in kinds]
    print_table(
        ("kind", "cases", "painted", "refused", "bad", "slowest s", "peak MB"), [*rows, _row("all", verdicts)]
    )
    bad = [verdict for verdict in verdicts if verdict.complaints]
    goals = [
        Goal("bad cases", len(bad), 0),
        Goal("GB of memory at most", max(v.megabytes for v in verdicts) / 1000, PEAK_GB),
        Goal(f"minutes for {COUNT} cases", seconds / 60 * COUNT / len(verdicts), MINUTES),
    ]
    figures = {
        "seed": given.seed,
        "first": given.first,
        "cases": len(verdicts),
        "jobs": given.jobs,
        "seconds": round(seconds, 1),
        "kinds": [
            dict(
                zip(("kind", "cases", "painted", "refused", "bad", "slowest_s", "peak_mb"), row, strict=True)
            )
            for row in rows
        ],
        "bad": [asdict(verdict) for verdict in bad],
    }
    return Report("fuzz", figures, goals).finish(given.json)


def _row(kind: str, verdicts: list[Verdict]) -> tuple[str, int, int, int, int, float, int]:
    return (
        kind,
        len(verdicts),
        sum(1 for v in verdicts if v.code == 0),
        sum(1 for v in verdicts if v.code in (1, 2)),
        sum(1 for v in verdicts if v.complaints),
        max(v.seconds for v in verdicts),
        round(max(v.megabytes for v in verdicts)),
    )


if __name__ == "__main__":
    sys.exit(main())
