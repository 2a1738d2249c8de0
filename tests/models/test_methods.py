"""Which way of painting a style asks for, and which ones it can't be painted by."""

from __future__ import annotations

import subprocess
import sys

import pytest

from stylize_video.errors import UsageError
from stylize_video.models import methods
from stylize_video.models.methods import FEED_FORWARD, GATYS, WCT, choose


@pytest.mark.parametrize(
    ("spec", "method", "wanted"),
    [
        ("kandinsky", "auto", FEED_FORWARD),
        ("kandinsky:0.6,udnie:0.4", "auto", FEED_FORWARD),
        ("mine.safetensors#monet", "auto", FEED_FORWARD),
        ("mine.jpg", "auto", WCT),
        ("a,b.PNG", "auto", WCT),
        ("kandinsky:0.9,./mine.webp:0.1", "auto", WCT),
        ("kandinsky", FEED_FORWARD, FEED_FORWARD),
        ("mine.safetensors", FEED_FORWARD, FEED_FORWARD),
        ("kandinsky", WCT, WCT),
        ("mine.tif", WCT, WCT),
        ("mine.tif", GATYS, GATYS),
        ("mine.tif,yours.jpg:2", GATYS, GATYS),
    ],
)
def test_the_style_decides_unless_one_is_asked_for(spec: str, method: str, wanted: str) -> None:
    assert choose(spec, method) == wanted


@pytest.mark.parametrize(
    ("spec", "method", "message"),
    [
        ("a/mine.jpg", FEED_FORWARD, "a/mine.jpg: a picture is no trained network"),
        ("kandinsky,mine.jpg:3", FEED_FORWARD, "mine.jpg: a picture is no trained network"),
        ("mine.safetensors", WCT, "mine.safetensors: the transform needs a picture of the painting"),
        ("x.safetensors#monet", WCT, "x.safetensors#monet: the transform needs a picture"),
        ("kandinsky", GATYS, "kandinsky: --method gatys needs a picture of the painting"),
        ("mine.jpg,kandinsky", GATYS, "kandinsky: --method gatys needs a picture of the painting"),
        ("x.safetensors#monet", GATYS, "x.safetensors#monet: --method gatys needs a picture"),
        ("mine.jpg,x.safetensors", "auto", "x.safetensors: the transform needs a picture"),
    ],
)
def test_what_it_cannot_be_painted_by(spec: str, method: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(spec, method)
    assert str(caught.value).startswith(message)


def test_there_is_a_way_that_is_chosen_by_default() -> None:
    assert methods.METHODS == ("auto", FEED_FORWARD, WCT, GATYS)


def test_methods_are_chosen_without_torch() -> None:
    code = (
        "import sys; from stylize_video.models import methods; methods.choose('a.png', 'auto');"
        "from stylize_video.models.wct import levels; levels.parse('4,1');"
        "sys.exit(bool({'torch', 'cv2', 'numpy'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
