"""The file of a painter with a canvas: safetensors, with its shape, styles and origin in the header."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, overload

import torch
from safetensors.numpy import save as serialise

from stylize_video.errors import WeightsError
from stylize_video.files import whole_file
from stylize_video.models import weights
from stylize_video.models.feed_forward.network import CanvasNet, StyledNet
from stylize_video.models.feed_forward.shape import multiplying
from stylize_video.models.runtimes.program import Ranges
from stylize_video.models.weights import byte_tensors, safetensors_file

Network = TypeVar("Network", bound=StyledNet)


class Opened(NamedTuple, Generic[Network]):
    """What a file holds."""

    network: Network
    styles: tuple[str, ...]  # in the order of the network's scales and shifts
    provenance: dict[str, Any]


def save(
    path: Path,
    network: StyledNet,
    styles: Sequence[str],
    provenance: dict[str, Any],
    ranges: Ranges | None = None,
    *,
    bits: int | None = None,
) -> None:
    """Write a painter, whole or not at all.

    Args:
        path: of the file.
        network: its weights are written as half precision, or fewer bits.
        styles: their names, in the order of the network's scales and shifts.
        provenance: how it came about.
        ranges: of what goes into its convolutions, so that they can multiply bytes; see `calibration`.
        bits: of each weight of those convolutions (see `byte_tensors`). Eight are what multiplying bytes
            makes of them: painted so, nothing changes.

    Raises:
        WeightsError: the file can't be written.
    """
    tensors = {name: value.half().contiguous().numpy() for name, value in network.state_dict().items()}
    header = {
        "format": network.config.stored_as,
        "shape": json.dumps(asdict(network.config)),
        "styles": json.dumps(list(styles)),
        "provenance": json.dumps(provenance),
    }
    if ranges:
        header["ranges"] = json.dumps(dict(ranges))
    if bits is not None:
        header[byte_tensors.HEADER] = byte_tensors.VERSION
        names = [f"{name}.weight" for name in multiplying(network.config)]
        tensors = byte_tensors.packed(tensors, dict.fromkeys(names, bits))
    try:
        whole_file.write(whole_file.destination(path), serialise(tensors, header))
    except OSError as error:
        raise WeightsError(f"{path}: can't be written ({error.strerror})") from error


def as_stored(network: Network) -> Network:
    """The network as it will be read back, rounded to half precision."""
    rounded = type(network)(network.config)
    rounded.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return rounded.eval()


def format_of(path: Path) -> str:
    """What the file's header says that it holds, see `models/weights/file_format.py`; or nothing.

    Raises:
        WeightsError: it is missing or damaged.
    """
    return safetensors_file.parse(safetensors_file.read(path), path)[1].get("format", "")


@overload
def open_file(path: Path) -> Opened[CanvasNet]: ...


@overload
def open_file(path: Path, kind: type[Network]) -> Opened[Network]: ...


def open_file(path: Path, kind: type[Any] = CanvasNet) -> Opened[Any]:
    """Read a painter of a kind, in float32: numbers that half precision has.

    Raises:
        WeightsError: it is missing, damaged, or holds something else.
    """
    arrays, header = safetensors_file.parse(safetensors_file.read(path), path)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    if header.get("format") != kind.config_type.stored_as:
        raise WeightsError(f"{path}: holds no painter with a canvas, or one of another architecture")
    try:
        config = kind.config_type(**json.loads(header["shape"]))
        if config.eighth_blocks + config.sixteenth_blocks > len(tensors):  # a billion would take minutes
            raise ValueError("more blocks than tensors")
        weights.check_shapes(lambda: kind(config), tensors)
        with torch.random.fork_rng(devices=[]):
            network = kind(config)
        # Rounded as in `gallery`.
        network.load_state_dict({name: value.half().float() for name, value in tensors.items()})
        styles, provenance = json.loads(header["styles"]), json.loads(header["provenance"])
        if len(styles) != config.styles:
            raise ValueError(f"{len(styles)} names for {config.styles} styles")
    except weights.UNFIT as error:
        raise WeightsError(f"{path}: tensors that don't fit its own header; train again") from error
    return Opened(network.eval(), tuple(styles), provenance)
