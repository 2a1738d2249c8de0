"""A converted model that multiplies bytes: for processors that do so faster than floating numbers.

Post-training quantisation: what goes into a convolution is rounded to 256 levels between two numbers that
were found on photographs beforehand, its weights to 255 levels for each output. Written into the model as
OpenVINO's FakeQuantize, from which its compiler makes convolutions of bytes (Wu et al. 2020, "Integer
quantization for deep learning inference"). Sums, normalisations and what is added up stay floating.

Where the bounds of each channel are known, a channel that is smaller than others is made larger before it is
rounded, and its weights smaller, so that it has more levels (Xiao et al. 2023, "SmoothQuant", equation 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.runtimes.program import ChannelRanges

Array = NDArray[np.float32]

_LEVELS = 256
_WEIGHT_LEVELS = 255  # so that there are as many below zero as above it
_LEAST = 1e-12  # of an output whose weights are all nothing
_SHARE = 0.75  # SmoothQuant's alpha: how far channels are made alike, and not their weights
_SMALLEST = 1e-2  # of the largest channel, or weight; smaller ones are not made larger
# Rounding before these moves bytes, and gives the same; Interpolate takes the nearest in all networks here.
_MOVES = ("Pad", "Concat", "Slice", "Gather", "Interpolate", "MaxPool")


def quantise(model: Any, ranges: ChannelRanges, operators: Any) -> None:
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
        low, high = (np.asarray(bound, np.float32).reshape(1, -1, 1, 1) for bound in ranges[name])
        spread = _spread(np.maximum(high, -low), _values(node.input_value(1)))
        _round_inputs(node, low, high, spread, operators)
        _round_weights(node, spread, operators)
    model.validate_nodes_and_infer_types()


def _convolutions(model: Any) -> Iterator[Any]:
    return (node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution")


def _known(node: Any, ranges: ChannelRanges) -> str:
    """The name of a convolution's module among those asked for; empty: it is none of them."""
    module = node.get_friendly_name().split("/")[0]
    return next((name for name in ranges if module.endswith(f".{name}")), "")


def _spread(most: Array, weights: Array) -> Array:
    """By how much each channel is divided before rounding, (1, C, 1, 1); 1 where one bound is for all."""
    if most.size == 1:
        return np.ones_like(most)
    reached = np.abs(weights).max(axis=(0, 2, 3)).reshape(most.shape)
    reached, most = (np.maximum(values, _SMALLEST * values.max()) for values in (reached, most))
    spread = most**_SHARE / reached ** (1 - _SHARE)
    return np.asarray(spread / spread.max(), np.float32)


def _round_inputs(node: Any, low: Array, high: Array, spread: Array, operators: Any) -> None:
    """Round what was computed before it was moved to where a convolution takes it."""
    origin = _origin(node.input_value(0))
    takers = [taker for taker in origin.get_target_inputs() if _moves_towards(taker.get_node(), node)]
    least, most = float((low / spread).min()), float((high / spread).max())
    if least < 0:  # bytes with a sign, of which there is one more below zero
        most = max(most, -least)
        least = -most * (_LEVELS / (_LEVELS - 2))
    bounds = [np.full((1, 1, 1, 1), bound, np.float32) for bound in (least, most)]
    constants = [operators.constant(each) for each in (*(bound * spread for bound in bounds), *bounds)]
    rounded = operators.fake_quantize(origin, *constants, _LEVELS)
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


def _round_weights(node: Any, spread: Array, operators: Any) -> None:
    weights = _values(node.input_value(1)) * spread
    most = np.maximum(np.abs(weights).max(axis=(1, 2, 3), keepdims=True), np.float32(_LEAST))
    bounds = operators.constant(-most), operators.constant(most)
    rounded = operators.fake_quantize(operators.constant(weights), *bounds, *bounds, _WEIGHT_LEVELS)
    node.input(1).replace_source_output(rounded.output(0))


def _values(output: Any) -> Array:
    """Of a constant, whatever kind of numbers it is stored as."""
    node = output.get_node()
    while node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    return np.asarray(node.get_data(), np.float32)
