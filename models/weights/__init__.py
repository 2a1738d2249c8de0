"""The bundled weights: safetensors files and `manifest.json`, which vouches for each of them.

Reading the manifest needs no torch, so that names can be checked before the slow import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import WeightsError
from stylize_video.models.weights import safetensors_file
from stylize_video.models.weights.safetensors_file import check_finite

__all__ = ["FOLDER", "UNFIT", "Weights", "check_finite", "check_shapes", "load", "manifest", "read"]

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

FOLDER = Path(__file__).parent

# What comes of building a network by a header that says something else than the tensors.
UNFIT = (KeyError, TypeError, ValueError, RuntimeError, AttributeError, OverflowError)


@dataclass(frozen=True)
class Weights:
    """What a weights file holds: arrays by name, and the strings of its safetensors header."""

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """The arrays as torch's tensors, which share their memory."""
        import torch

        return {name: torch.from_numpy(array) for name, array in self.arrays.items()}


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Name -> entry of `manifest.json`: file, sha256, kind, source, licence and figures.

    Raises:
        WeightsError: the manifest is missing or is no JSON.
    """
    path = FOLDER / "manifest.json"
    try:
        entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))["weights"]
        if not all(isinstance(entry, dict) for entry in entries.values()):
            raise TypeError("an entry is no table")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{path}: no readable manifest ({error}); install again") from error
    return entries


def load(name: str) -> Weights:
    """Read a bundled weights file after comparing its checksum with the manifest's.

    Raises:
        WeightsError: no such entry, the file is missing, its checksum is another, or a number not finite.
    """
    entry = manifest().get(name)
    if entry is None or not all(isinstance(entry.get(key), str) for key in ("file", "sha256")):
        raise WeightsError(f"no weights called {name!r} in {FOLDER / 'manifest.json'}")
    path = FOLDER / entry["file"]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: weights missing ({error.strerror}); install again") from error
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise WeightsError(f"{path}: wrong checksum, the file is damaged; install again")
    return _parse(data, path)


def read(path: Path) -> Weights:
    """Read a weights file from anywhere, e.g. one that `stylize-video train` made.

    Raises:
        WeightsError: the file is missing, is no safetensors file, lies, or has a number that is not finite.
    """
    return _parse(safetensors_file.read(path), path)


def _parse(data: bytes, path: Path) -> Weights:
    return Weights(*safetensors_file.parse(data, path))


def check_shapes(network: Callable[[], nn.Module], tensors: Mapping[str, Tensor]) -> None:
    """See whether a network that a header describes has a file's tensors, before it takes any memory.

    Args:
        network: builds it.
        tensors: the file's.

    Raises:
        ValueError: it has others.
        RuntimeError: no network can be that large.
    """
    import torch

    with torch.device("meta"):
        expected = {name: value.shape for name, value in network().state_dict().items()}
    if expected != {name: tensor.shape for name, tensor in tensors.items()}:
        raise ValueError("the network's tensors are others")
