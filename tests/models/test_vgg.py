"""VGG-16 against an independent computation from the weights file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from stylize_video.models import vgg
from stylize_video.models.vgg import Vgg16
from stylize_video.models.weights import FOLDER

CHANNELS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}


@pytest.fixture(scope="module")
def network() -> Vgg16:
    return Vgg16.pretrained()


def by_hand(images: torch.Tensor, until: str, pool: str = "max") -> torch.Tensor:
    """Features computed with nothing but the file: Caffe's BGR pixels less the mean, 0..255."""
    state = {k: v.float() for k, v in load_file(Path(FOLDER) / "vgg16.safetensors").items()}
    red, green, blue = (images[:, c] * 255 for c in range(3))
    x = torch.stack([blue - 103.939, green - 116.779, red - 123.68], dim=1)
    block = "1"
    for name in sorted({key.rsplit(".", 1)[0] for key in state}):
        if name[4] != block:
            x, block = (F.max_pool2d if pool == "max" else F.avg_pool2d)(x, 2), name[4]
        x = F.relu(F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1))
        if name.replace("conv", "relu") == until:
            return x
    raise AssertionError(f"{until} not reached")


@pytest.mark.parametrize("layer", ["relu1_1", "relu2_2", "relu3_3", "relu4_3", "relu5_1"])
def test_features_equal_those_computed_from_the_file(network: Vgg16, layer: str) -> None:
    images = torch.rand(2, 3, 32, 48)
    found = network(images, [layer])[layer]
    torch.testing.assert_close(found, by_hand(images, layer), rtol=1e-4, atol=1e-2)


def test_mean_pooling_is_another_network(network: Vgg16) -> None:
    images = torch.rand(1, 3, 32, 32)
    found = Vgg16.pretrained(pooling="mean")(images, ["relu3_1"])["relu3_1"]
    torch.testing.assert_close(found, by_hand(images, "relu3_1", "mean"), rtol=1e-4, atol=1e-2)
    assert not torch.allclose(found, network(images, ["relu3_1"])["relu3_1"])


def test_every_layer_has_its_channels_and_size(network: Vgg16) -> None:
    features = network(torch.rand(1, 3, 33, 50), vgg.LAYERS)
    assert tuple(features) == vgg.LAYERS
    for layer, value in features.items():
        block = int(layer[4])
        size = (33 // 2 ** (block - 1), 50 // 2 ** (block - 1))
        assert value.shape == (1, CHANNELS[layer[4]], *size)
        assert value.min() >= 0


def test_nothing_beyond_the_deepest_layer_is_computed(network: Vgg16) -> None:
    called = []
    hooks = [
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
        for name, layer in network.convolutions.items()
    ]
    network(torch.rand(1, 3, 16, 16), ["relu2_1", "relu1_2"])
    for hook in hooks:
        hook.remove()
    assert called == ["conv1_1", "conv1_2", "conv2_1"]


def test_the_layers_may_come_from_an_iterator(network: Vgg16) -> None:
    assert set(network(torch.rand(1, 3, 16, 16), iter(["relu1_1"]))) == {"relu1_1"}


def test_an_unknown_layer_is_named(network: Vgg16) -> None:
    with pytest.raises(ValueError, match="relu9_9"):
        network(torch.rand(1, 3, 16, 16), ["relu1_1", "relu9_9"])


def test_unknown_pooling_is_named() -> None:
    with pytest.raises(ValueError, match="median"):
        Vgg16(pooling="median")  # type: ignore[arg-type]


def test_the_weights_take_no_gradient_but_the_pictures_do(network: Vgg16) -> None:
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    network(images, ["relu2_1"])["relu2_1"].sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in network.parameters())
