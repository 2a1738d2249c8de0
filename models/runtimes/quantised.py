"""A converted model that multiplies bytes: for processors that do so faster than floating numbers.

Post-training quantisation: what goes into a convolution is rounded to 256 levels between two numbers that
were found on photographs beforehand, its weights to 255 levels for each output. Written into the model as
OpenVINO's FakeQuantize, from which its compiler makes convolutions of bytes (Wu et al. 2020, "Integer
quantization for deep learning inference"). Sums, normalisations and what is added up stay floating.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.runtimes.program import Ranges

_LEVELS = 256
_WEIGHT_LEVELS = 255  # so that there are as many below zero as above it
_LEAST = 1e-12  # of an output whose weights are all nothing
_MOVES = ("Pad", "Concat", "Slice", "Gather")  # rounding before them moves bytes, and gives the same


def quantise(model: Any, ranges: Ranges, operators: Any) -> None:
    """Make convolutions of floats ones of bytes.

    Args:
        model: OpenVINO's, as it was converted; changed in place.
        ranges: of what goes into each convolution, by the name of its module in the network.
        operators: OpenVINO's.

    Raises:
        ValueError: the model has no such convolution.
    """
    found = {name: node for node in _convolutions(model) if (name := _known(node, ranges))}
    if missing := ranges.keys() - found.keys():
        raise ValueError(f"no convolutions of these names: {', '.join(sorted(missing))}")
    for name, node in found.items():
        _round_inputs(node, *ranges[name], operators)
        _round_weights(node, operators)
    model.validate_nodes_and_infer_types()


def _convolutions(model: Any) -> Iterator[Any]:
    return (node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution")


def _known(node: Any, ranges: Ranges) -> str:
    """The name of a convolution's module among those asked for; empty: it is none of them."""
    module = node.get_friendly_name().split("/")[0]
    return next((name for name in ranges if module.endswith(f".{name}")), "")


def _round_inputs(node: Any, low: float, high: float, operators: Any) -> None:
    """Round what was computed before it was moved to where a convolution takes it."""
    origin = _origin(node.input_value(0))
    takers = [taker for taker in origin.get_target_inputs() if _moves_towards(taker.get_node(), node)]
    if low < 0:  # bytes with a sign, of which there is one more below zero
        high = max(high, -low)
        low = -high * (_LEVELS / (_LEVELS - 2))
    bounds = [operators.constant(np.full((1, 1, 1, 1), bound, np.float32)) for bound in (low, high)]
    rounded = operators.fake_quantize(origin, *bounds, *bounds, _LEVELS)
    for taker in takers:
        taker.replace_source_output(rounded.output(0))


def _moves_towards(node: Any, convolution: Any) -> bool:
    return node.get_type_name() in _MOVES or _same(node, convolution)


def _same(node: Any, other: Any) -> bool:
    return bool(node.get_friendly_name() == other.get_friendly_name())


def _origin(output: Any) -> Any:
    """Where the values of an output were computed, if it was in one place."""
    node = output.get_node()
    if node.get_type_name() not in _MOVES:
        return output
    several = node.get_type_name() == "Concat"
    origins = [_origin(node.input_value(n)) for n in range(node.get_input_size() if several else 1)]
    first = origins[0]
    alike = all(_same(first.get_node(), o.get_node()) and first.get_index() == o.get_index() for o in origins)
    return first if alike else output


def _round_weights(node: Any, operators: Any) -> None:
    most = np.abs(_values(node.input_value(1))).max(axis=(1, 2, 3), keepdims=True)
    most = np.maximum(most, np.float32(_LEAST))
    bounds = operators.constant(-most), operators.constant(most)
    rounded = operators.fake_quantize(node.input_value(1), *bounds, *bounds, _WEIGHT_LEVELS)
    node.input(1).replace_source_output(rounded.output(0))


def _values(output: Any) -> NDArray[np.float32]:
    """Of a constant, whatever kind of numbers it is stored as."""
    node = output.get_node()
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return np.asarray(node.get_data(), np.float32)
