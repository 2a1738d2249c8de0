"""`stylize-video train`: from pictures to a weights file, stopped and gone on, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import cv2
import pytest
import torch
from safetensors.torch import load_file, save_file

import stylize_video
from stylize_video import cli
from stylize_video.models import styles, train_style, weights
from stylize_video.models.training import Progress, Trainer
from stylize_video.models.training_config import FIT, FULL
from tests import media
from tests.commands import names, refused, run

TINY = {"crop": 64, "batch_size": 1}  # which are no options


@dataclass(frozen=True)
class Studio:
    """A folder with two paintings and some photographs; narrow ones, which cost less to measure by."""

    folder: Path

    def command(
        self, *more: object, paintings: tuple[str, ...] = ("red.png",), steps: int = 2
    ) -> list[object]:
        """A training whose file is `mine.safetensors`."""
        command = [
            "train",
            *(self.folder / name for name in paintings),
            "--content",
            self.folder / "photographs",
        ]
        return [*command, "-o", self.target, "--steps", steps, "--style-size", 128, "--device", "cpu", *more]

    @property
    def target(self) -> Path:
        return self.folder / "mine.safetensors"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "mine.safetensors.checkpoint"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for number in range(4):
        media.still(photographs, name=f"{number}.png", size=(320 + number, 80))
    for number, name in enumerate(("red", "blue")):
        picture = media.still(tmp_path, name=f"{name}.png", size=(256, 64)).pixels.copy()
        picture[..., 2 - 2 * number] //= 4
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture[..., ::-1])
    return Studio(tmp_path)


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "FIT", replace(FIT, **TINY))
    monkeypatch.setattr(cli, "FULL", replace(FULL, **TINY))


@pytest.fixture
def film(studio: Studio) -> Path:
    return media.constant(studio.folder, count=2).path


def test_a_style_is_fitted_to_the_bundled_network_and_paints(studio: Studio, film: Path) -> None:
    before = names(studio.folder)
    result = run(*studio.command(steps=1))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "trained red: style distance" in result.stderr
    assert result.stderr.strip().endswith(f"use it with --style {studio.target}")
    assert names(studio.folder) == before | {studio.target.name}

    (style,) = styles.open_file(studio.target).styles
    assert (style.name, style.painting) == ("red", "red")
    assert style.style_distance > 0
    assert style.content_distance > 0
    bundled = styles.open_bundled(styles.bundled_network()).network
    ours, theirs = load_file(studio.target), bundled.state_dict()
    own = bundled.style_parameters()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name].half()) for name in theirs if name not in own)
    assert not all(torch.equal(ours[name], theirs[name][:1].half()) for name in own)

    spec = f"kandinsky:0.6,{studio.target}:0.4"
    for style, stem in ((str(studio.target), "mine"), (spec, "kandinsky-60+mine-40")):
        painted = run(film, "--style", style, "--quiet", "--device", "cpu")
        assert painted.exit_code == 0, painted.output
        assert film.with_name(f"constant_{stem}.mp4").exists()


def test_several_styles_from_nothing(studio: Studio, film: Path, small_steps: None) -> None:
    both = {"paintings": ("red.png", "blue.png"), "steps": 1}
    result = run(*studio.command("--full", "--from", "nothing", "--name", "a", "--name", "b", **both))
    assert result.exit_code == 0, result.output
    for name in "ab":
        assert f"use it with --style {studio.target}#{name}" in result.stderr
    known = styles.open_file(studio.target).styles
    assert [(style.name, style.painting) for style in known] == [("a", "red"), ("b", "blue")]
    refused(2, "holds: a, b; ask for e.g.", film, "--style", studio.target, "--quiet")
    spec = f"{studio.target}#a:1,{studio.target}#b:3"
    painted = run(film, "--style", spec, "--quiet", "--device", "cpu")
    assert painted.exit_code == 0, painted.output
    assert film.with_name("constant_a-25+b-75.mp4").exists()
    refused(2, "can't be mixed", film, "--style", f"kandinsky,{studio.target}#a", "--quiet")

    # A fit may start from a mixture of the user's own, and it then mixes with them.
    again = studio.command("--from", spec, "--name", "c", "-o", studio.folder / "c.safetensors", steps=1)
    assert run(*again).exit_code == 0
    styles.load(f"{studio.target}#a,{studio.folder / 'c.safetensors'}")


def test_the_file_says_where_it_comes_from(studio: Studio, small_steps: None) -> None:
    options = ("--seed", 3, "--style-weight", 5, "--learning-rate", 0.01, "--from", "kandinsky")
    assert run(*studio.command(*options, "--name", "mine", steps=1)).exit_code == 0
    told = json.loads(weights.read(studio.target).metadata["provenance"])
    config = replace(FIT, **TINY, seed=3, style_weight=5.0, learning_rate=0.01, steps=1, style_size=128)
    assert told == {
        "started_from": "kandinsky",
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "paintings_sha256": {"mine": sha256((studio.folder / "red.png").read_bytes()).hexdigest()},
        "photographs": 3,
    }


def test_a_preview_can_be_looked_at(
    studio: Studio, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_style, "_PREVIEW_EVERY_S", 0)
    monkeypatch.setattr(train_style, "_SAY_EVERY_S", 0)
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(studio.folder / "mine.preview.png")).shape[1] > 320
    assert "step 1/2: content" in result.stderr
    assert "step 2/2: content" in result.stderr


def test_a_preview_that_cannot_be_written_stops_nothing(
    studio: Studio, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_style, "_PREVIEW_EVERY_S", 0)
    (studio.folder / "mine.preview.png").mkdir()
    result = run(*studio.command(steps=1))
    assert result.exit_code == 0, result.output
    assert "no preview: can't write" in result.stderr


def test_the_default_file_and_overwriting(
    studio: Studio, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studio.folder)
    command = ("train", "red.png", "--content", "photographs", "--steps", 1, "--style-size", 128)
    (studio.folder / "red.safetensors").write_bytes(b"precious")
    refused(1, "red.safetensors: exists; add --overwrite", *command)
    assert (studio.folder / "red.safetensors").read_bytes() == b"precious"
    assert run(*command, "--overwrite", "--device", "cpu").exit_code == 0
    assert styles.open_file(studio.folder / "red.safetensors").styles[0].name == "red"


def test_ctrl_c_keeps_a_checkpoint(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, small_steps: None
) -> None:
    def stopped(self: Trainer) -> Iterator[Progress]:
        yield self._advance()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "run", stopped)
        result = run(*studio.command())
    assert result.exit_code == 130
    assert f"the same command goes on at step 1, from {studio.checkpoint}" in result.stderr
    assert not studio.target.exists()

    refused(1, "checkpoint of a run with other settings", *studio.command("--seed", 1))
    refused(1, "checkpoint of a run with other settings", *studio.command(paintings=("blue.png",)))
    kept = studio.checkpoint.read_bytes()
    studio.checkpoint.write_bytes(kept[: len(kept) // 2])
    refused(1, "checkpoint: damaged checkpoint; delete it", *studio.command())
    studio.checkpoint.write_bytes(kept)
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert "going on at step 1 of 2" in result.stderr
    assert not studio.checkpoint.exists()


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from stylize_video import cli
from stylize_video.models import train_style
cli.FIT = replace(cli.FIT, crop=64, batch_size=1)
train_style._CHECKPOINT_EVERY_S = 0
rename, count = Path.replace, 0
def killed_at_the_third(self, target):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.replace = killed_at_the_third
cli.main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX")
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    studio: Studio, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while its third checkpoint is written, but not renamed."""
    monkeypatch.setattr(train_style, "_CHECKPOINT_EVERY_S", 0)
    command = studio.command(steps=5)
    before = names(studio.folder)
    assert run(*command).exit_code == 0
    whole = load_file(studio.target)
    studio.target.unlink()

    killed = [sys.executable, "-c", KILLED, *map(str, command)]
    ended = subprocess.run(killed, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not studio.target.exists()
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert "going on at step 2 of 5" in result.stderr
    found = load_file(studio.target)
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert names(studio.folder) == before | {studio.target.name}


# -- what is refused --

AT_ONCE = [  # (exit code, message, options beside those of `Studio.command`)
    (2, "steps 0", ["--steps", "0"]),
    (2, "style_size 63 px", ["--style-size", "63"]),
    (2, "held_out 0", ["--held-out", "0"]),
    (2, "style_weight nan", ["--style-weight", "nan"]),
    (2, "consistency_weight -1", ["--consistency-weight", "-1"]),
    (2, "no features called 'vgg11'", ["--features", "vgg11"]),
    (2, "no device called 'abacus'", ["--device", "abacus"]),
    (2, "add --full", ["--from", "nothing"]),
    (2, "did you mean 'kandinsky'", ["--from", "kandinski"]),
    (2, "no such weights file", ["--from", "missing.safetensors"]),
    (2, "2 names for 1 paintings", ["--name", "a", "--name", "b"]),
    (2, "'a b' can't be a style's name", ["--name", "a b"]),
    (2, "'a:1' can't be a style's name", ["--name", "a:1"]),
    (2, "'' can't be a style's name", ["--name", ""]),
    (2, "mine.pt: weights are written as .safetensors", ["-o", "mine.pt"]),
    (1, "missing: no such folder", ["-o", "missing/mine.safetensors"]),
    (1, "folder.safetensors: is a folder", ["-o", "folder.safetensors"]),
    (1, "old.safetensors: exists; add --overwrite", ["-o", "old.safetensors"]),
    (1, "missing: no such folder of photographs", ["--content", "missing"]),
    (1, "red.png: no such folder of photographs", ["--content", "red.png"]),
    (1, "missing.png: no such picture", ["missing.png", "--name", "a", "--name", "b"]),
    (1, "photographs: no such picture", ["photographs", "--name", "a", "--name", "b"]),
    (2, "two styles of one name in red, red", ["red.png"]),
]


@pytest.mark.parametrize(("code", "message", "options"), AT_ONCE)
def test_refused_at_once(
    code: int, message: str, options: list[str], studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studio.folder)
    (studio.folder / "old.safetensors").write_bytes(b"precious")
    (studio.folder / "folder.safetensors").mkdir()
    before = names(studio.folder)
    refused(code, message, *studio.command(*options))
    assert names(studio.folder) == before


def test_several_styles_need_a_name_for_their_file(studio: Studio) -> None:
    paintings = (studio.folder / "red.png", studio.folder / "blue.png")
    refused(2, "say how to call it, with -o", "train", *paintings, "--content", studio.folder)


WITHOUT_TORCH = """
import json, sys
from stylize_video import cli
for command in json.loads(sys.argv[1]):
    try:
        cli.main(command)
    except SystemExit as end:
        assert end.code in (1, 2), command
    assert not {"torch", "cv2", "av"} & sys.modules.keys(), command
"""


def test_what_is_refused_at_once_does_not_wait_for_torch(studio: Studio) -> None:
    (studio.folder / "old.safetensors").touch()
    (studio.folder / "folder.safetensors").mkdir()
    commands = [[str(a) for a in studio.command(*options)] for _, _, options in AT_ONCE]
    commands += [["styles", "--sheet", "missing.png"], ["styles", "-o", "sheet.png"]]
    commands += [["styles", "--sheet", "red.png", "-o", "blue.png"]]
    command = [sys.executable, "-c", WITHOUT_TORCH, json.dumps(commands)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=studio.folder)
    assert told.returncode == 0, told.stderr
    assert len(told.stderr.splitlines()) == len(commands), told.stderr


def test_pictures_that_cannot_be_used(studio: Studio) -> None:
    media.still(studio.folder, name="tiny.png", size=(48, 48))
    (studio.folder / "text.png").write_text("no picture")
    (studio.folder / "empty").mkdir()
    before = names(studio.folder)
    refused(1, "48x48 px is too small", *studio.command(paintings=("tiny.png",)))
    refused(
        1, "48x48 px is too small", *studio.command("--full", "--from", "nothing", paintings=("tiny.png",))
    )
    refused(1, "text.png: not a picture", *studio.command(paintings=("text.png",)))
    refused(1, "0 photographs in it; give 4 or more", *studio.command("--content", studio.folder / "empty"))
    (studio.folder / "photographs" / "1.png").write_text("no picture")
    refused(1, "1.png: not a picture", *studio.command())
    assert names(studio.folder) == before


def test_a_file_of_another_version_neither_trains_nor_paints(studio: Studio, film: Path) -> None:
    old, damaged = studio.folder / "old.safetensors", studio.folder / "damaged.safetensors"
    save_file({"a": torch.ones(1)}, old, {"format": "stylize-video transform-net 0"})
    damaged.write_bytes(b"damaged")
    for path, message in ((old, "this version reads"), (damaged, "no safetensors file")):
        refused(1, message, *studio.command("--from", path))
        refused(1, message, film, "--style", path, "--quiet")
        refused(1, message, film, "--style", f"kandinsky:0.5,{path}:0.5", "--quiet")


def test_a_checkpoint_that_is_none_is_named(studio: Studio, small_steps: None) -> None:
    studio.checkpoint.write_bytes(b"no checkpoint")
    refused(1, "mine.safetensors.checkpoint: damaged checkpoint; delete it", *studio.command())
    assert studio.checkpoint.read_bytes() == b"no checkpoint"
