"""A weights file: a network and the styles it knows. torch is imported where the network itself is needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import UnknownStyleError, WeightsError
from stylize_video.files import whole_file
from stylize_video.models import weights
from stylize_video.models.steadying_options import Steadying
from stylize_video.models.styles import Style
from stylize_video.models.weights import file_format

if TYPE_CHECKING:
    from stylize_video.models.transform_net.parameters import TransformParameters
    from stylize_video.models.transform_net.transform_net import TransformNet

BUNDLED = "transform-net"  # the manifest's name of the styles that were bundled
FORMAT = file_format.TRANSFORM_NET  # in the header of every such file


@dataclass(frozen=True)
class Gallery:
    """A network and the styles it knows, in the order of their scales and shifts."""

    parameters: TransformParameters
    styles: tuple[Style, ...]
    origin: str  # the file's name, for messages

    @cached_property
    def network(self) -> TransformNet:
        """The network itself; imports torch."""
        return self.parameters.network()

    def index(self, name: str) -> int:
        """Where a style is; an empty name means the only one.

        Raises:
            UnknownStyleError: there is none of that name, or several and none was named.
        """
        names = [style.name for style in self.styles]
        if not name and len(names) == 1:
            return 0
        if name not in names:
            example = f"{self.origin}#{names[0]}"
            raise UnknownStyleError(f"{self.origin} holds: {', '.join(names)}; ask for e.g. {example}")
        return names.index(name)


def open_bundled(name: str) -> Gallery:
    """Load a bundled network with all its styles, by the manifest's name.

    Raises:
        WeightsError: it is missing, damaged or of another version.
    """
    return _build(weights.load(name), name)


def open_file(path: Path) -> Gallery:
    """Load a network with all its styles from a file that `train` wrote.

    Raises:
        WeightsError: it is missing, damaged or of another version.
    """
    return _build(weights.read(path), str(path))


def save(path: Path, network: TransformNet, trained: Sequence[Style], provenance: dict[str, Any]) -> None:
    """Write a painter as fp16 safetensors, with what it is and where it comes from in the header.

    Raises:
        WeightsError: the file can't be written.
    """
    from safetensors.torch import save as serialise

    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    header = {
        "format": FORMAT,
        "shape": json.dumps(asdict(network.config)),
        "styles": json.dumps([_described(style) for style in trained]),
        "provenance": json.dumps(provenance),
    }
    try:
        whole_file.write(whole_file.destination(path), serialise(tensors, header))
    except OSError as error:
        raise WeightsError(f"{path}: can't be written ({error.strerror})") from error


def _described(style: Style) -> dict[str, Any]:
    """For a file's header, without what only the manifest says."""
    return {name: value for name, value in asdict(style).items() if name not in Steadying._fields}


def as_stored(network: TransformNet) -> TransformNet:
    """The network as it will be read back, rounded to half precision."""
    from stylize_video.models.transform_net.transform_net import TransformNet

    rounded = TransformNet.empty(network.config)
    rounded.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return rounded.eval()


def _build(found: weights.Weights, origin: str) -> Gallery:
    import numpy as np

    from stylize_video.models.transform_net.parameters import TransformParameters
    from stylize_video.models.transform_net.shape import TransformNetConfig

    if found.metadata.get("format") != FORMAT:
        made = found.metadata.get("format", "something else")
        raise WeightsError(f"{origin}: made for {made!r}, this version reads {FORMAT!r}; train again")
    try:
        config = TransformNetConfig(**json.loads(found.metadata["shape"]))
        arrays = {name: array.astype(np.float32, copy=False) for name, array in found.arrays.items()}
        parameters = TransformParameters(config, arrays)
        known = tuple(Style.from_json(entry) for entry in json.loads(found.metadata["styles"]))
        if len(known) != config.styles:
            raise ValueError(f"{len(known)} names for {config.styles} styles")
    except weights.UNFIT as error:
        raise WeightsError(f"{origin}: tensors that don't fit its own header; train again") from error
    if not (parameters.surely_finite or _is_able_to_paint(parameters)):
        raise WeightsError(
            f"{origin}: its weights are too large, NaN comes out; take another file, or train again"
        )
    return Gallery(parameters, known, origin)


def _is_able_to_paint(parameters: TransformParameters) -> bool:
    """Whether numbers come out of a network whose sums of large weights may overflow; imports torch."""
    import torch

    style = torch.full((1, parameters.config.styles), 1 / parameters.config.styles)
    ramp = torch.linspace(0, 1, 3 * 16 * 16).view(1, 3, 16, 16)
    with torch.inference_mode():
        return bool(parameters.network()(ramp, style).isfinite().all())
