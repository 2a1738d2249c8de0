"""The styles there are, and the painters that know them.

Names are looked up in the weights' manifest without importing torch; only `load` needs it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylize_video.errors import UnknownStyleError, UsageError, WeightsError
from stylize_video.files import paths, whole_file
from stylize_video.models import weights
from stylize_video.models.mixture import Mixture, NamedStyle, PaintedFrames, PictureStyle, TrainedStyle
from stylize_video.models.steadying_options import USUAL_SHARPENING, USUAL_STABILITY, Steadying

if TYPE_CHECKING:
    from torch import Tensor

    from stylize_video.models.feed_forward.parameters import StyleVector, TransformParameters
    from stylize_video.models.feed_forward.transform_net import TransformNet

DEFAULT = "kandinsky"  # whose network new styles start from
_TEXTS = ("name", "painting", "painter", "year", "licence", "weights")  # fields of a `Style`
FORMAT = "stylize-video transform-net 1"  # in the header of every painter's weights file


@dataclass(frozen=True)
class Style:
    """A painting that some network learned to paint in the manner of."""

    name: str
    painting: str
    painter: str
    year: str
    licence: str
    style_distance: float  # see models/perceptual/losses.py; over held-out photographs at 512 px
    content_distance: float
    warping_error: float | None = (
        None  # of films painted as by default, see models/motion/flow.py; None: not measured
    )
    weights: str = ""  # the manifest's name of the file; empty for a file of the user's own
    stability: float = USUAL_STABILITY  # see models/steadying/stabilizer.py; what keeps its style in films
    sharpening: float = USUAL_SHARPENING  # ibid.

    @property
    def steadying(self) -> Steadying:
        """Of films in this style."""
        return Steadying(self.stability, self.sharpening)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Style:
        """Build from a manifest or header entry; keys that are not fields are ignored.

        Raises:
            KeyError, TypeError, ValueError: one is missing, or of another type than the field.
        """
        found = {f.name: entry[f.name] for f in fields(cls) if f.name in entry}
        for name, value in found.items():
            if name in _TEXTS:
                if not isinstance(value, str):
                    raise TypeError(f"{name} = {value!r} must be text")
            elif value is not None and not math.isfinite(value):
                raise ValueError(f"{name} = {value} must be finite")
        return cls(**found)


@dataclass(frozen=True)
class StyledNetwork:
    """A network ready to paint, and the weight of each of its styles."""

    network: TransformNet
    style: Tensor  # (S,), sums to one


@dataclass(frozen=True)
class StyledParameters:
    """What paints in a style, or a mixture of styles, as arrays."""

    parameters: TransformParameters  # whose own styles don't matter
    style: StyleVector

    def painter(self) -> StyledNetwork:
        """The network with that style alone; imports torch."""
        import torch

        return StyledNetwork(self.parameters.with_style(self.style).network(), torch.ones(1))


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


def available() -> dict[str, Style]:
    """The bundled styles by name.

    Raises:
        WeightsError: the manifest is missing or damaged.
    """
    found: dict[str, Style] = {}
    for name, entry in weights.manifest().items():
        try:
            known = [Style.from_json({**style, "weights": name}) for style in entry.get("styles", [])]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError(
                f"the manifest's styles of {name!r} can't be read ({error}); install again"
            ) from error
        for style in known:
            if style.name in found:
                raise WeightsError(f"two bundled styles called {style.name!r} in the manifest; install again")
            found[style.name] = style
    return found


def check(style: Mixture, *, names: bool = True) -> None:
    """See whether each ingredient of a style is bundled or an existing file, without loading it.

    Args:
        style: what is to be painted in.
        names: whether its names are those of bundled styles; else files alone are looked for.

    Raises:
        UnknownStyleError: no such style or file; the message names the nearest style.
    """
    for ingredient in style.ingredients:
        match ingredient:
            case NamedStyle(name):
                if names:
                    _check_name(name)
            case TrainedStyle(file) | PictureStyle(file):
                if not paths.is_file(file):
                    kind = "picture" if isinstance(ingredient, PictureStyle) else "weights file"
                    raise UnknownStyleError(f"{file}: {paths.no_such(file, kind)}")
            case PaintedFrames(folder):
                raise UnknownStyleError(f"{folder}: painted frames are no style")


def _check_name(name: str) -> None:
    names = available()
    if name not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise UnknownStyleError(f"no style called {name!r}; {hint}")


def steadying(style: Mixture) -> Steadying:
    """What steadies films in a style or a mixture of styles without taking them far from it.

    The mean of a few frames' paintings is steadier than one, but less of a painting; how much less, and
    whether sharpening makes up for it, depends on the style. A file of the user's own has the usual.

    Raises:
        UnknownStyleError, WeightsError: as `load`.
    """
    check(style)
    known = available()
    stability = sharpening = 0.0
    for part in style.parts:
        named = isinstance(part.ingredient, NamedStyle)
        own = known[str(part.ingredient)].steadying if named else Steadying.usual()
        stability += part.weight * own.stability
        sharpening += part.weight * own.sharpening
    return Steadying(stability, sharpening)


def load(style: Mixture) -> StyledNetwork:
    """The painter for a style or a mixture of styles, as a network; see `load_parameters`."""
    return load_parameters(style).painter()


def load_parameters(style: Mixture) -> StyledParameters:
    """What paints in a style or a mixture of styles. Needs no torch.

    Styles are mixed by interpolating their scales and shifts (Dumoulin et al. 2017, section 3).

    Raises:
        UsageError: no such style or file, one that no network was trained on, or styles that can't be mixed.
        WeightsError: the weights are missing, damaged or of another version.
    """
    import numpy as np

    galleries: dict[str, Gallery] = {}
    weights_of: dict[str, list[float]] = {}
    for ingredient, weight in zip(check_trained(style), style.weights, strict=True):
        origin = _origin(ingredient)
        if origin not in galleries:
            galleries[origin] = _open(ingredient, origin)
            weights_of[origin] = [0.0] * len(galleries[origin].styles)
        weights_of[origin][galleries[origin].index(ingredient.name)] += weight
    first, *others = (gallery.parameters for gallery in galleries.values())
    if any(other.convolutions != first.convolutions for other in others):
        raise UsageError(
            f"{str(style)!r}: these styles can't be mixed, their networks' convolutions differ; train "
            "without `full` and from the same network"
        )
    mixed = sum(galleries[origin].parameters.mixed(weights) for origin, weights in weights_of.items())
    return StyledParameters(first, np.asarray(mixed, np.float32))


def check_trained(style: Mixture) -> list[NamedStyle | TrainedStyle]:
    """The ingredients, if networks have been trained on all of them.

    Raises:
        UsageError: one is missing, or no style that a network can be trained on.
    """
    check(style)
    found = []
    for ingredient in style.ingredients:
        if not isinstance(ingredient, NamedStyle | TrainedStyle):
            raise UsageError(f"{ingredient}: a picture is no trained network; train one")
        found.append(ingredient)
    return found


def _origin(ingredient: NamedStyle | TrainedStyle) -> str:
    """Which file it is in: its path, or the manifest's name of a bundled one."""
    if isinstance(ingredient, TrainedStyle):
        return str(ingredient.file)
    return available()[ingredient.name].weights


def _open(ingredient: NamedStyle | TrainedStyle, origin: str) -> Gallery:
    return open_file(ingredient.file) if isinstance(ingredient, TrainedStyle) else open_bundled(origin)


def load_all(style: Mixture) -> TransformNet:
    """The network of a style with what to choose from: all styles of a file, else the one asked for.

    Raises:
        UsageError, WeightsError: as `load`.
    """
    first, *others = check_trained(style)
    if isinstance(first, TrainedStyle) and not first.name and not others:
        return open_file(first.file).network
    return load(style).network


def bundled_network() -> str:
    """The manifest's name of the network that new styles start from: the default style's.

    Raises:
        WeightsError: the manifest lacks it.
    """
    found = available()
    if DEFAULT not in found:
        raise WeightsError(f"the manifest has no style called {DEFAULT!r}; install again")
    return found[DEFAULT].weights


def _described(style: Style) -> dict[str, Any]:
    """For a file's header, without what only the manifest says."""
    return {name: value for name, value in asdict(style).items() if name not in Steadying._fields}


def checksums(style: Mixture) -> dict[str, str]:
    """SHA-256 of each weights file that a style needs, by its name.

    Raises:
        UsageError: there is no such style.
        WeightsError: one of them can't be read.
    """
    found = {}
    for ingredient in check_trained(style):
        origin = _origin(ingredient)
        if isinstance(ingredient, TrainedStyle):
            found[origin] = _checksum(ingredient.file)
        else:
            found[origin] = weights.manifest()[origin]["sha256"]
    return found


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: can't be read ({error.strerror})") from error


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


def as_stored(network: TransformNet) -> TransformNet:
    """The network as it will be read back, rounded to half precision."""
    from stylize_video.models.feed_forward.transform_net import TransformNet

    rounded = TransformNet.empty(network.config)
    rounded.load_state_dict({name: value.half().float() for name, value in network.state_dict().items()})
    return rounded.eval()


def _build(found: weights.Weights, origin: str) -> Gallery:
    import numpy as np

    from stylize_video.models.feed_forward.parameters import TransformParameters
    from stylize_video.models.feed_forward.shape import TransformNetConfig

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
