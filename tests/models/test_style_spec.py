"""How styles are asked for: names, files, mixtures, and what is none of them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from stylize_video.errors import UnknownStyleError, UsageError
from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, PictureStyle, TrainedStyle
from stylize_video.models.style_spec import parse


def ingredient(name: str, file: str) -> Ingredient:
    if not file:
        return NamedStyle(name)
    if file.endswith(".safetensors"):
        return TrainedStyle(Path(file), name)
    return PictureStyle(Path(file))


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("kandinsky", [("kandinsky", "", 1)]),
        (" kandinsky ", [("kandinsky", "", 1)]),
        ("kandinsky:0.6,starry-night:0.4", [("kandinsky", "", 0.6), ("starry-night", "", 0.4)]),
        ("a,b", [("a", "", 0.5), ("b", "", 0.5)]),
        ("a:3,b", [("a", "", 0.75), ("b", "", 0.25)]),
        ("a:60 , b:40", [("a", "", 0.6), ("b", "", 0.4)]),
        ("a:0,b:2", [("a", "", 0), ("b", "", 1)]),
        ("a:1e-3,b:3e-3", [("a", "", 0.25), ("b", "", 0.75)]),
        ("a:.5", [("a", "", 1)]),
        ("a,a:3", [("a", "", 0.25), ("a", "", 0.75)]),
        ("x.safetensors", [("", "x.safetensors", 1)]),
        ("./d/x.safetensors:2,a:6", [("", "./d/x.safetensors", 0.25), ("a", "", 0.75)]),
        ("x.safetensors#monet", [("monet", "x.safetensors", 1)]),
        (
            "x.safetensors#monet:1,y#z.safetensors:3",
            [("monet", "x.safetensors", 0.25), ("", "y#z.safetensors", 0.75)],
        ),
        ("x.safetensors#", [("", "x.safetensors", 1)]),
        ("a#b", [("a#b", "", 1)]),
        ("../kandinsky", [("../kandinsky", "", 1)]),
        ("C:\\styles\\x.safetensors", [("", "C:\\styles\\x.safetensors", 1)]),
        ("C:/styles/x.safetensors#monet:2", [("monet", "C:/styles/x.safetensors", 1)]),
        (
            "C:\\x.safetensors:1,D:\\y.safetensors:1",
            [("", "C:\\x.safetensors", 0.5), ("", "D:\\y.safetensors", 0.5)],
        ),
        ("mine.jpg", [("", "mine.jpg", 1)]),
        ("./d/mine.PNG:0.5", [("", "./d/mine.PNG", 1)]),
        ("./mine.webp:0.6,kandinsky:0.4", [("", "./mine.webp", 0.6), ("kandinsky", "", 0.4)]),
        (
            "a.tiff,b.jpeg:2,x.safetensors",
            [("", "a.tiff", 0.25), ("", "b.jpeg", 0.5), ("", "x.safetensors", 0.25)],
        ),
        ("C:\\art\\x.bmp:1", [("", "C:\\art\\x.bmp", 1)]),
        ("no.1.jpg", [("", "no.1.jpg", 1)]),
        ("a#b.png", [("", "a#b.png", 1)]),
        ("x.safetensors#b.png", [("b.png", "x.safetensors", 1)]),
        (".png", [(".png", "", 1)]),
        ("mine.gif", [("mine.gif", "", 1)]),
    ],
)
def test_grammar(spec: str, wanted: list[tuple[str, str, float]]) -> None:
    found = parse(spec)
    assert list(found.ingredients) == [ingredient(name, file) for name, file, _ in wanted]
    assert found.weights == pytest.approx([weight for *_, weight in wanted])
    assert math.fsum(found.weights) == pytest.approx(1)


@pytest.mark.parametrize(
    "name",
    [
        "a,b.safetensors",
        "a:1,b:2.safetensors",
        "12:30.safetensors",
        "a#b.safetensors",
        "a:0.safetensors",
        "a,b.png",
        "Boats, 1883.jpg",
        "12:30.jpeg",
        "a:1,b.safetensors:2.PNG",
    ],
)
def test_a_file_that_exists_is_taken_at_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).touch()
    kind = TrainedStyle if name.endswith(".safetensors") else PictureStyle
    assert parse(str(tmp_path / name)) == Mixture.only(kind(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    assert parse(name) == Mixture.only(kind(Path(name)))
    assert parse(name).stem == Path(name).stem


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("mine.jpg:1,kandinsky:1,x.safetensors:1", [True, False, False]),
        ("a.WebP,b.tif", [True, True]),
        ("x.safetensors#b.png", [False]),
        ("png", [False]),
    ],
)
def test_what_is_a_picture(spec: str, wanted: list[bool]) -> None:
    assert [isinstance(i, PictureStyle) for i in parse(spec).ingredients] == wanted


def test_a_name_with_a_comma_that_is_no_file_is_a_mixture() -> None:
    assert [str(i) for i in parse("missing,b.safetensors").ingredients] == ["missing", "b.safetensors"]


@pytest.mark.parametrize("text", ["x", "0.6.1", "-1", "-1e-9", "nan", "inf", "-inf", "1e999", "50%", ""])
def test_what_is_no_weight(text: str) -> None:
    with pytest.raises(UsageError, match="is no weight; give 0 or more") as caught:
        parse(f"kandinsky:{text},b:1")
    assert not isinstance(caught.value, UnknownStyleError)
    assert "kandinsky" in str(caught.value)


@pytest.mark.parametrize("spec", ["a:0", "a:0,b:0", "a:0,x.safetensors#b:0.0"])
def test_weights_that_sum_to_nothing(spec: str) -> None:
    with pytest.raises(UsageError, match="sum to nothing") as caught:
        parse(spec)
    assert repr(spec) in str(caught.value)


def test_weights_too_large_to_be_summed_are_no_mixture_of_nothing() -> None:
    with pytest.raises(UsageError, match="the weights of 'a:1e308,b:1e308' sum to"):
        parse("a:1e308,b:1e308")


@pytest.mark.parametrize("spec", ["", " ", ",", "a,", ",a", "a,,b", "a:1, ", ":1", "a:0.5,:0.5", " :1"])
def test_empty_names(spec: str) -> None:
    with pytest.raises(UnknownStyleError, match="a style without a name") as caught:
        parse(spec)
    assert repr(spec) in str(caught.value)


@pytest.mark.parametrize("spec", ["a:1e307,b:1e307", "a:5e-324,b:5e-324", "a:1e-320", f"a:{'9' * 300},b:1"])
def test_extreme_weights_sum_to_one_all_the_same(spec: str) -> None:
    assert math.fsum(parse(spec).weights) == pytest.approx(1)


def test_strange_texts_end_in_no_other_error(tmp_path: Path) -> None:
    for spec in ("x" * 5000 + ".safetensors", "a\0b.safetensors", "\udcff.safetensors", str(tmp_path)):
        assert len(parse(spec).parts) == 1


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("kandinsky", "kandinsky"),
        ("kandinsky:0.3", "kandinsky"),
        ("kandinsky:0.6,starry-night:0.4", "kandinsky-60+starry-night-40"),
        ("a,b,c", "a-33+b-33+c-33"),
        ("a:1,b:2", "a-33+b-67"),
        ("d/mine.safetensors", "mine"),
        ("d/mine.v2.safetensors", "mine.v2"),
        ("d/three.safetensors#monet", "monet"),
        ("d/mine.safetensors:3,kandinsky:1", "mine-75+kandinsky-25"),
        ("d/mine.v2.JPG", "mine.v2"),
        ("d/mine.png:0.5", "mine"),
        ("d/mine.png:3,kandinsky:1", "mine-75+kandinsky-25"),
    ],
)
def test_what_an_output_is_called_after(spec: str, wanted: str) -> None:
    assert parse(spec).stem == wanted


def test_files_are_named_once_and_in_order() -> None:
    mixture = parse("y.safetensors#a,kandinsky,x.safetensors,y.safetensors#b,z.png,z.png")
    assert mixture.files == (Path("y.safetensors"), Path("x.safetensors"), Path("z.png"))
    assert [str(i) for i in mixture.ingredients] == [
        "y.safetensors#a",
        "kandinsky",
        "x.safetensors",
        "y.safetensors#b",
        "z.png",
        "z.png",
    ]


def test_specs_are_read_without_torch() -> None:
    code = (
        "import sys; from stylize_video.models import style_spec;"
        "from stylize_video.models.training import request as training_request;"
        "from stylize_video.models.feed_forward.training import config as training_config;"
        "from stylize_video.models.wct.training import config as wct_training_config;"
        "style_spec.parse('a:1,b'); sys.exit(bool({'torch', 'cv2', 'numpy'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
