"""A training run's state in a file, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import operator
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.files import whole_file
from stylize_video.pictures.pictures import Picture

_AFRESH = "delete it to start afresh"
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
        raise TrainingError(f"{path}: damaged checkpoint; {_AFRESH}")
    state = _loaded(path, payload)
    if any(state.get(key) != value for key, value in identity.items()):
        raise TrainingError(
            f"{path}: checkpoint of a run with other settings, paintings, photographs or start; "
            "delete it to start afresh"
        )
    return state


def steps_of(path: Path) -> int:
    """How many steps the run makes in all that left a checkpoint.

    Raises:
        TrainingError: as `read`.
    """
    state = read(path, {})
    with fitting(path):
        return operator.index(state["config"]["steps"])


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """While a run takes up what `read` gave: what is missing or of another shape is the file's fault.

    Raises:
        TrainingError: in place of what they raise.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        raise TrainingError(f"{path}: checkpoint that doesn't fit this run; {_AFRESH}") from error


def fingerprint(pictures: Iterable[Picture], start: Mapping[str, Tensor]) -> str:
    """SHA-256 of what a run works with, so that none goes on with another's.

    Args:
        pictures: that it learns from.
        start: the tensors that it begins with.
    """
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr(picture.shape).encode() + picture.tobytes())
    for name, value in start.items():
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def like(own: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What a file has in place of a run's own tensors, on their device.

    Raises:
        ValueError: there are others than those, or of other shapes.
    """
    if {name: value.shape for name, value in own.items()} != {name: v.shape for name, v in found.items()}:
        raise ValueError("the tensors are others")
    return {name: found[name].to(value.device, value.dtype) for name, value in own.items()}


def _loaded(path: Path, payload: bytes) -> dict[str, Any]:
    """The state in a file's bytes: a table, with nothing in it that is NaN, nor larger than the file."""
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:  # torch stores, and never packs
            if sum(entry.file_size for entry in archive.infolist()) > len(payload):
                raise ValueError("it unpacks to more than it holds")
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise TypeError("it holds no table")
        if not all(bool(tensor.isfinite().all()) for tensor in _tensors_in(state)):
            raise ValueError("it holds NaN")
    except Exception as error:  # whatever torch finds in a stranger's file
        raise TrainingError(f"{path}: damaged checkpoint; {_AFRESH}") from error
    return state


def _tensors_in(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError("a tensor is larger than its numbers")
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _tensors_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _tensors_in(inner)
