"""What the header of a painter's weights file says, beside its tensors. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping

CANVAS = "stylize-video canvas-net 1"  # a painter with a canvas
ALIAS_FREE = "stylize-video alias-free 1"  # an alias-free one
PAINTERS = (CANVAS, ALIAS_FREE)


def ranges(metadata: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Of what goes into a network's convolutions, where a file's header has them; see `calibration`.

    Raises:
        ValueError, TypeError, AttributeError: it has something else there.
    """
    found = json.loads(metadata.get("ranges", "{}"))
    return {name: (float(low), float(high)) for name, (low, high) in found.items()}
