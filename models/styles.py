"""The styles there are, and the painters that know them.

Names are looked up in the weights' manifest without importing torch; only `load` needs it.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import UnknownStyleError, WeightsError
from stylize_video.models import weights

if TYPE_CHECKING:
    from torch import Tensor

    from stylize_video.models.transform_net import TransformNet

FORMAT = "stylize-video transform-net 1"  # in the header of every painter's weights file


@dataclass(frozen=True)
class Style:
    """A painting that some network learned to paint in the manner of."""

    name: str
    painting: str
    painter: str
    year: str
    licence: str
    style_distance: float  # see models/losses.py; over held-out photographs at 512 px
    content_distance: float
    weights: str = ""  # the manifest's name of the file; empty for a file of the user's own

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Style:
        """Build from a manifest or header entry; keys that are not fields are ignored."""
        return cls(**{f.name: entry[f.name] for f in fields(cls) if f.name in entry})


@dataclass(frozen=True)
class Painter:
    """A network ready to paint, and the weight of each of its styles."""

    network: TransformNet
    style: Tensor  # (S,), sums to one


def available() -> dict[str, Style]:
    """The bundled styles by name.

    Raises:
        WeightsError: the manifest is missing or damaged.
    """
    return {
        style["name"]: Style.from_json({**style, "weights": name})
        for name, entry in weights.manifest().items()
        for style in entry.get("styles", [])
    }


def check(spec: str) -> None:
    """See whether `spec` is a bundled style or an existing weights file, without loading it.

    Raises:
        UnknownStyleError: neither; the message names the nearest style.
    """
    if _is_file(spec):
        try:
            found = Path(spec).is_file()
        except (OSError, ValueError):  # a name too long, a folder that may not be searched, a NUL
            found = False
        if not found:
            raise UnknownStyleError(f"{spec}: no such weights file")
        return
    names = available()
    if spec not in names:
        near = difflib.get_close_matches(spec.lower(), names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise UnknownStyleError(f"no style called {spec!r}; {hint}")


def load(spec: str) -> Painter:
    """Load the painter for a bundled style's name or for a weights file that `train` wrote.

    Raises:
        UnknownStyleError: no such style or file.
        WeightsError: the weights are missing, damaged or of another version.
    """
    check(spec)
    if _is_file(spec):
        return _build(weights.read(Path(spec)), spec, index=0)
    name = available()[spec].weights
    names = [style["name"] for style in weights.manifest()[name]["styles"]]
    return _build(weights.load(name), name, index=names.index(spec))


def save(path: Path, network: TransformNet, style: Style, provenance: dict[str, Any]) -> None:
    """Write a painter as fp16 safetensors, with what it is and where it comes from in the header.

    Raises:
        WeightsError: the file can't be written.
    """
    from safetensors.torch import save as serialise

    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    header = {
        "format": FORMAT,
        "shape": json.dumps(asdict(network.config)),
        "styles": json.dumps([asdict(style)]),
        "provenance": json.dumps(provenance),
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_bytes(serialise(tensors, header))
        partial.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: can't be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)


def _is_file(spec: str) -> bool:
    return spec.endswith(".safetensors")


def _build(found: weights.Weights, origin: str, *, index: int) -> Painter:
    import torch

    from stylize_video.models.transform_net import TransformNet, TransformNetConfig

    if found.metadata.get("format") != FORMAT:
        made = found.metadata.get("format", "something else")
        raise WeightsError(f"{origin}: made for {made!r}, this version reads {FORMAT!r}; train again")
    try:
        network = TransformNet(TransformNetConfig(**json.loads(found.metadata["shape"])))
        network.load_state_dict({name: value.float() for name, value in found.tensors.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{origin}: tensors that don't fit its own header; train again") from error
    style = torch.zeros(network.config.styles)
    style[index] = 1
    return Painter(network.eval(), style)
