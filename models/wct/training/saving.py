"""Writes the files of the transform, `weights_file.py` reads them; and what a style is to the networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import WeightsError
from stylize_video.files import whole_file
from stylize_video.models.runtimes.program import ChannelRanges
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.moments import Statistics
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.program import RANGES
from stylize_video.models.wct.weights_file import FORMAT, table
from stylize_video.models.weights import byte_tensors

# Of each number in a file that is to be small. Whitening makes the smallest features as large as all: with
# eight, paintings came to 31 dB (PSNR) in places; ten are as fine as what bfloat16 makes of them. Smaller
# tensors stay in half precision, and so do statistics, but for those of the deepest level, the largest.
_BITS, _FEWEST = 10, 4096


def save(
    path: Path,
    network: WctNetwork,
    paintings: Mapping[str, Statistics],
    provenance: dict[str, Any],
    found_ranges: ChannelRanges | None = None,
    *,
    small: bool = False,
) -> None:
    """Write networks and statistics as fp16 safetensors.

    Args:
        path: of the file.
        network: its weights are rounded to half precision.
        paintings: by name; of a covariance R^T R, R is what is rounded, so that no error is seen larger by
            its root.
        provenance: how all came about.
        found_ranges: of what goes into its convolutions; see `training.calibration`.
        small: whether large tensors are `byte_tensors`; for files that are given away, as training that
            begins with them begins a little behind.

    Raises:
        WeightsError: the file can't be written.
    """
    from safetensors.numpy import save as serialise

    arrays = {name: value.half().contiguous().numpy() for name, value in network.state_dict().items()}
    for number, known in enumerate(paintings.values()):
        for level, found in known.items():
            arrays[f"statistics.{number}.{level}.mean"] = found.mean.astype(np.float32)
            arrays[f"statistics.{number}.{level}.factor"] = factor_of(found.covariance).astype(np.float16)
    header = {
        "format": FORMAT,
        "shape": json.dumps(asdict(network.config)),
        "paintings": json.dumps(list(paintings)),
        "provenance": json.dumps(provenance),
    }
    if found_ranges:
        header[RANGES] = json.dumps(dict(found_ranges))
    if small:
        header[byte_tensors.HEADER] = byte_tensors.VERSION
        large = [name for name, array in arrays.items() if array.size >= _FEWEST]
        deepest = f".{LEVELS[-1]}.factor"
        whole = [name for name in large if arrays[name].ndim == 4 or name.endswith(deepest)]
        arrays = byte_tensors.packed(arrays, dict.fromkeys(whole, _BITS))
    try:
        whole_file.write(whole_file.destination(path), serialise(arrays, header))
    except OSError as error:
        raise WeightsError(f"{path}: can't be written ({error.strerror})") from error


def as_stored(network: WctNetwork) -> WctNetwork:
    """The network as it will be read back, rounded to half precision."""
    rounded = WctNetwork.empty(network.config)
    rounded.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return rounded.eval()


def factor_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1, C, C) -> the upper triangle of R of R^T R, row after row, in a `table`.

    By eigenvalues and not by Cholesky: a channel may be constant.
    """
    values, vectors = np.linalg.eigh(covariance[0])
    upper = np.linalg.qr(np.sqrt(values.clip(0))[:, None] * vectors.T).R
    return upper[np.triu_indices(len(upper))].reshape(table(len(upper)))
