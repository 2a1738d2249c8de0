"""A training run's state in a file, whole or not at all."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from stylize_video.errors import TrainingError
from stylize_video.models import whole_file

_DIGEST = hashlib.sha256().digest_size  # bytes


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values.

    Raises:
        TrainingError: it can't be written.
    """
    serialised = io.BytesIO()
    torch.save(dict(state), serialised)
    data = serialised.getvalue()
    try:
        whole_file.write(path, hashlib.sha256(data).digest() + data)  # torch checks no checksums
    except OSError as error:
        raise TrainingError(f"{path}: can't write the checkpoint ({error.strerror})") from error


def read(path: Path, identity: Mapping[str, Any]) -> dict[str, Any]:
    """What `write` wrote.

    Args:
        path: the file.
        identity: entries that it must have, which tell one run from another.

    Raises:
        TrainingError: the file is missing or damaged, or of another run.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise TrainingError(f"{path}: no such checkpoint") from error
    except OSError as error:
        raise TrainingError(f"{path}: can't be read ({error.strerror})") from error
    digest, payload = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(payload).digest() != digest:
        raise TrainingError(f"{path}: damaged checkpoint; delete it to start afresh")
    state: dict[str, Any] = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    if any(state.get(key) != value for key, value in identity.items()):
        raise TrainingError(
            f"{path}: checkpoint of a run with other settings, paintings, photographs or start; "
            "delete it to start afresh"
        )
    return state
