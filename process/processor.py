"""What the processor can do. Standard library only."""

from __future__ import annotations

from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def flags() -> frozenset[str]:
    """What Linux says that it can do; elsewhere nothing is known of it."""
    try:
        found = _CPU_INFO.read_text("ascii", "replace")
    except OSError:
        return frozenset()
    line = next((line for line in found.splitlines() if line.startswith("flags")), "")
    return frozenset(line.split())
