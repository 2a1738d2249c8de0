"""A safetensors file, held against its own header before anything is built from it.

The header is eight bytes of length, then JSON: by name a dtype, a shape and a place in the data. It may
say anything; so its length, each tensor's size and place, and each number are looked at first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import WeightsError
from stylize_video.files import paths
from stylize_video.models.weights import byte_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 2**30  # bytes of a file; the largest network here takes 40 million
LONGEST_HEADER = 2**20  # bytes; JSON takes some hundred times its length in memory
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I8": 1}  # of each number, by its dtype's name
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I8": "i1"}  # those of them that NumPy has
LENGTH = 8  # bytes of the header's length

# What `json.loads` and looking at what it found raise where that is not as expected.
LIES = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)


def read(path: Path) -> bytes:
    """The bytes of a weights file.

    Raises:
        WeightsError: it is missing, no regular file, or too large for weights.
    """
    try:
        if path.exists() and not path.is_file():
            raise WeightsError(f"{path}: can't be read (it is no regular file); give a weights file")
        if path.stat().st_size > LARGEST:
            raise WeightsError(f"{path}: is larger than {LARGEST >> 20} MiB, that is no weights file")
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: can't be read ({error.strerror})") from error


def metadata(path: Path) -> Mapping[str, str]:
    """The strings of a file's header, or none if it can't be read: `parse` says why."""
    try:
        strings = _header(paths.read(path, LENGTH + LONGEST_HEADER))[0].get("__metadata__", {})
    except (OSError, *LIES):
        return {}
    return strings if isinstance(strings, dict) else {}


def parse(data: bytes, path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The tensors of a file by name, as arrays, and the strings of its header.

    Args:
        data: the file.
        path: its name, for messages.

    Returns:
        The arrays have the file's own dtype, but for bfloat16, which NumPy lacks, and bytes, which stand for
        other numbers (`byte_tensors`): those are float32.

    Raises:
        WeightsError: it is no safetensors file, its header lies, or a number in it is not finite.
    """
    from safetensors import SafetensorError, deserialize

    try:
        header, start = _header(data)
        strings = header.pop("__metadata__", {})
        if not isinstance(strings, dict) or not all(isinstance(value, str) for value in strings.values()):
            raise ValueError("its header's metadata are no strings")
        _check_places(header, len(data) - start)
        held = {name: _array(entry) for name, entry in deserialize(data)}  # type: ignore[no-untyped-call]
        tensors = byte_tensors.unpacked(held, strings)
    except (SafetensorError, *LIES) as error:
        raise WeightsError(f"{path}: no safetensors file ({_short(error)})") from error
    check_finite(tensors, str(path))
    return tensors, strings


def _array(entry: Mapping[str, Any]) -> NDArray[Any]:
    """One tensor as the library gives it."""
    import numpy as np

    kind, data = entry["dtype"], entry["data"]
    if kind == "BF16":  # the upper half of a float32
        wide = np.frombuffer(data, np.uint16).astype(np.uint32) << 16
        return wide.view(np.float32).reshape(entry["shape"])
    return np.frombuffer(data, _DTYPES[kind]).reshape(entry["shape"])


def check_finite(tensors: Mapping[str, NDArray[Any]], origin: str) -> None:
    """See whether all weights are numbers, in float32 too: one NaN paints a whole film black.

    Raises:
        WeightsError: some are NaN or infinite.
    """
    import numpy as np

    for name, tensor in tensors.items():
        with np.errstate(over="ignore"):  # float64 that is too large becomes infinite
            narrow = tensor.astype(np.float32, copy=False)
        if not np.isfinite(narrow).all():
            raise WeightsError(
                f"{origin}: {name!r} holds NaN or infinite numbers, nothing can be painted with them;"
                " take another file, or train again"
            )


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the tensors begin."""
    length = int.from_bytes(data[:LENGTH], "little")
    if len(data) < LENGTH or not 0 < length <= len(data) - LENGTH:
        raise ValueError("its header does not fit into it")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header has more than {LONGEST_HEADER >> 10} KiB")
    header = json.loads(data[LENGTH : LENGTH + length])
    if not isinstance(header, dict):
        raise ValueError("its header is no table")
    return header, LENGTH + length


def _check_places(entries: Mapping[str, Any], size: int) -> None:
    """See whether the tensors lie one behind the other, each as large as it says, in all `size` bytes."""
    places = sorted(_place(name, entry) for name, entry in entries.items())
    ends = [0, *(end for _, end in places)]
    if [begin for begin, _ in places] != ends[:-1]:
        raise ValueError("its tensors overlap or leave gaps")
    if ends[-1] != size:
        raise ValueError("its data has another size than its header says")


def _place(name: str, entry: Mapping[str, Any]) -> tuple[int, int]:
    """Where a tensor begins and ends, in bytes of the data; of the size that its dtype and shape say."""
    kind, shape = entry["dtype"], entry["shape"]
    if kind not in _BYTES:
        raise ValueError(f"{name!r} is of {str(kind)[:20]!r}, weights are of {', '.join(_BYTES)}")
    begin, end = entry["data_offsets"]
    if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
        raise ValueError(f"{name!r} has a size or a place that is no number")
    if 0 in shape or math.prod(shape) * _BYTES[kind] != end - begin:
        raise ValueError(f"{name!r} has another size than it says")
    return begin, end


def _short(error: Exception) -> str:
    """What is wrong, on one short line."""
    if isinstance(error, RecursionError):
        return "its header is nested too deeply"
    return " ".join(str(error).split())[:200] or type(error).__name__
