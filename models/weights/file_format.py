"""What a weights file says that it is for, by its header alone: before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from stylize_video.files import paths
from stylize_video.models.weights.safetensors_file import LENGTH, LIES, LONGEST_HEADER

CANVAS = "stylize-video canvas-net 1"  # a painter with a canvas


def ranges(metadata: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Of what goes into a network's convolutions, where a file's header has them; see `calibration`.

    Raises:
        ValueError, TypeError, AttributeError: it has something else there.
    """
    found = json.loads(metadata.get("ranges", "{}"))
    return {name: (float(low), float(high)) for name, (low, high) in found.items()}


def of(path: Path) -> str:
    """The `format` in a safetensors file's header; empty: it says none, or is no such file.

    What is wrong with a file is told by whoever loads it.
    """
    try:
        if not paths.is_file(path):  # a pipe would be waited for
            return ""
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH), "little")
            if length > LONGEST_HEADER:
                return ""
            found = json.loads(file.read(length))["__metadata__"]["format"]
    except (OSError, *LIES):
        return ""
    return found if isinstance(found, str) else ""
