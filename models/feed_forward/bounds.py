"""How large numbers can become in a painter with a canvas, by its weights alone. Needs no torch.

So that a file whose network would paint NaN is refused before it paints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.feed_forward.shape import CanvasNetConfig

NEAR_OVERFLOW = 1e18  # whose square, as a variance has it, is a number in float32

MOST_NOISE = 16.0  # of a canvas, whose standard deviation is 1
_MOST_NORMALISED = 2.0**16  # the root of how many pixels a picture may have

Arrays = Mapping[str, NDArray[Any]]  # by the names that PyTorch gives them


def surely_finite(config: CanvasNetConfig, arrays: Arrays) -> bool:
    """Whether no picture and no mixture of styles can make a number overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(config.largest(arrays) < NEAR_OVERFLOW)


def largest(config: CanvasNetConfig, arrays: Arrays) -> float:
    """The largest outcome of a convolution of the plain painter, whatever it is given."""
    return max(_outcomes(config, arrays))


def _outcomes(config: CanvasNetConfig, arrays: Arrays) -> Iterator[float]:
    """How large the outcome of each convolution can be."""
    quarter, streams = normed(arrays, "head.norm"), _streams(config, arrays)
    given = {  # to each; features only grow along the blocks, so that the last ones' bound holds for all
        "head": MOST_NOISE,
        "down": quarter,
        "down_deep": streams["eighth"],
        "up_eighth": streams["sixteenth"],
        "up_quarter": streams["eighth"],
        "merge": normed(arrays, "up_quarter.norm") + quarter,
        "up_half": normed(arrays, "merge.norm"),
        "up_full": normed(arrays, "up_half.norm"),
    }
    for name, most in given.items():
        yield convolved(arrays, f"{name}.convolution", most)
    for name, _ in config.blocks:
        yield convolved(
            arrays, f"{name}.conv1", streams["sixteenth" if name.startswith("deep.") else "eighth"]
        )
        yield convolved(arrays, f"{name}.conv2", normed(arrays, f"{name}.norm1"))
    yield convolved(arrays, "last", normed(arrays, "up_full.norm"))


def _streams(config: CanvasNetConfig, arrays: Arrays) -> Mapping[str, float]:
    """How large features can be after all blocks, at an eighth and a sixteenth of the resolution."""
    blocks = [(name, normed(arrays, f"{name}.norm2")) for name, _ in config.blocks]
    deep = sum(most for name, most in blocks if name.startswith("deep."))
    others = sum(most for name, most in blocks if not name.startswith("deep."))
    return {
        "sixteenth": normed(arrays, "down_deep.norm") + deep,
        "eighth": normed(arrays, "down.norm") + normed(arrays, "up_eighth.norm") + others,
    }


def convolved(arrays: Arrays, name: str, given: float) -> float:
    """Of inputs that are no larger than `given`; upsampling before it makes none larger."""
    weight, bias = arrays[f"{name}.weight"], arrays.get(f"{name}.bias", np.zeros(1))
    return float(np.abs(weight).sum((1, 2, 3), dtype=np.float64).max() * given + np.abs(bias).max())


def normed(arrays: Arrays, name: str) -> float:
    """Behind a normalisation, in any style."""
    scale, shift = (arrays[f"{name}.{kind}"] for kind in ("scale", "shift"))
    return float(_MOST_NORMALISED * np.abs(scale).max() + np.abs(shift).max())
