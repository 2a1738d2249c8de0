"""What a training is given: what is filled in, and what is refused before anything slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylize_video.errors import InputError, StylizeVideoError, TrainingError, UsageError
from stylize_video.models.training.request import BUNDLED, TrainingRequest

RED, BLUE, FOLDER = Path("a/red.png"), Path("b/blue.jpg"), Path("photographs")


def test_what_is_left_out_is_called_after_the_painting() -> None:
    assert TrainingRequest.of([RED], [], FOLDER, None) == TrainingRequest(
        paintings=(RED,),
        names=("red",),
        content=FOLDER,
        target=Path("red.safetensors"),
        start=BUNDLED,
        overwrite=False,
    )
    assert TrainingRequest.of([RED], ["mine.v2"], FOLDER, None).target == Path("mine.v2.safetensors")
    two = TrainingRequest.of([RED, BLUE], [], FOLDER, Path("c/both.safetensors"), start="x", overwrite=True)
    assert two.names == ("red", "blue")
    assert (two.target, two.start, two.overwrite) == (Path("c/both.safetensors"), "x", True)


def test_what_lies_beside_the_target() -> None:
    request = TrainingRequest.of([RED], [], FOLDER, Path("c/mine.v2.safetensors"))
    assert request.checkpoint == Path("c/mine.v2.safetensors.checkpoint")
    assert request.preview == Path("c/mine.v2.preview.png")


@pytest.mark.parametrize(
    ("paintings", "chosen", "target", "message"),
    [
        ([RED], ["a", "b"], None, "2 names for 1 paintings; give a `name` for each"),
        ([RED, BLUE], ["a"], Path("x.safetensors"), "1 names for 2 paintings"),
        ([RED, BLUE], [], None, "several styles in a file: say how to call it, with `output`"),
        ([RED, RED], [], Path("x.safetensors"), "two styles of one name in red, red"),
        ([RED], ["a#b"], None, "'a#b' can't be a style's name"),
        ([RED], ["-a"], None, "'-a' can't be a style's name"),
        ([Path("the scream.jpg")], [], None, "'the scream' can't be a style's name"),
        ([RED], [], Path("x.pt"), "x.pt: weights are written as .safetensors"),
    ],
)
def test_parts_that_do_not_fit_each_other(
    paintings: list[Path], chosen: list[str], target: Path | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        TrainingRequest.of(paintings, chosen, FOLDER, target)
    assert message in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "red.png").touch()
    (tmp_path / "mine.preview.png").touch()
    (tmp_path / "photographs").mkdir()
    target = tmp_path / "mine.safetensors"

    def asked(painting: str, content: str) -> TrainingRequest:
        return TrainingRequest.of([tmp_path / painting], ["mine"], tmp_path / content, target)

    asked("red.png", "photographs").check()
    errors: list[tuple[str, str, type[StylizeVideoError], str]] = [
        ("missing.png", "photographs", InputError, "no such picture"),
        ("photographs", "photographs", InputError, "no such picture"),
        ("x" * 300 + ".png", "photographs", InputError, "no such picture"),
        ("a\0b.png", "photographs", InputError, "no such picture"),
        ("mine.preview.png", "photographs", UsageError, "the preview would replace it"),
        ("red.png", "missing", TrainingError, "no such folder of photographs"),
        ("red.png", "red.png", TrainingError, "no such folder of photographs"),
        ("red.png", "x" * 300, TrainingError, "no such folder of photographs"),
    ]
    for painting, content, error, message in errors:
        with pytest.raises(error, match=message):
            asked(painting, content).check()


@pytest.mark.parametrize("start", ["red.png", "kandinsky:0.5,red.png:0.5"])
def test_a_picture_is_no_start(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("red.png").touch()
    Path("photographs").mkdir()
    request = TrainingRequest.of([Path("red.png")], [], FOLDER, None, start=start)
    with pytest.raises(UsageError, match=r"red\.png: a picture is no trained network; "):
        request.check()
    missing = TrainingRequest.of([Path("red.png")], [], FOLDER, None, start="missing.png")
    with pytest.raises(UsageError, match=r"missing\.png: no such picture"):
        missing.check()
