"""Tensors kept as whole numbers of 8, 10 or 12 bits, and for each output what one of them stands for.

Symmetric, a step for each output (Wu et al. 2020, "Integer quantization for deep learning inference", section
3). Eight bits are what a runtime that multiplies bytes (models/runtimes/quantised.py) makes of weights: it
finds just these numbers again. More are for networks that are run in floats.

In a file, tensor `x` is an int8 one of that name, the upper eight bits; `x.step` has the steps, and `x.fine2`
or `x.fine4` the other two or four bits, several numbers a byte. The header says by which version of this.
Needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER, VERSION = "bytes", "1"  # the header's entry, where a file has such tensors
LARGEST = 2**28  # int8 numbers of a file; they take four times as much memory
BITS = (8, 10, 12)
_STEP = ".step"
_FINE = {bits: f".fine{bits - 8}" for bits in BITS[1:]}
_LEAST = 1e-12  # the largest weight of an output that is all nothing


def packed(arrays: Mapping[str, NDArray[Any]], bits: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """The same with some of them as whole numbers; their header needs `{HEADER: VERSION}` then.

    Args:
        arrays: floating, by name.
        bits: how many, by the names of those that become whole numbers: (outputs, ...).

    Raises:
        ValueError: there is no such array, or it has no outputs; other bits.
    """
    if missing := bits.keys() - arrays.keys():
        raise ValueError(f"no tensors of these names: {', '.join(sorted(missing))}")
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays.items():
        found |= _packed(name, array, bits[name]) if name in bits else {name: array}
    return found


def unpacked(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """What a file holds, with whole numbers as float32; where there are none, the same.

    Raises:
        ValueError: whole numbers of another version, without parts that fit, or too many.
    """
    import numpy as np

    whole = {name for name, array in arrays.items() if array.dtype == np.int8}
    if HEADER not in header and not whole:
        return dict(arrays)
    if header.get(HEADER) != VERSION:
        made = header.get(HEADER, "none")
        raise ValueError(f"its bytes are of version {made[:20]!r}, this program reads {VERSION!r}")
    if sum(arrays[name].size for name in whole) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 20} million bytes")
    whole -= {name + part for name in whole for part in _FINE.values()}
    parts = {name + part for name in whole for part in (_STEP, *_FINE.values())}
    floating = {name: array for name, array in arrays.items() if name not in whole | parts}
    return floating | {name: _widened(name, arrays) for name in whole}


def _packed(name: str, array: NDArray[Any], bits: int) -> dict[str, NDArray[Any]]:
    import numpy as np

    if bits not in BITS:
        raise ValueError(f"{bits = } must be one of {', '.join(map(str, BITS))}")
    if array.ndim < 1 or not array.size:
        raise ValueError(f"{array.shape = } has no outputs")
    wide, most = array.astype(np.float32), 2 ** (bits - 1) - 1
    largest = np.abs(wide.reshape(len(wide), -1)).max(1)
    step = (np.maximum(largest, np.float32(_LEAST)) / np.float32(most)).astype(np.float32)
    levels = np.rint(wide / _along(step, wide)).clip(-most, most).astype(np.int16)
    found = {name: (levels >> bits - 8).astype(np.int8), name + _STEP: step}
    return found if bits == 8 else found | {name + _FINE[bits]: _joined(levels, bits - 8)}


def _widened(name: str, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    import numpy as np

    upper, step = arrays[name], arrays.get(name + _STEP)
    if step is None or step.dtype != np.float32 or step.shape != upper.shape[:1]:
        raise ValueError(f"{name!r} has no steps that fit")
    finer = [(bits, part) for bits, part in _FINE.items() if name + part in arrays]
    if len(finer) > 1:
        raise ValueError(f"{name!r} is told finer twice")
    levels = upper.astype(np.float32)
    for bits, part in finer:
        lower = _parted(arrays[name + part], bits - 8, upper.size)
        levels = levels * 2 ** (bits - 8) + lower.reshape(upper.shape)
    with np.errstate(over="ignore", invalid="ignore"):  # `check_finite` tells what comes of lies
        return np.asarray(levels * _along(step, levels), np.float32)


def _joined(levels: NDArray[Any], bits: int) -> NDArray[Any]:
    """The lowest bits of whole numbers, the first of a byte's numbers lowest."""
    import numpy as np

    each = 8 // bits
    lowest = np.zeros(-(-levels.size // each) * each, np.uint8)
    lowest[: levels.size] = levels.ravel() & 2**bits - 1
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    joined: NDArray[np.uint8] = np.bitwise_or.reduce(lowest.reshape(-1, each) << shifts, axis=1)
    return joined.view(np.int8)


def _parted(joined: NDArray[Any], bits: int, count: int) -> NDArray[Any]:
    """So many numbers' lowest bits."""
    import numpy as np

    if joined.dtype != np.int8 or joined.shape != (-(-count * bits // 8),):
        raise ValueError("its lower bits don't fit")
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    return (joined.view(np.uint8)[:, None] >> shifts & np.uint8(2**bits - 1)).ravel()[:count]


def _along(step: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
    """(outputs,) -> a number for each output of an array."""
    return step.reshape(-1, *[1] * (array.ndim - 1))
