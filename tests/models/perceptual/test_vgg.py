"""VGG-16 against an independent computation from the weights file, VGG-19 against torchvision's."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from stylize_video.errors import WeightsError
from stylize_video.models.gatys import config as gatys_config
from stylize_video.models.perceptual import vgg
from stylize_video.models.perceptual.vgg import Vgg16, Vgg19, from_torchvision, load_features
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


def random_vgg19() -> torch.nn.Module:
    """torchvision's own VGG-19 with random weights; its classifier, 494 MB, is left without any."""
    from torchvision.models import vgg19

    with torch.device("meta"):
        model = vgg19(weights=None)
    model.features.to_empty(device="cpu")
    for value in model.features.parameters():
        torch.nn.init.normal_(value, std=0.05)
    return model.eval()


def no_download(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception) -> None:
    """An empty cache, and a download that fails."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)


def cached_vgg19(tmp_path: Path) -> Path:
    """Where torch keeps the file when TORCH_HOME is `tmp_path`."""
    path = tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth"
    path.parent.mkdir(parents=True)
    return path


def test_vgg19_equals_torchvisions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As from the cache: loaded by the same functions, prepared by torchvision's own preset."""
    from torchvision.models import VGG19_Weights

    theirs = random_vgg19()
    state = {f"features.{name}": value for name, value in theirs.features.state_dict().items()}
    torch.save(state, cached_vgg19(tmp_path))
    no_download(monkeypatch, tmp_path, AssertionError("it is in the cache"))
    ours = load_features("vgg19")

    images = torch.rand(2, 3, 32, 32)
    preset = VGG19_Weights.IMAGENET1K_V1.transforms(crop_size=32, resize_size=32)
    x, block, number, expected = preset(images), 1, 1, {}
    for module in theirs.features:
        x = module(x)
        if isinstance(module, torch.nn.ReLU):
            expected[f"relu{block}_{number}"] = x.clone()
            number += 1
        elif isinstance(module, torch.nn.MaxPool2d):
            block, number = block + 1, 1

    assert ours.layers == tuple(expected)
    assert ours.layers[-1] == "relu5_4"
    for layer, found in ours(images, ours.layers).items():
        torch.testing.assert_close(found, expected[layer], rtol=1e-4, atol=1e-5)
    assert not ours.training
    assert not any(p.requires_grad for p in ours.parameters())


def test_a_missing_layer_is_not_passed_over() -> None:
    with pytest.raises(KeyError, match=r"features\.0\.weight"):
        from_torchvision({}, Vgg19.layout)


def test_features_by_name() -> None:
    found = load_features("vgg16")
    assert isinstance(found, Vgg16)
    assert found.layers == vgg.LAYERS
    assert set(vgg.NETWORKS) == set(gatys_config.FEATURES)
    with pytest.raises(ValueError, match="vgg11"):
        load_features("vgg11")


@pytest.mark.parametrize("error", [URLError("no route to host"), PermissionError(13, "Permission denied")])
def test_a_failed_download_says_what_to_do(
    error: OSError, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_download(monkeypatch, tmp_path, error)
    with pytest.raises(WeightsError) as caught:
        load_features("vgg19")
    message = str(caught.value)
    assert str(error) in message
    assert "takes an internet connection" in message
    assert "`features` vgg16" in message
    assert "\n" not in message
    assert capsys.readouterr().out == ""


def test_a_download_with_another_checksum_is_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_download(monkeypatch, tmp_path, RuntimeError('invalid hash value (expected "dcbb9e9d", got "0")'))
    with pytest.raises(WeightsError, match=r"damaged \(RuntimeError: invalid hash value.*`features` vgg16"):
        load_features("vgg19")


@pytest.mark.parametrize("content", [b"", b"half a file", b"PK\x03\x04 half a zip"])
def test_a_damaged_file_in_the_cache_is_named(
    content: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = cached_vgg19(tmp_path)
    path.write_bytes(content)
    no_download(monkeypatch, tmp_path, AssertionError("it is in the cache"))
    with pytest.raises(WeightsError, match="damaged") as caught:
        load_features("vgg19")
    assert f"remove {path} " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_torchvision_the_bundled_network_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(WeightsError, match=r"needs a torchvision that fits torch .*`features` vgg16"):
        load_features("vgg19")


def test_a_torchvision_for_another_torch_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "torchvision").mkdir()
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "torchvision" / "__init__.py").write_text(broken)
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match=r"torchvision::nms does not exist.*`features` vgg16"):
        load_features("vgg19")


def test_both_refuse_a_layer_of_the_other() -> None:
    with pytest.raises(ValueError, match="VGG-16 layer"):
        Vgg16()(torch.rand(1, 3, 16, 16), ["relu5_4"])
