"""VGG-16 and VGG-19 features by layer name (Simonyan & Zisserman 2014, configurations D and E)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.errors import WeightsError
from stylize_video.models import weights
from stylize_video.models.weights.torchvision_weights import TorchvisionWeights

_CHANNELS = (64, 128, 256, 512, 512)

# One entry a convolution, in order; "pool" halves the size. The names are the paper's.
Layout = tuple[tuple[str, int, int] | Literal["pool"], ...]


def _layout(*convolutions: int) -> Layout:
    """The layout for so many convolutions in each block."""
    steps: list[tuple[str, int, int] | Literal["pool"]] = []
    before = 3
    for block, (count, channels) in enumerate(zip(convolutions, _CHANNELS, strict=True), 1):
        if block > 1:
            steps.append("pool")
        for number in range(1, count + 1):
            steps.append((f"conv{block}_{number}", before, channels))
            before = channels
    return tuple(steps)


def _relu(convolution: str) -> str:
    return convolution.replace("conv", "relu")


class FeatureNetwork(nn.Module, ABC):
    """The face of the feature networks of every perceptual loss here. Frozen: no weight takes a gradient."""

    title: ClassVar[str]
    layout: ClassVar[Layout]

    def __init__(self, *, pooling: Literal["max", "mean"] = "max") -> None:
        """Make it with random weights; see `load_features`.

        Args:
            pooling: "max" as trained, or "mean", which Gatys et al. 2016 (section 2) found to give
                smoother gradients.
        """
        if pooling not in ("max", "mean"):
            raise ValueError(f"{pooling = } must be 'max' or 'mean'")
        super().__init__()
        self._pool = F.max_pool2d if pooling == "max" else F.avg_pool2d
        self.convolutions = nn.ModuleDict(
            {step[0]: nn.Conv2d(step[1], step[2], 3, padding=1) for step in self.layout if step != "pool"}
        )
        self.requires_grad_(False)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names that `forward` takes, from the shallowest to the deepest."""
        return _layers(self.layout)

    @abstractmethod
    def prepare(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in 0..1 -> what the weights were trained on."""

    def forward(self, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features after the ReLU of each named layer, e.g. "relu3_3".

        Args:
            images: (N, 3, H, W) float RGB in 0..1; H and W at least 16.
            layers: names out of `self.layers`; nothing beyond the deepest one is computed.
        """
        wanted = set(layers)
        if unknown := wanted - set(self.layers):
            raise ValueError(f"no such {self.title} layer: {sorted(unknown)}; there are {self.layers}")
        features: dict[str, Tensor] = {}
        x = self.prepare(images)
        for step in self.layout:
            if step == "pool":
                x = self._pool(x, 2)
                continue
            x = F.relu(self.convolutions[step[0]](x))
            name = _relu(step[0])
            if name in wanted:
                features[name] = x
                if len(features) == len(wanted):
                    break
        return features

    def _load(self, state: Mapping[str, Tensor]) -> None:
        """Take the tensors of a file, named "conv1_1.weight" and so on, in float32.

        Raises:
            WeightsError: they are another network's, or some are NaN.
        """
        weights.check_finite({name: tensor.numpy() for name, tensor in state.items()}, self.title)
        try:
            self.load_state_dict({f"convolutions.{name}": tensor.float() for name, tensor in state.items()})
        except RuntimeError as error:
            raise WeightsError(f"{self.title}: weights of another network; install again") from error
        self.eval()


def _layers(layout: Layout) -> tuple[str, ...]:
    return tuple(_relu(step[0]) for step in layout if step != "pool")


class Vgg16(FeatureNetwork):
    """VGG-16 up to conv5_1, with the paper's own weights, which come with this package."""

    title = "VGG-16"
    layout = _layout(2, 2, 3, 3, 1)
    mean: Tensor

    def __init__(self, *, pooling: Literal["max", "mean"] = "max") -> None:
        super().__init__(pooling=pooling)
        # The Caffe weights were trained on BGR pixels in 0..255 less this mean, (B, G, R).
        mean = torch.tensor((103.939, 116.779, 123.68)).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    @classmethod
    def pretrained(cls, *, pooling: Literal["max", "mean"] = "max") -> Vgg16:
        """The network with the bundled ImageNet weights, in float32.

        Raises:
            WeightsError: the bundled file is missing or damaged.
        """
        network = cls(pooling=pooling)
        network._load(weights.load("vgg16").tensors)
        return network

    def prepare(self, images: Tensor) -> Tensor:
        return images.flip(1) * 255.0 - self.mean


_VGG19_WEIGHTS = TorchvisionWeights(
    "VGG-19", "VGG19_Weights.IMAGENET1K_V1", "use `features` vgg16, which is bundled"
)


class Vgg19(FeatureNetwork):
    """VGG-19 up to conv5_4, with torchvision's weights, which it downloads once (548 MB)."""

    title = "VGG-19"
    layout = _layout(2, 2, 4, 4, 4)
    mean: Tensor
    std: Tensor

    def __init__(self, *, pooling: Literal["max", "mean"] = "max") -> None:
        super().__init__(pooling=pooling)
        # Of torchvision's training pictures, RGB in 0..1.
        mean, std = torch.tensor(((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))).view(2, 1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    @classmethod
    def pretrained(cls, *, pooling: Literal["max", "mean"] = "max") -> Vgg19:
        """The network with torchvision's ImageNet weights, in float32.

        Raises:
            WeightsError: no torchvision that works, or the weights can't be had.
        """
        network = cls(pooling=pooling)
        network._load(from_torchvision(_VGG19_WEIGHTS.load(), cls.layout))
        return network

    def prepare(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std


LAYERS = _layers(Vgg16.layout)

NETWORKS: dict[str, type[Vgg16] | type[Vgg19]] = {"vgg16": Vgg16, "vgg19": Vgg19}


def load_features(name: str, *, pooling: Literal["max", "mean"] = "max") -> FeatureNetwork:
    """The feature network "vgg16", which is bundled, or "vgg19", which torchvision downloads.

    Args:
        name: one of `NETWORKS`.
        pooling: see `FeatureNetwork`.

    Raises:
        WeightsError: the weights are missing or damaged, or can't be downloaded.
    """
    if name not in NETWORKS:
        raise ValueError(f"{name = } must be one of {tuple(NETWORKS)}")
    return NETWORKS[name].pretrained(pooling=pooling)


def from_torchvision(state: Mapping[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """The state of a torchvision VGG without batch norm -> "conv1_1.weight" and so on.

    torchvision numbers convolutions, ReLUs and poolings through; the classifier is left out.

    Raises:
        KeyError: a layer of `layout` is not in `state`.
    """
    found = {}
    index = 0
    for step in layout:
        if step == "pool":
            index += 1
            continue
        for kind in ("weight", "bias"):
            found[f"{step[0]}.{kind}"] = state[f"features.{index}.{kind}"]
        index += 2
    return found
