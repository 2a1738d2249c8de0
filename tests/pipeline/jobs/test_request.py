"""A job's request: made of options by their names, read once, written as JSON."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import UsageError
from stylize_video.models import look, style_spec
from stylize_video.pipeline.jobs import preflight
from stylize_video.pipeline.jobs.request import PaintRequest, declared
from tests import media
from tests.commands import run

FULL: dict[str, Any] = {
    "style": "kandinsky:0.3,./a.png:0.1,x.safetensors#y:0.2",
    "strength": 0.25,
    "preserve_color": True,
    "stroke_size": 2.0,
    "mask": "mask.png",
    "region": ["left.png=udnie", "right.mkv=a:1,b:2"],
    "method": "wct",
    "stabilize": False,
    "stability": 0.5,
    "flow": "raft",
    "start": "1:30.1",
    "duration": Fraction(1, 3),
    "video_track": 2,
    "max_size": 640,
    "deinterlace": True,
    "overwrite": True,
    "codec": "h265",
    "crf": 20,
    "preset": "slow",
    "pixel_format": "yuv444p",
    "verify": False,
    "device": "cpu",
    "batch_size": 3,
    "quality": "draft",
    "levels": "3,1",
    "wct_weights": "w.safetensors",
    "iterations": 7,
    "content_weight": 2,
    "style_weight": 3.5,
    "tv_weight": 0.0,
    "temporal_weight": 1.0,
    "init": "start.png",
    "optimizer": "adam",
    "layers": "relu1_1,relu2_1",
    "features": "vgg19",
    "seed": 5,
    "photoreal": True,
    "content_mask": "c.png",
    "style_mask": "s.png",
    "keyframe_interval": "auto",
    "resume": False,
    "segment_length": 100,
}


def test_every_option_has_a_value_here() -> None:
    names = [each.name for each in declared()]
    assert len(set(names)) == len(names)
    assert set(names) == {*FULL, "input", "output", "guide"}
    given = PaintRequest.of("in.mp4", "out.mkv", **FULL).given
    assert given == {*FULL, "output"}


@pytest.mark.parametrize("values", [{}, FULL, {"guide": "frames"}])
def test_a_request_goes_through_json_and_pickle(values: dict[str, Any]) -> None:
    request = PaintRequest.of("in.mp4", "out.mkv", **values)
    told = json.loads(json.dumps(request.to_json()))
    assert PaintRequest.from_json(told) == request
    assert set(told) == {each.name for each in declared()}
    assert pickle.loads(pickle.dumps(request)) == request


def test_json_may_say_what_is_typed_and_leave_out_the_rest() -> None:
    given = {"input": "in.mp4", "style": "a:1,b:1", "start": "1:00", "levels": "2,1", "strength": 1}
    assert PaintRequest.from_json(given) == PaintRequest.of("in.mp4", style="a,b", start=60, levels=(2, 1))


def test_values_may_be_given_as_they_are_typed() -> None:
    typed = {"strength": "0.5", "max_size": "64", "region": "a.png=udnie", "overwrite": True}
    given = {"strength": 0.5, "max_size": 64, "region": ["a.png=udnie"], "overwrite": True}
    assert PaintRequest.of("in.mp4", **typed) == PaintRequest.of("in.mp4", **given)


@pytest.mark.parametrize(
    "given", [{"strength": "half"}, {"max_size": "1.5"}, {"max_size": "9" * 9999}, {"overwrite": "yes"}]
)
def test_what_is_typed_and_of_the_wrong_kind(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="of the wrong kind"):
        PaintRequest.of("in.mp4", **given)


def test_json_may_have_numbers_where_words_can_be_typed_too() -> None:
    numbers = {"start": 1.5, "duration": 2, "keyframe_interval": 5}
    typed = {name: str(number) for name, number in numbers.items()}
    assert PaintRequest.from_json({"input": "in.mp4", **numbers}) == PaintRequest.of("in.mp4", **typed)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "an input is missing"),
        ({"input": "a.mp4", "styl": "udnie"}, "no option called 'styl'; did you mean 'style'?"),
        ({"input": "a.mp4", "crf": "17"}, "crf '17' is of the wrong kind"),
        ({"input": "a.mp4", "start": float("nan")}, "start nan is of the wrong kind"),
        ({"input": "a.mp4", "start": True}, "start True is of the wrong kind"),
        ({"input": "a.mp4", "crf": True}, "crf True is of the wrong kind"),
        ({"input": "a.mp4", "verify": 1}, "verify 1 is of the wrong kind"),
        ({"input": 3}, "input 3 is of the wrong kind"),
        ({"input": "a.mp4", "device": None}, "device None is of the wrong kind"),
        ({"input": "a.mp4", "region": "a.png=b"}, "region 'a.png=b' is no list"),
        ({"input": "a.mp4", "region": [{"mask": "a.png"}]}, "is no region"),
        ({"input": "a.mp4", "strength": 2}, "strength 2.0 is out of range; give 0 to 1"),
        ({"input": "a.mp4", "strength": 10**400}, "strength inf is out of range; give 0 to 1"),
        ({"input": "a.mp4", "style": [{"name": "a", "weight": 0.5}]}, "give weights that sum to 1"),
        ({"input": "a.mp4", "style": 2 * [{"name": "a", "weight": 1}]}, "give weights that sum to 1"),
    ],
)
def test_json_that_makes_no_sense(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        PaintRequest.from_json(given)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("strength", "0.5", 0.5),
        ("strength", np.float32(0.5), 0.5),
        ("strength", 1, 1.0),
        ("crf", "17", 17),
        ("crf", np.int64(17), 17),
        ("start", 1.5, "3/2"),
        ("start", 2, "0:02"),
        ("region", "m.png=udnie", ["m.png=udnie"]),
        ("style", Path("a.png"), "a.png"),
        ("init", Path("a.png"), "a.png"),
        ("mask", "m.png", Path("m.png")),
    ],
)
def test_a_value_may_be_given_as_it_is_typed_or_by_a_like_type(
    name: str, typed: object, value: object
) -> None:
    found = PaintRequest.of("in.mp4", **{name: typed})
    assert found == PaintRequest.of("in.mp4", **{name: value})
    json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strength", "half"),
        ("strength", None),
        ("strength", True),
        ("strength", 10**400),
        ("max_size", 64.5),
        ("start", math.nan),
        ("overwrite", "no"),  # which Python takes for true
        ("style", None),
        ("style", 3),
        ("device", None),
        ("mask", 3),
    ],
)
def test_a_value_of_another_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"^{name} .* is of the wrong kind$"):
        PaintRequest.of("in.mp4", **{name: value})


def test_nothing_stays_a_text_that_is_still_to_be_parsed() -> None:
    request = PaintRequest.of("in.mp4", **FULL)
    assert request.source.start == Fraction(901, 10)
    assert request.look.regions[1].style == style_spec.parse("a:1,b:2")
    _, _, wct, gatys, _ = request.of_methods
    assert (wct.levels, gatys.keyframe_interval) == ((3, 1), None)
    assert gatys.init == Path("start.png")
    assert gatys.style_layers == ("relu1_1", "relu2_1")
    for each in declared():
        group = next(g for g in (*request.of_methods, *vars(request).values()) if hasattr(g, each.field.name))
        if each.option.notation is not None and each.name != "init":
            assert not isinstance(getattr(group, each.field.name), str), each.name


def test_the_style_is_parsed_once_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def parse(spec: str) -> object:
        parsed.append(spec)
        return read(spec)

    read = style_spec.parse
    monkeypatch.setattr(style_spec, "parse", parse)
    film = media.constant(tmp_path, count=2).path
    result = run(film, "--style", "udnie:1,kandinsky:1", "--device", "cpu", "--quiet")
    assert result.exit_code == 0, result.output
    assert parsed == ["udnie:1,kandinsky:1"]


def test_who_paints_decides_what_is_held_mixed_and_steadied() -> None:
    def found(**values: Any) -> tuple[bool, bool, bool, float]:
        r = PaintRequest.of("in.mp4", strength=0.5, **values)
        return r.holds_frames, r.needs_cuts, r.stabilizes, r.mixed

    assert found() == (False, True, True, 0.5)
    assert found(stabilize=False) == found(stability=0.0) == (False, True, False, 0.5)
    assert found(style="a.png", stabilize=False) == (False, True, False, 1.0)
    assert found(style="a.png") == (False, True, True, 1.0)
    assert found(region=["m.png=a.png", "n.png=udnie"]) == (False, True, True, 0.5)
    assert found(style="a.png", method="gatys") == (True, True, False, 0.5)
    assert found(guide="frames") == (True, True, False, 0.5)


def test_only_a_method_that_blends_features_is_told_the_strength() -> None:
    [plan] = PaintRequest.of("in.mp4", style="a.png", strength=0.5, stabilize=False).plans()
    assert (plan.strength, plan.steady) == (0.5, False)
    one, other = PaintRequest.of("in.mp4", strength=0.5, region=["m.png=a.png", "n.png=udnie"]).plans()
    assert (one.strength, one.steady) == (1.0, True)
    assert not hasattr(other, "strength")


def test_requests_are_made_without_torch() -> None:
    code = (
        "import sys; from stylize_video.pipeline.jobs.request import PaintRequest;"
        "PaintRequest.from_json(PaintRequest.of('a.mp4', region=['m.png=c.png']).to_json());"
        "sys.exit(bool({'torch', 'cv2', 'numpy', 'av'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_looks_are_checked_before_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no style called 'red'"):
        preflight.check(PaintRequest.of(tmp_path / "missing.mp4", style="red"))
    assert style_spec.parse("kandinsky") == look.DEFAULT_STYLE
