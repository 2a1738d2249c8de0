"""A stage's state as bytes, and back: pickled, but whoever has changed the bytes can't have anything run.

What is read may lie in a folder that came from elsewhere. So only plain data is made of it: numbers, arrays,
times, and classes of this package that hold such.
"""

from __future__ import annotations

import importlib
import io
import pickle
import sys
from typing import Any

import numpy as np

from stylize_video.errors import InputError

_OURS = ("stylize_video.models.", "stylize_video.pipeline.", "stylize_video.pictures.")
_THEIRS = frozenset(
    {
        ("array", "_array_reconstructor"),
        ("array", "array"),
        ("builtins", "bytearray"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("collections", "deque"),
        ("fractions", "Fraction"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy._core.numeric", "_frombuffer"),
        ("pathlib", "Path"),
        ("pathlib", "PosixPath"),
        ("pathlib", "WindowsPath"),
    }
)
_TENSOR = "tensor"


def dumps(state: object) -> bytes:
    """A state as bytes; tensors are fetched from wherever they lie."""
    data = io.BytesIO()
    _Pickler(data, pickle.HIGHEST_PROTOCOL).dump(state)
    return data.getvalue()


def loads(data: bytes) -> Any:
    """The state that was saved; tensors lie where they lay, or on the CPU where there is no such device.

    Raises:
        InputError: it is no state, or one of another version of this program.
    """
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # a broken pickle may raise anything
        raise InputError(f"what was saved can't be read: {error}") from error


class _Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        """Tensors as arrays of bytes: torch's own way to pickle them could run anything."""
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(obj, torch.Tensor):
            return None
        host = obj.detach().cpu().contiguous()
        kind = str(host.dtype).removeprefix("torch.")
        return _TENSOR, str(obj.device), kind, tuple(host.shape), host.view(-1).view(torch.uint8).numpy()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A class that may be in a state.

        Raises:
            UnpicklingError: any other.
        """
        if (module, name) in _THEIRS:
            return super().find_class(module, name)
        if module.startswith(_OURS) and "." not in name:
            found = getattr(importlib.import_module(module), name, None)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state")

    def persistent_load(self, pid: Any) -> Any:
        """A tensor."""
        import torch

        word, device, kind, shape, data = pid
        dtype = getattr(torch, kind)
        if word != _TENSOR or not isinstance(dtype, torch.dtype) or not isinstance(data, np.ndarray):
            raise pickle.UnpicklingError("no tensor")
        tensor = torch.from_numpy(data.copy()).view(dtype).reshape(shape)
        try:
            return tensor.to(device)
        except (RuntimeError, AssertionError):  # a film is gone on with where there is no such device
            return tensor
