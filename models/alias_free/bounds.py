"""How large numbers can become in an alias-free painter, by its weights alone. Needs no torch.

As `models/feed_forward/bounds.py`, to which filters add that a sum of neighbours can exceed each of them. No
curve makes a number larger, but by what a filter before it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stylize_video.models.feed_forward.bounds import MOST_NOISE, convolved, normed

if TYPE_CHECKING:
    from stylize_video.models.alias_free.shape import AliasFreeConfig

Arrays = Mapping[str, NDArray[Any]]  # by the names that PyTorch gives them

_MOST_PICTURE = 1.0  # of a photograph, in -1..1
_FILTERED = 16.0  # times: at most, by two filters across and down; those here reach six


def largest(config: AliasFreeConfig, arrays: Arrays) -> float:
    """The largest outcome of a convolution, whatever the painter is given."""
    return max(_outcomes(config, arrays))


def _outcomes(config: AliasFreeConfig, arrays: Arrays) -> Iterator[float]:
    """How large the outcome of each convolution can be."""
    bent = {name: _FILTERED * normed(arrays, f"{name}.norm") for name, _, _ in config.convolutions}
    blocks = {name: normed(arrays, f"{name}.norm2") for name, _ in config.blocks}
    sixteenth = bent["down_deep"] + sum(most for name, most in blocks.items() if name.startswith("deep."))
    others = sum(most for name, most in blocks.items() if not name.startswith("deep."))
    eighth = bent["down"] + bent["up_eighth"] + others
    given = {
        "enter": _FILTERED * _MOST_PICTURE,
        "head": _FILTERED * bent["enter"] + MOST_NOISE,
        "down": _FILTERED * bent["head"],
        "down_deep": _FILTERED * eighth,
        "up_eighth": sixteenth,
        "up_quarter": eighth,
        "merge": bent["up_quarter"] + bent["head"],
        "up_half": bent["merge"],
        "merge_half": max(bent["up_half"], bent["enter"]),
        "up_full": bent["merge_half"],
    }
    for name, most in given.items():
        yield convolved(arrays, f"{name}.convolution", most)
    for name, _ in config.blocks:
        yield convolved(arrays, f"{name}.conv1", sixteenth if name.startswith("deep.") else eighth)
        yield convolved(arrays, f"{name}.conv2", _FILTERED * normed(arrays, f"{name}.norm1"))
    yield convolved(arrays, "last", bent["up_full"])
