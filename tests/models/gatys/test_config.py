"""What painting by optimisation can be told, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stylize_video.errors import UsageError
from stylize_video.models.gatys.config import GatysConfig, parse_layers


def test_the_layers_are_the_papers() -> None:
    config = GatysConfig()
    assert config.style_layers == tuple(f"relu{block}_1" for block in range(1, 6))
    assert config.content_layers == ("relu4_2",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"iterations": 0}, "iterations 0 is out of range"),
        ({"content_weight": -1.0}, "content weight -1.0 is out of range"),
        ({"style_weight": float("inf")}, "style weight inf is out of range"),
        ({"tv_weight": float("nan")}, "tv weight nan is out of range"),
        ({"temporal_weight": -0.1}, "temporal weight -0.1 is out of range"),
        ({"photoreal_weight": -0.1}, "photoreal weight -0.1 is out of range"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "are both 0"),
        ({"init": "nothing"}, "init 'nothing' is no start; give content, noise, style or a picture"),
        ({"init": "a.mp4"}, "init 'a.mp4' is no start"),
        ({"optimizer": "sgd"}, "no optimizer called 'sgd'; there are: lbfgs, adam"),
        ({"features": "vgg11"}, "no features called 'vgg11'"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**63}, "is out of range"),
        ({"style_layers": ()}, "layers '' are out of range"),
        ({"style_layers": ("relu1_1", "relu1_1")}, "each once"),
        ({"style_layers": ("relu5_2",)}, "no layer called 'relu5_2' in vgg16; it has relu1_1 to relu5_1"),
        ({"content_layers": ("conv4_2",)}, "no layer called 'conv4_2'"),
        ({"style_layers": ("relu5_5",), "features": "vgg19"}, "it has relu1_1 to relu5_4"),
        ({"style_layers": ("relu1_0",)}, "no layer called"),
    ],
)
def test_out_of_range(given: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        GatysConfig(**given)  # type: ignore[arg-type]
    assert message in str(caught.value)


@pytest.mark.parametrize("init", ["content", "noise", "style", "mine.jpg", "a/b.PNG"])
def test_starts(init: str) -> None:
    assert GatysConfig(init=init).init == init


def test_the_features_have_the_layers_that_are_checked() -> None:
    from stylize_video.models.perceptual.vgg import NETWORKS

    for name, network in NETWORKS.items():
        layers = tuple(step[0].replace("conv", "relu") for step in network.layout if step != "pool")
        assert GatysConfig(features=name, style_layers=layers).style_layers == layers


def test_layers_as_a_user_gives_them() -> None:
    assert parse_layers("relu1_1, relu3_1") == ("relu1_1", "relu3_1")
    for text in ("", "relu1_1,", ","):
        with pytest.raises(UsageError, match="no layers"):
            parse_layers(text)


def test_no_torch_is_needed() -> None:
    code = (
        "import sys; from stylize_video.models.gatys import config; config.GatysConfig();"
        "sys.exit(bool({'torch', 'cv2', 'numpy'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
