"""How much memory commands take.

`ru_maxrss` doesn't tell: on Linux a program that is started by another counts that one's memory as its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

# Runs commands one after the other; a line for each, and the last is the most memory they took, in MB.
_RUN = """
import json, sys
from stylize_video.process import ending
from tests.commands import run
from tests.memory import peak_megabytes
for arguments in json.loads(sys.argv[1]):
    result = run(*arguments)
    print(json.dumps([result.exit_code, result.stderr]))
print(peak_megabytes())
ending.end(0)  # as the program ends: what is still being made ready is not waited for
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    stderr: str


def run_apart(*commands: tuple[object, ...]) -> tuple[list[Ended], float]:
    """Run commands in a process of their own; how they ended, and the most memory that it took, in MB."""
    argv = [sys.executable, "-c", _RUN, json.dumps([[str(word) for word in words] for words in commands])]
    *told, peak = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    return [Ended(*json.loads(line)) for line in told], float(peak)


def peak_megabytes() -> float:
    """The most that this process has had in memory until now; 0 where that can't be told."""
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:  # not Linux
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), default=0.0)
