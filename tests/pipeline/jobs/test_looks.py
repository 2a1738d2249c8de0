"""A film whose look changes while it is painted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.errors import UsageError
from stylize_video.models.feed_forward import weights_file
from stylize_video.models.look import Look, LookTimeline
from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media
from tests.networks import canvas_network

CHANGE = Fraction(4, 25)  # s, when the fifth frame is shown


def request(source: Path, **options: Any) -> PaintRequest:
    """To be painted frame by frame, and written without loss."""
    usual = {"codec": "ffv1", "overwrite": True, "stabilize": False, "device": "cpu", "batch_size": 3}
    return PaintRequest.of(source, source.with_name("out.mkv"), **(usual | options))


def painted(asked: PaintRequest, timeline: LookTimeline | None = None) -> NDArray[np.uint8]:
    """(N, H, W, 3) of the finished film."""
    job.paint(asked, timeline=timeline)
    with av.open(str(asked.target)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


def changing(first: PaintRequest, second: PaintRequest) -> LookTimeline:
    return LookTimeline([(Fraction(0), first.look), (CHANGE, second.look)])


def picture(folder: Path) -> str:
    return str(media.still(folder, name="painting.png").path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"style": "udnie"}, {"style": "kandinsky:0.5,great-wave:0.5"}),
        ({"style": "udnie"}, {"style": "udnie", "strength": 0.25}),
        ({"style": "udnie", "strength": 0.5}, {"style": "kandinsky"}),
        ({"method": "wct", "levels": "2,1"}, {"method": "wct", "levels": "2,1", "strength": 0.3}),
    ],
    ids=["style", "strength", "both", "strength of the transform"],
)
def test_the_next_frame_has_the_new_look(
    first: dict[str, Any], second: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = media.constant(tmp_path).path
    before, after = request(source, **first), request(source, **second)
    as_before = painted(before)
    wanted = np.concatenate([as_before[:4], painted(after)[4:]])
    assert np.abs(wanted[4].astype(float) - as_before[4]).mean() > 2  # so that the looks differ

    compiled: list[str] = []
    compile_section = OpenVinoRuntime._compile

    def counted(self: OpenVinoRuntime, name: str, arrays: Any, streams: int) -> Any:
        compiled.append(f"{name} of {arrays[0].shape}")
        return compile_section(self, name, arrays, streams)

    def refused(*_: object) -> None:
        raise AssertionError("converted again")

    monkeypatch.setattr(OpenVinoRuntime, "_compile", counted)
    monkeypatch.setattr(OpenVinoRuntime, "_convert", refused)
    found = painted(before, changing(before, after))
    assert np.abs(found.astype(int) - wanted).max() <= 1
    assert len(compiled) == len(set(compiled))


def test_each_region_changes_by_itself_and_where_a_mask_is_strength_too(tmp_path: Path) -> None:
    source, mask = media.constant(tmp_path).path, tmp_path / "half.png"
    media.still(tmp_path, name="half.png")
    usual = {"style": "udnie", "mask": mask}
    before = request(source, **usual, region=[f"{mask}=great-wave"])
    after = request(source, **usual, region=[f"{mask}=kandinsky"], strength=0.4)
    wanted = np.concatenate([painted(before)[:4], painted(after)[4:]])
    assert np.abs(painted(before, changing(before, after)).astype(int) - wanted).max() <= 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stroke_size": 2.0}, "stroke_size of a look can't change"),
        ({"preserve_color": True}, "preserve_color of a look can't change"),
        ({"seed": 3}, "seed of a look can't change"),
        ({"style": "PICTURE"}, "another method"),
    ],
)
def test_what_can_not_change_is_refused(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    source = media.constant(tmp_path).path
    given = {name: picture(tmp_path) if value == "PICTURE" else value for name, value in changed.items()}
    before = request(source)
    with pytest.raises(UsageError, match=said):
        job.paint(before, timeline=changing(before, request(source, **given)))
    assert not before.target.exists()


def test_a_look_of_keyframes_does_not_change(tmp_path: Path) -> None:
    source = media.constant(tmp_path).path
    before = request(source, method="gatys", style=picture(tmp_path), batch_size=None)
    with pytest.raises(UsageError, match="keyframes"):
        job.paint(before, timeline=LookTimeline([(Fraction(0), before.look), (CHANGE, replace(before.look))]))


def test_a_style_of_another_network_is_refused_before_the_first_frame(tmp_path: Path) -> None:
    source, other = media.constant(tmp_path).path, tmp_path / "other.safetensors"
    weights_file.save(other, canvas_network(), ["mine"], {})
    before = request(source, style="udnie")
    with pytest.raises(UsageError, match="convolutions differ"):
        job.paint(before, timeline=changing(before, request(source, style=str(other))))
    assert not before.target.exists()


def test_an_unchanging_timeline_is_the_look_itself(tmp_path: Path) -> None:
    asked = request(media.constant(tmp_path).path, style="udnie", strength=0.5)
    assert np.array_equal(painted(asked), painted(asked, LookTimeline.constant(asked.look)))
    assert LookTimeline.constant(asked.look).at(Fraction(9)) == asked.look != Look()
