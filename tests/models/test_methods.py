"""Which way of painting a style asks for, which ones it can't be painted by, and what a plan of it is."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from stylize_video.errors import UsageError
from stylize_video.models import methods
from stylize_video.models.look import Look
from stylize_video.models.methods import AUTO, METHODS, MethodChoice
from stylize_video.models.mixture import Mixture, PaintedFrames
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.models.style_spec import parse

ROOT = Path(__file__).parents[2]
FEED_FORWARD, ALIAS_FREE, WCT, GATYS, GUIDED = (method.name for method in METHODS)
FRAMES = Mixture.only(PaintedFrames(Path("frames")))


def choose(spec: str, method: str) -> str:
    return methods.choose(parse(spec), method).name


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
        ("kandinsky:0.6,mine.safetensors:0.4", ALIAS_FREE, ALIAS_FREE),
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
        ("a/mine.jpg", ALIAS_FREE, "a/mine.jpg: a picture is no trained network"),
        ("kandinsky,mine.jpg:3", FEED_FORWARD, "mine.jpg: a picture is no trained network"),
        ("mine.safetensors", WCT, "mine.safetensors: the transform needs a picture of the painting"),
        ("x.safetensors#monet", WCT, "x.safetensors#monet: the transform needs a picture"),
        ("kandinsky", GATYS, "kandinsky: `method` gatys needs a picture of the painting"),
        ("mine.jpg,kandinsky", GATYS, "kandinsky: `method` gatys needs a picture of the painting"),
        ("x.safetensors#monet", GATYS, "x.safetensors#monet: `method` gatys needs a picture"),
        ("mine.jpg,x.safetensors", "auto", "mine.jpg and x.safetensors can't be mixed"),
        ("mine.jpg", GUIDED, "mine.jpg: `method` guided carries frames that you painted; give `guide`"),
    ],
)
def test_what_it_cannot_be_painted_by(spec: str, method: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(spec, method)
    assert str(caught.value).startswith(message)


def test_painted_frames_are_carried_and_nothing_else_can_be_done_with_them() -> None:
    assert methods.choose(FRAMES, AUTO).name == GUIDED
    for name in (FEED_FORWARD, ALIAS_FREE, WCT, GATYS):
        with pytest.raises(UsageError, match="frames: "):
            methods.choose(FRAMES, name)


def test_a_method_that_is_not_in_the_table() -> None:
    with pytest.raises(UsageError, match="no method called 'oil'; there are: auto, feed-forward, alias-free"):
        MethodChoice("oil")
    assert {choice.method for choice in map(MethodChoice, [AUTO, *(m.name for m in METHODS)])} == {
        AUTO,
        *(FEED_FORWARD, ALIAS_FREE, WCT, GATYS, GUIDED),
    }


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_plan_is_data(method: methods.Method) -> None:
    specs = dict.fromkeys((FEED_FORWARD, ALIAS_FREE), "kandinsky:1,x.safetensors#a:2")
    specs |= {WCT: "kandinsky,a.png", GATYS: "a.png,b.jpg"}
    style = parse(specs[method.name]) if method.name in specs else FRAMES
    look = Look(stroke_size=2.0, strength=0.5)
    plan = method.plan(look, style, method.options(), SteadyingOptions(stability=0.5))
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert again is not plan
    other = method.plan(
        look, FRAMES if style is FRAMES else parse("a.png"), method.options(), SteadyingOptions()
    )
    assert style is FRAMES or other != plan


def _texts(path: Path) -> list[str]:
    """The texts in a module that the program sees: no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in docs]
    return [n.value for n in constants if isinstance(n.value, str)]


def test_a_methods_name_stands_in_its_folder_alone() -> None:
    folders = {
        FEED_FORWARD: "feed_forward",
        ALIAS_FREE: "alias_free",
        WCT: "wct",
        GATYS: "gatys",
        GUIDED: "guided",
    }
    for name, folder in folders.items():
        own = ROOT / "models" / folder
        modules = [
            p
            for top in ("commands", "files", "models", "pictures", "pipeline", "process")
            for p in (ROOT / top).rglob("*.py")
        ]
        assert any(name in _texts(path) for path in modules if own in path.parents)
        strangers = [p for p in [*modules, *ROOT.glob("*.py")] if own not in p.parents and name in _texts(p)]
        assert strangers == [], name


def test_methods_are_chosen_without_torch() -> None:
    code = (
        "import sys; from stylize_video.models import methods, style_spec;"
        "methods.choose(style_spec.parse('a.png'), 'auto');"
        "sys.exit(bool({'torch', 'cv2', 'numpy'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
