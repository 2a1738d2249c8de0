"""What a film is to look like, and when."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import pytest

from stylize_video.errors import UsageError
from stylize_video.models import mixture
from stylize_video.models.look import Look, LookTimeline, Region, parse_region
from stylize_video.models.mixture import Mixture, PaintedFrames
from stylize_video.models.style_spec import parse

UDNIE = parse("udnie")
LEFT = Region(Path("left.png"), UDNIE)


def test_a_look_is_one_style_everywhere_by_default() -> None:
    assert Look().painted == (Region(None, parse("kandinsky")),)
    assert not Look().masked
    assert str(Look(parse("a:1,b:3"))) == "a:0.25,b:0.75"


def test_regions_take_the_place_of_the_style_unless_it_has_a_mask() -> None:
    assert Look(regions=(LEFT,)).painted == (LEFT,)
    with_mask = Look(parse("a"), mask=Path("right.png"), regions=(LEFT,))
    assert with_mask.painted == (Region(Path("right.png"), parse("a")), LEFT)
    assert with_mask.masks == (Path("right.png"), Path("left.png"))
    assert with_mask.masked
    with pytest.raises(UsageError, match="`style` a needs a `mask` that says where"):
        Look(parse("a"), regions=(LEFT,)).check_places()


def test_a_guide_is_what_is_painted() -> None:
    frames = Mixture.only(PaintedFrames(Path("frames")))
    assert Look(guide=Path("frames"), mask=Path("m.png")).painted == (Region(Path("m.png"), frames),)
    with pytest.raises(UsageError, match="`guide` brings its own painting; leave `style` out"):
        Look(UDNIE, guide=Path("frames"))


@pytest.mark.parametrize("given", [{"strength": 1.01}, {"strength": float("nan")}, {"stroke_size": 0.1}])
def test_values_out_of_their_range(given: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="is out of range; give"):
        Look(**given)  # type: ignore[arg-type]


def test_a_region_is_read_whole() -> None:
    assert parse_region("sky.png=a:1,b:1") == Region(Path("sky.png"), parse("a,b"))
    for text in ("sky.png", "=udnie", "sky.png="):
        with pytest.raises(UsageError, match="is no region"):
            parse_region(text)


@pytest.mark.parametrize("spec", ["udnie", "a:0.1,b:0.7,c:0.3", "x.safetensors#y,z.png:0.3", "a,b.png"])
def test_a_mixture_goes_through_json_and_pickle_to_the_bit(spec: str) -> None:
    style = parse(spec)
    assert mixture.from_json(mixture.to_json(style)) == style
    assert pickle.loads(pickle.dumps(style)) == style


@pytest.mark.parametrize(
    "given", [None, 3, [], [{"name": "a"}], [{"weight": 1}], [{"name": "a", "weight": 2}]]
)
def test_what_is_no_mixture(given: object) -> None:
    with pytest.raises(UsageError):
        mixture.from_json(given)


def test_a_timeline_holds_each_look_until_the_next() -> None:
    first, second = Look(), Look(UDNIE)
    timeline = LookTimeline([(Fraction(1), first), (Fraction(3, 2), second)])
    times = [Fraction(n, 4) for n in range(9)]
    assert [timeline.at(time) is second for time in times] == [time >= Fraction(3, 2) for time in times]
    assert LookTimeline.constant(first).at(Fraction(100)) is first
    for looks in ([], [(Fraction(1), first), (Fraction(1), second)]):
        with pytest.raises(ValueError, match="each later"):
            LookTimeline(looks)
