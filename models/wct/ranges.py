"""The ranges of numbers that a file of the transform's networks may come with, checked as they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import numpy as np

from stylize_video.models.runtimes.program import Bound, ChannelRanges
from stylize_video.models.wct.network import Convolution, WctNetwork

HEADER = "ranges"  # in the file's header: JSON, by a convolution's name two bounds, numbers or lists of them


def stored(metadata: Mapping[str, str], network: WctNetwork) -> ChannelRanges:
    """Of what goes into the network's convolutions, where a file's header has them.

    Raises:
        ValueError, TypeError, AttributeError: it has something else there.
    """
    pairs = json.loads(metadata.get(HEADER, "{}")).items()
    found = {name: (_bound(low), _bound(high)) for name, (low, high) in pairs}
    if found and found.keys() != set(network.multiplying()):
        raise ValueError("the network's convolutions are others than those whose ranges are known")
    for name, bounds in found.items():
        convolution = cast(Convolution, network.get_submodule(name))
        if not all(_fits(*bounds, channels=convolution.in_channels)):
            raise ValueError(f"{name}: these are no ranges of its channels")
    return found


def _bound(found: float | list[float]) -> Bound:
    return tuple(map(float, found)) if isinstance(found, list) else float(found)


def _fits(low: Bound, high: Bound, *, channels: int) -> tuple[bool, ...]:
    lows, highs = np.atleast_1d(low), np.atleast_1d(high)
    finite = bool(np.isfinite(lows).all() and np.isfinite(highs).all())
    sizes = {lows.size, highs.size} <= {1, channels}
    return finite, sizes, bool((lows <= 0).all()), bool((highs > 0).all())
