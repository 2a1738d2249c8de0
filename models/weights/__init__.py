"""The bundled weights: safetensors files and `manifest.json`, which vouches for each of them.

Reading the manifest needs no torch, so that names can be checked before the slow import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Weights:
    """What a weights file holds: tensors by name, and the strings of its safetensors header."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Name -> entry of `manifest.json`: file, sha256, kind, source, licence and figures.

    Raises:
        WeightsError: the manifest is missing or is no JSON.
    """
    path = FOLDER / "manifest.json"
    try:
        entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))["weights"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: no readable manifest ({error}); install again") from error
    return entries


def load(name: str) -> Weights:
    """Read a bundled weights file after comparing its checksum with the manifest's.

    Raises:
        WeightsError: no such entry, the file is missing, or its checksum is another.
    """
    entry = manifest().get(name)
    if entry is None:
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
        WeightsError: the file is missing or is no safetensors file.
    """
    try:
        return _parse(path.read_bytes(), path)
    except OSError as error:
        raise WeightsError(f"{path}: can't be read ({error.strerror})") from error


def _parse(data: bytes, path: Path) -> Weights:
    from safetensors import SafetensorError
    from safetensors.torch import load as parse

    try:
        tensors = parse(data)
        header_size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + header_size])
    except (SafetensorError, ValueError) as error:
        raise WeightsError(f"{path}: no safetensors file ({error})") from error
    return Weights(tensors, header.get("__metadata__", {}))
