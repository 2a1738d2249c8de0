"""The files of the whitening and colouring transform: networks, and paintings known by their statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylize_video.errors import WeightsError
from stylize_video.files import whole_file
from stylize_video.models import weights
from stylize_video.models.runtimes.program import ChannelRanges
from stylize_video.models.wct import ranges
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.levels import BUNDLED, LEVELS
from stylize_video.models.wct.network import STRIDE, WctConfig, WctNetwork
from stylize_video.models.wct.transform import Moments
from stylize_video.models.weights import byte_tensors
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

FORMAT = "stylize-video wct 2"  # in the header of every such file
_BEFORE = "stylize-video wct 1"  # that with whole covariances, which is read as well

Statistics = Mapping[int, Moments]  # by level: of a style

# Of each number in a file that is to be small. Whitening makes the smallest features as large as all: with
# eight, paintings came to 31 dB (PSNR) in places; ten are as fine as what bfloat16 makes of them. Smaller
# tensors stay in half precision, and so do statistics, but for those of the deepest level, the largest.
_BITS, _FEWEST = 10, 4096


@dataclass(frozen=True)
class WctWeights:
    """Networks, and the paintings they come with."""

    network: WctNetwork
    paintings: Mapping[str, Statistics]  # by name
    origin: str  # the file's name, for messages
    ranges: ChannelRanges = field(default_factory=dict)  # of what goes into convolutions; or of none


def statistics(network: WctNetwork, painting: Picture, size: int) -> Statistics:
    """What a style is to the transform.

    Args:
        network: whose encoder looks at it.
        painting: (H, W, 3) uint8 RGB.
        size: px, its longer side when looked at: how large its strokes are.
    """
    least = 2 * STRIDE  # px, for a mirrored border at the deepest level
    looked_at = resize_longer_side(painting, size)
    height, width = (max(least, side) for side in looked_at.shape[:2])
    image = to_tensor([looked_at])
    image = torch.nn.functional.interpolate(image, (height, width), mode="bilinear", align_corners=False)
    with torch.inference_mode():
        features = network.encoder.features(image, LEVELS[-1])
        return {level: wct.moments(features[f"relu{level}_1"]) for level in LEVELS}


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

    tensors = {name: value.half() for name, value in network.state_dict().items()}
    for number, known in enumerate(paintings.values()):
        for level, found in known.items():
            tensors[f"statistics.{number}.{level}.mean"] = found.mean.float()
            tensors[f"statistics.{number}.{level}.factor"] = _factor(found.covariance).half()
    arrays = {name: value.contiguous().numpy() for name, value in tensors.items()}
    header = {
        "format": FORMAT,
        "shape": json.dumps(asdict(network.config)),
        "paintings": json.dumps(list(paintings)),
        "provenance": json.dumps(provenance),
    }
    if found_ranges:
        header[ranges.HEADER] = json.dumps(dict(found_ranges))
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


def open_chosen(path: Path | None) -> WctWeights:
    """A user's own file, or the bundled one; see `open_file` and `open_bundled`."""
    return open_bundled() if path is None else open_file(path)


def open_bundled() -> WctWeights:
    """The networks that come with the package.

    Raises:
        WeightsError: they are missing, damaged or of another version.
    """
    return _build(weights.load(BUNDLED), BUNDLED)


def open_file(path: Path) -> WctWeights:
    """Networks from a file that `stylize-video train` wrote.

    Raises:
        WeightsError: it is missing, damaged or of another version.
    """
    return _build(weights.read(path), str(path))


def as_stored(network: WctNetwork) -> WctNetwork:
    """The network as it will be read back, rounded to half precision."""
    rounded = WctNetwork.empty(network.config)
    rounded.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return rounded.eval()


def _build(found: weights.Weights, origin: str) -> WctWeights:
    if found.metadata.get("format") not in (FORMAT, _BEFORE):
        made = found.metadata.get("format", "something else")
        raise WeightsError(f"{origin}: made for {made!r}, this version reads {FORMAT!r}; train again")
    values = {name: value.float() for name, value in found.tensors.items()}
    own = {name: value for name, value in values.items() if not name.startswith("statistics.")}
    try:
        config = WctConfig(tuple(json.loads(found.metadata["shape"])["channels"]))
        weights.check_shapes(lambda: WctNetwork(config), own)
        network = WctNetwork.empty(config)
        network.load_state_dict(own)
        names = json.loads(found.metadata["paintings"])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError("the paintings' names are no list of texts")
        paintings = {name: _statistics_in(values, number, config) for number, name in enumerate(names)}
        known = ranges.stored(found.metadata, network)
    except weights.UNFIT as error:
        raise WeightsError(f"{origin}: tensors that don't fit its own header; train again") from error
    _check_painting(network.eval().requires_grad_(False), origin)
    return WctWeights(network, paintings, origin, known)


def _check_painting(network: WctNetwork, origin: str) -> None:
    """See whether numbers come out of it: sums of large weights may overflow."""
    side = 2 * STRIDE
    ramp = torch.linspace(0, 1, 3 * side * side).view(1, 3, side, side)
    features = network.encoder.features(ramp, LEVELS[-1])
    if not all(bool(network.decode(features[f"relu{n}_1"], n).isfinite().all()) for n in LEVELS):
        raise WeightsError(
            f"{origin}: its weights are too large, NaN comes out; take another file, or train again"
        )


def _statistics_in(values: Mapping[str, Tensor], number: int, config: WctConfig) -> Statistics:
    """Those of a file's painting.

    Raises:
        KeyError: there are none.
        ValueError: they are of other networks.
    """
    found = {}
    for level, channels in zip(LEVELS, config.channels, strict=True):
        parts = f"statistics.{number}.{level}"
        mean, covariance = values[f"{parts}.mean"].double(), _covariance_in(values, parts, channels)
        if mean.shape != (1, channels) or covariance.shape != (1, channels, channels):
            raise ValueError(f"statistics of {tuple(mean.shape)} for {channels} channels")
        found[level] = Moments(mean, covariance)
    return found


def _covariance_in(values: Mapping[str, Tensor], parts: str, channels: int) -> Tensor:
    if f"{parts}.covariance" in values:
        return values[f"{parts}.covariance"].double()
    return _covariance(values[f"{parts}.factor"], channels)


def _factor(covariance: Tensor) -> Tensor:
    """(1, C, C) -> the upper triangle of R of R^T R, row after row, in a table without gaps.

    By eigenvalues and not by Cholesky: a channel may be constant.
    """
    values, vectors = torch.linalg.eigh(covariance[0].double())
    root = values.clamp_min(0).sqrt().unsqueeze(1) * vectors.T
    upper: Tensor = torch.linalg.qr(root).R
    return upper[_triangle(len(upper))].reshape(_table(len(upper)))


def _covariance(factor: Tensor, channels: int) -> Tensor:
    """The other way round, in float64.

    Raises:
        ValueError: not so many numbers as that takes.
    """
    if factor.shape != _table(channels):
        raise ValueError(f"a factor of {tuple(factor.shape)} for {channels} channels")
    upper = torch.zeros(channels, channels, dtype=torch.float64)
    upper[_triangle(channels)] = factor.double().flatten()
    return (upper.T @ upper).unsqueeze(0)


def _table(channels: int) -> tuple[int, int]:
    """The shape of a table of channels (channels + 1) / 2 numbers."""
    columns = channels + 1 - channels % 2
    return channels * (channels + 1) // 2 // columns, columns


def _triangle(channels: int) -> tuple[Tensor, Tensor]:
    rows, columns = torch.triu_indices(channels, channels)
    return rows, columns
