"""Keys: each does what the list on the screen says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stylize_video.models import style_spec
from stylize_video.pipeline.live.controls import Controls
from stylize_video.pipeline.live.settings import LiveSettings

STYLES = [style_spec.parse(name) for name in ("kandinsky", "udnie", "matisse")]


@pytest.fixture
def controls() -> tuple[Controls, Any]:
    session: Any = SimpleNamespace(settings=LiveSettings())
    return Controls(session, STYLES), session


def test_styles_are_gone_through_both_ways(controls: tuple[Controls, Any]) -> None:
    keys, session = controls
    gone = []
    for key in ("n", "Right", "n", "p", "Left"):
        keys.press(key)
        gone.append(str(session.settings.style))
        assert keys.said == gone[-1]
    assert gone == ["udnie", "matisse", "kandinsky", "matisse", "udnie"]


def test_a_mixture_that_is_asked_for_is_one_of_them() -> None:
    session: Any = SimpleNamespace(settings=LiveSettings(style=style_spec.parse("udnie:0.5,matisse:0.5")))
    keys = Controls(session, STYLES)
    keys.press("n")
    assert session.settings.style == STYLES[0]
    keys.press("p")
    assert len(session.settings.style.ingredients) == 2


def test_strength_stays_in_its_range(controls: tuple[Controls, Any]) -> None:
    keys, session = controls
    keys.press("+")
    assert session.settings.strength == 1
    for _ in range(12):
        keys.press("-")
    assert session.settings.strength == 0
    keys.press("Up")
    assert (session.settings.strength, keys.said) == (0.1, "strength 0.1")


@pytest.mark.parametrize(("key", "name"), [("o", "beside"), ("c", "preserve_color"), ("m", "mirror")])
def test_switches_go_on_and_off(key: str, name: str, controls: tuple[Controls, Any]) -> None:
    keys, session = controls
    for on in (True, False):
        keys.press(key)
        assert getattr(session.settings, name) is on


@pytest.mark.parametrize(
    ("key", "name"), [("r", "recording"), ("s", "snapshot"), ("h", "help"), ("q", "over"), ("Escape", "over")]
)
def test_the_others_are_somebody_elses_affair(key: str, name: str, controls: tuple[Controls, Any]) -> None:
    keys, _ = controls
    assert getattr(keys, name) is False
    keys.press(key)
    assert getattr(keys, name) is True


def test_other_keys_do_nothing_and_no_key_is_taken_twice(controls: tuple[Controls, Any]) -> None:
    keys, session = controls
    keys.press("x")
    assert session.settings == LiveSettings()
    names = [name for key in keys.keys for name in key.names]
    assert len(names) == len(set(names))
