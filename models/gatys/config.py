"""What painting by optimisation can be told. The defaults live here and nowhere else; needs no torch."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import UsageError
from stylize_video.option import Notation, option
from stylize_video.pictures.picture_names import READ

OPTIMIZERS = ("lbfgs", "adam")
STARTS = ("content", "noise", "style")  # or a picture's file
PANEL = "Painting by optimisation"  # of --help

_BLOCKS = {"vgg16": (2, 2, 3, 3, 1), "vgg19": (2, 2, 4, 4, 4)}  # convolutions, as far as they are here
_WEIGHTS = ("content_weight", "style_weight", "tv_weight", "temporal_weight", "photoreal_weight")


def parse_layers(text: str) -> tuple[str, ...]:
    """Layers as a user gives them, e.g. "relu1_1,relu2_1"; whether there are such, `GatysConfig` says.

    Raises:
        UsageError: nothing.
    """
    layers = tuple(part.strip() for part in text.split(","))
    if not all(layers):
        raise UsageError(f"{text!r} are no layers; give e.g. relu1_1,relu2_1,relu3_1")
    return layers


_LAYERS = Notation(parse_layers, ",".join)

FEATURES = ("vgg16", "vgg19")  # bundled; torchvision's, downloaded


@dataclass(frozen=True)
class GatysConfig:
    """Everything that decides a painting, but for the pictures.

    Raises:
        UsageError: a value out of its range.
    """

    iterations: int = option(
        200,
        help="Steps of the optimiser for each picture or keyframe, in all sizes together.",
        panel=PANEL,
        least=1,
    )
    content_weight: float = option(  # alpha
        1.0, help="How much the photograph's content counts against the style.", panel=PANEL, least=0
    )
    style_weight: float = option(  # beta
        20.0, help="How much the painting's style counts against the content.", panel=PANEL, least=0
    )
    tv_weight: float = option(1.0, help="How much smoothness counts (total variation).", panel=PANEL, least=0)
    temporal_weight: float = option(  # for agreement with the keyframes before
        100.0, help="How much a keyframe is held to the one before it.", panel=PANEL, least=0
    )
    photoreal_weight: float = 0.0  # of the matting Laplacian; 0: off
    init: str | Path = option(
        STARTS[0],
        help=f"What the optimiser begins with: {', '.join(STARTS)} or a picture.",
        panel=PANEL,
        metavar="START",
        notation=Notation(lambda text: text if text in STARTS else Path(text), str),
    )
    optimizer: str = option(OPTIMIZERS[0], help="The minimiser.", panel=PANEL, choices=OPTIMIZERS)
    style_layers: tuple[str, ...] = option(
        ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        name="layers",
        help="The layers of the feature network that the style is measured by.",
        panel=PANEL,
        metavar="LAYERS",
        notation=_LAYERS,
    )
    content_layers: tuple[str, ...] = ("relu4_2",)
    features: str = option(
        FEATURES[0],
        help=f"The feature network; torchvision downloads {FEATURES[1]}.",
        panel=PANEL,
        choices=FEATURES,
    )
    seed: int = 0  # of the noise that it may begin with

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise UsageError(f"iterations {self.iterations} is out of range; give 1 or more")
        for name in _WEIGHTS:
            if not 0 <= getattr(self, name) < math.inf:  # so that NaN is caught too
                raise UsageError(
                    f"{name.replace('_', ' ')} {getattr(self, name)} is out of range; give 0 or more"
                )
        if not self.content_weight + self.style_weight > 0:
            raise UsageError("content weight and style weight are both 0; give one above it")
        if self.init not in STARTS and Path(self.init).suffix.lower() not in READ:
            raise UsageError(f"init {str(self.init)!r} is no start; give {', '.join(STARTS)} or a picture")
        if self.optimizer not in OPTIMIZERS:
            raise UsageError(f"no optimizer called {self.optimizer!r}; there are: {', '.join(OPTIMIZERS)}")
        if self.features not in FEATURES:
            raise UsageError(f"no features called {self.features!r}; there are: {', '.join(FEATURES)}")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        _check_layers(self.style_layers, self.features)
        _check_layers(self.content_layers, self.features)


def _check_layers(layers: Sequence[str], features: str) -> None:
    blocks = _BLOCKS[features]
    for layer in layers:
        found = re.fullmatch(r"relu([1-5])_([1-9])", layer)
        if found is None or int(found[2]) > blocks[int(found[1]) - 1]:
            last = f"relu5_{blocks[-1]}"
            raise UsageError(f"no layer called {layer!r} in {features}; it has relu1_1 to {last}")
    if not layers or len(set(layers)) < len(layers):
        raise UsageError(f"layers {','.join(layers)!r} are out of range; give one or more, each once")


DEFAULTS = GatysConfig()
# With a style weight of 20 things of the other photograph grow in this one (a scaffold on a pagoda, whether
# the term weighs 3000 or 30,000); with 2 and 30,000 colours hardly move.
PHOTOREAL = GatysConfig(style_weight=2.0, photoreal_weight=3000.0)
