"""What every benchmark shares: the machine it ran on, the table it prints, the JSON it writes."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

# Taken when the benchmark starts: later it would be the benchmark's own load.
LOAD_AT_START = round(os.getloadavg()[0], 2)
_IDLE_LOAD = 0.3


@dataclass(frozen=True)
class Goal:
    """A claim: a figure and what it has to keep to."""

    what: str
    figure: float
    limit: float
    at_least: bool = False  # else at most

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its limit."""
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{'met' if self.met else 'MISSED'}: {self.what} {_cell(self.figure)} {sign} {_cell(self.limit)}"
        )


@dataclass
class Report:
    """What one benchmark found."""

    name: str
    figures: dict[str, Any]
    goals: list[Goal] = field(default_factory=list)

    def finish(self, target: Path | None) -> int:
        """Print the goals, write the JSON if asked to; the exit code: 1 if a goal is missed."""
        for goal in self.goals:
            print(goal)
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
            print(f"written: {target}")
        return 0 if all(goal.met for goal in self.goals) else 1

    def as_json(self) -> dict[str, Any]:
        """Figures and goals, with when, what and where they were measured."""
        return {
            "benchmark": self.name,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(),
            "versions": versions(),
            "figures": self.figures,
            "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals],
        }


def warn_if_busy() -> None:
    """Say so if something else was running: times are then worth nothing."""
    if LOAD_AT_START > _IDLE_LOAD:
        print(f"warning: load average {LOAD_AT_START} at the start; don't quote these times", file=sys.stderr)


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser with the option that every benchmark has."""
    made = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    made.add_argument("--json", type=Path, metavar="OUT", help="write the results to this file as well")
    return made


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns, the first to the left and figures to the right."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for row in cells:
        first, rest = row[0].ljust(widths[0]), (c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))
        print("  ".join([first, *rest]).rstrip())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def commit() -> str | None:
    """The commit that was measured, "-dirty" if files differ from it; None outside git."""
    try:
        head = _git("rev-parse", "HEAD")
        changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
        return f"{head}-dirty" if changes else head
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def machine() -> dict[str, Any]:
    """Processor, cores this process may use, memory, system."""
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "load_average_at_start": LOAD_AT_START,  # of the minute before: was anything else running?
        "openmp": {name: value for name, value in os.environ.items() if name.startswith(("OMP_", "GOMP_"))},
        "system": platform.platform(),
    }


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model\t")), "")
    return f"{name} (model {model})" if name else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Python, this package and the libraries that decide the figures."""
    names = ("stylize-video", "torch", "openvino", "av", "numpy", "opencv-python")
    found = {"python": platform.python_version()}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):  # OpenVINO has no wheel for some machines
            found[name] = metadata.version(name)
    return found


def program() -> list[str]:
    """The installed command of the Python that runs this."""
    script = Path(sys.executable).with_name("stylize-video")
    return [str(script)] if script.exists() else [sys.executable, "-m", "stylize_video"]
