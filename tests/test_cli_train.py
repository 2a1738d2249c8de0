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
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import stylize_video
from stylize_video.commands.options import training as options
from stylize_video.files import whole_file
from stylize_video.models import sheet, styles, weights
from stylize_video.models.feed_forward import blank_canvas, gallery, weights_file
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.shape import multiplying
from stylize_video.models.feed_forward.training import canvas_training, nearest_styles, train_style
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
from stylize_video.models.feed_forward.training.config import OWN, OWN_MIXABLE
from stylize_video.models.perceptual import frame_distances, losses
from stylize_video.models.perceptual.brushwork import bare_canvas
from stylize_video.models.perceptual.frame_distances import Judge
from stylize_video.models.style_spec import parse
from stylize_video.models.training import run as training_run
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.trainer import Progress
from stylize_video.pictures.pictures import read_picture, resize_longer_side
from tests import media
from tests.commands import names, refused, run
from tests.networks import ALIAS_FREE_SHAPE, CANVAS_SHAPE, canvas_network, thin

ROOT = Path(__file__).parents[1]
BUNDLED = gallery.open_bundled(styles.bundled_network()).parameters
TINY = {"crop": 64}  # which are no options


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
    def preview(self) -> Path:
        return self.folder / "mine.preview.png"

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
    monkeypatch.setattr(options, "OWN", replace(OWN, **TINY))
    monkeypatch.setattr(options, "OWN_MIXABLE", replace(OWN_MIXABLE, **TINY))
    for module in (canvas_training, nearest_styles, frame_distances):
        monkeypatch.setattr(module, "load_features", thin)


@pytest.fixture
def small(small_steps: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small steps of a small network, wherever it is told to start."""
    parameters = CanvasParameters.of(canvas_network(styles=2))
    monkeypatch.setattr(train_style, "_known", lambda *_: (parameters, parameters.table))


@pytest.fixture
def film(studio: Studio) -> Path:
    return media.constant(studio.folder, count=2).path


def provenance(path: Path) -> dict[str, Any]:
    """Where a weights file says it comes from."""
    return json.loads(weights.read(path).metadata["provenance"])


def test_a_painting_is_learned_and_paints(studio: Studio, small_steps: None, film: Path) -> None:
    before = names(studio.folder)
    result = run(*studio.command(steps=1))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    *_, figures, next_step = result.stderr.strip().splitlines()
    assert figures.startswith("trained red; on 1 pictures that it has not learned on: style distance ")
    assert "bare canvas" in figures
    assert next_step == f"paint with it: stylize-video film.mp4 --style {studio.target}"
    assert names(studio.folder) == before | {studio.target.name, studio.preview.name}

    opened = weights_file.open_file(studio.target)
    assert opened.styles == ("red",)
    (measured,) = opened.provenance["measured"]
    assert measured["name"] == "red"
    assert measured["style_distance"] > 0
    ours, theirs = opened.network.state_dict(), BUNDLED.network().state_dict()
    assert ours.keys() == theirs.keys()
    assert not torch.equal(ours["last.weight"], theirs["last.weight"])
    assert set(gallery.open_file(studio.target).parameters.ranges) == set(multiplying(opened.network.config))

    refused(2, "can't be mixed", film, "--style", f"kandinsky,{studio.target}", "--quiet")
    painted = run(film, "--style", studio.target, "--quiet", "--device", "cpu")
    assert painted.exit_code == 0, painted.output
    assert film.with_name("constant_mine.mp4").exists()


def test_without_photographs_it_learns_on_drawn_scenes(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "_DRAWN", 3)
    command = studio.command("--held-out", 2, steps=1)
    command[command.index("--content") : command.index("--content") + 2] = []
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("loading the networks and drawing scenes to learn on\n")
    assert "on 2 pictures that it has not learned on" in result.stderr
    assert provenance(studio.target)["photographs"] == 3


def test_scales_and_shifts_alone_can_be_mixed_with_bundled_styles(
    studio: Studio, small_steps: None, film: Path
) -> None:
    assert run(*studio.command("--mixable", steps=1)).exit_code == 0
    network = weights_file.open_file(studio.target).network
    ours, theirs, own = network.state_dict(), BUNDLED.network().state_dict(), network.style_parameters()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs if name not in own)
    painted = run(film, "--style", f"kandinsky:0.6,{studio.target}:0.4", "--quiet", "--device", "cpu")
    assert painted.exit_code == 0, painted.output
    assert film.with_name("constant_kandinsky-60+mine-40.mp4").exists()


def test_several_styles_from_nothing(
    studio: Studio, small_steps: None, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_style, "_new_shape", lambda _: CANVAS_SHAPE)
    both = {"paintings": ("red.png", "blue.png"), "steps": 1}
    result = run(*studio.command("--from", "nothing", "--name", "a", "--name", "b", **both))
    assert result.exit_code == 0, result.output
    for name in "ab":
        assert f"--style {studio.target}#{name}" in result.stderr
    assert weights_file.open_file(studio.target).styles == ("a", "b")
    refused(2, "holds: a, b; ask for e.g.", film, "--style", studio.target, "--quiet")
    spec = f"{studio.target}#a:1,{studio.target}#b:3"
    gallery.load(parse(spec))

    # Another may start from a mixture of the user's own, and it then mixes with them.
    other = studio.folder / "c.safetensors"
    again = studio.command("--mixable", "--from", spec, "--name", "c", "-o", other, steps=1)
    assert run(*again).exit_code == 0
    gallery.load(parse(f"{studio.target}#a,{other}"))
    assert provenance(studio.target)["started_from_sha256"] == {}
    checksum = sha256(studio.target.read_bytes()).hexdigest()
    assert provenance(other)["started_from_sha256"] == {str(studio.target): checksum}


def test_a_training_starts_from_the_nearest_style_of_a_file(
    studio: Studio, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = studio.folder / "start.safetensors"
    weights_file.save(start, canvas_network(styles=3), ["a", "b", "c"], {})
    stored = gallery.open_file(start).parameters
    monkeypatch.setattr(train_style, "nearest_styles", lambda _, known, *__, **___: known[[len(known) // 2]])
    begun: list[CanvasTrainer] = []
    monkeypatch.setattr(train_style, "_train", lambda trainer, *_: begun.append(trainer))
    assert run(*studio.command("--from", start)).exit_code == 0
    assert run(*studio.command("--from", f"{start}#b", "--overwrite")).exit_code == 0
    for trainer in begun:
        found = CanvasParameters.of(trainer.network)
        assert found.convolutions == stored.convolutions
        assert np.array_equal(found.table, stored.table[[1]])


def test_minutes_become_steps(studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is gone on with makes the steps that it was begun with, however fast the machine is then."""
    asked: list[float] = []
    monkeypatch.setattr(train_style, "steps_within", lambda minutes, _: asked.append(minutes) or 3)
    command = studio.command("--minutes", 2.5)
    command[command.index("--steps") : command.index("--steps") + 2] = []
    advance = CanvasTrainer.advance
    with monkeypatch.context() as patch:
        patch.setattr(
            CanvasTrainer, "advance", lambda self, *_: interrupted() if self.step else advance(self)
        )
        result = run(*command)
    assert result.exit_code == 130
    assert "in 2.5 minutes this machine makes 3 steps" in result.stderr
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert asked == [2.5]
    assert "going on at step 1 of 3" in result.stderr
    assert provenance(studio.target)["config"]["steps"] == 3


def test_the_file_says_where_it_comes_from(studio: Studio, small_steps: None) -> None:
    options = ("--seed", 3, "--style-weight", 5, "--learning-rate", 0.01, "--from", "kandinsky")
    assert run(*studio.command(*options, "--name", "mine", steps=1)).exit_code == 0
    config = replace(OWN, **TINY, seed=3, style_weight=5.0, learning_rate=0.01, steps=1, style_size=128)
    bundled = styles.bundled_network()
    found = provenance(studio.target)
    assert found.pop("measured")[0]["photographs"] == 1
    assert found == {
        "started_from": "kandinsky",
        "started_from_sha256": {bundled: weights.manifest()[bundled]["sha256"]},
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "paintings_sha256": {"mine": sha256((studio.folder / "red.png").read_bytes()).hexdigest()},
        "photographs": 3,
    }


def test_a_preview_can_be_looked_at(studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_style, "_PREVIEW_EVERY_S", 0)
    monkeypatch.setattr(training_run, "_SAY_EVERY_S", 0)
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(studio.preview)).shape[1] > 320
    assert "step 1/2: lost structure" in result.stderr
    assert "step 2/2: lost structure" in result.stderr


def test_a_preview_that_cannot_be_written_stops_nothing(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_style, "_PREVIEW_EVERY_S", 0)
    studio.preview.mkdir()
    result = run(*studio.command(steps=1))
    assert result.exit_code == 0, result.output
    assert "no preview: can't write" in result.stderr


def test_the_default_file_and_overwriting(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studio.folder)
    command = ("train", "red.png", "--content", "photographs", "--steps", 1, "--style-size", 128)
    (studio.folder / "red.safetensors").write_bytes(b"precious")
    refused(1, "red.safetensors: exists; add --overwrite", *command)
    assert (studio.folder / "red.safetensors").read_bytes() == b"precious"
    assert run(*command, "--overwrite", "--device", "cpu").exit_code == 0
    assert gallery.open_file(studio.folder / "red.safetensors").styles == ("red",)


def test_ctrl_c_keeps_a_checkpoint(studio: Studio, monkeypatch: pytest.MonkeyPatch, small: None) -> None:
    def stopped(self: CanvasTrainer) -> Iterator[Progress]:
        yield self.advance()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CanvasTrainer, "run", stopped)
        result = run(*studio.command())
    assert result.exit_code == 130
    assert f"kept in {studio.checkpoint}; the same command goes on from there" in result.stderr
    assert not studio.target.exists()

    other = "checkpoint of a run with other settings, paintings, photographs or start; delete it"
    refused(1, other, *studio.command("--seed", 1))
    refused(1, other, *studio.command(paintings=("blue.png",)))
    kept = studio.checkpoint.read_bytes()
    studio.checkpoint.write_bytes(kept[: len(kept) // 2])
    refused(1, "checkpoint: damaged checkpoint; delete it", *studio.command())
    studio.checkpoint.write_bytes(kept)
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert "going on at step 1 of 2" in result.stderr
    assert not studio.checkpoint.exists()


def no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("owner", "name", "code"),
    [(train_style, "_measured", 130), (weights_file, "save", 130), (whole_file, "write", 1)],
)
def test_what_fails_after_the_last_step_loses_nothing(
    owner: Any, name: str, code: int, studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while measuring and while saving, and a disk that is full when the weights are written."""
    assert run(*studio.command()).exit_code == 0
    whole = load_file(studio.target)
    studio.target.unlink()
    write = whole_file.write
    fail = (
        interrupted
        if code == 130
        else lambda path, data: (no_space if path == studio.target else write)(path, data)
    )
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        result = run(*studio.command())
    assert result.exit_code == code, result.output
    assert result.stderr.splitlines()[-1] == (
        "stylize-video: interrupted"
        if code == 130
        else f"stylize-video: {studio.target}: can't be written (No space left on device)"
    )
    assert not studio.target.exists()
    assert studio.checkpoint.exists()

    monkeypatch.setattr(CanvasTrainer, "advance", interrupted)  # there is no step left to make
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert "going on at step 2 of 2" in result.stderr
    found = load_file(studio.target)
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert not studio.checkpoint.exists()


def test_a_run_goes_on_although_its_files_lie_among_the_photographs(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its preview is a picture that was not there at first."""
    content = studio.folder / "photographs"
    target = content / "mine.safetensors"
    monkeypatch.setattr(train_style, "_PREVIEW_EVERY_S", 0)
    advance = CanvasTrainer.advance
    with monkeypatch.context() as patch:
        patch.setattr(
            CanvasTrainer, "advance", lambda self, *_: interrupted() if self.step else advance(self)
        )
        assert run(*studio.command("-o", target)).exit_code == 130
    assert {"mine.preview.png", "mine.safetensors.checkpoint"} <= names(content)
    result = run(*studio.command("-o", target))
    assert result.exit_code == 0, result.output
    assert "going on at step 1 of 2" in result.stderr
    assert provenance(target)["photographs"] == 3


def test_a_painting_among_the_photographs_is_not_trained_on(studio: Studio) -> None:
    refused(1, "3 photographs in it; give 4 or more", *studio.command(paintings=("photographs/0.png",)))


def test_a_checkpoint_that_cannot_be_written_ends_nothing(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "_CHECKPOINT_EVERY_S", 0)
    write, times = whole_file.write, iter([no_space])
    monkeypatch.setattr(whole_file, "write", lambda *given: next(times, write)(*given))
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    told = f"no checkpoint: {studio.checkpoint}: can't write the checkpoint (No space left on device)"
    assert result.stderr.splitlines().count(told) == 1
    assert studio.target.exists()


def test_ctrl_c_in_the_middle_of_a_step_saves_nothing(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_run, "_CHECKPOINT_EVERY_S", 0)
    average = CanvasTrainer._average_weights
    for step in (0, 1):
        kept = []

        def half(self: CanvasTrainer, step: int = step, kept: list[bytes] = kept) -> None:
            if self.step == step:
                kept += [studio.checkpoint.read_bytes()] if studio.checkpoint.exists() else []
                raise KeyboardInterrupt
            average(self)

        with monkeypatch.context() as patch:
            patch.setattr(CanvasTrainer, "_average_weights", half)
            result = run(*studio.command())
        assert result.exit_code == 130
        assert ("goes on from" in result.stderr) == bool(step)
        assert ([studio.checkpoint.read_bytes()] if step else []) == kept
        assert studio.checkpoint.exists() == bool(step)
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert "going on at step 1 of 2" in result.stderr


def test_the_network_is_measured_as_it_is_stored(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks: list[CanvasNet] = []
    measured = train_style._measured
    monkeypatch.setattr(
        train_style, "_measured", lambda network, rest: networks.append(network) or measured(network, rest)
    )
    assert run(*studio.command()).exit_code == 0
    stored = weights_file.open_file(studio.target)
    (network,) = networks
    found = network.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in stored.network.state_dict().items())

    photographs = PhotographSet.from_folder(studio.folder / "photographs", held_out=24, shorter_side=99)
    painting = read_picture(studio.folder / "red.png")
    (photograph,) = (resize_longer_side(p, 512) for p in photographs.held_out)
    _, cell = sheet.paint(photograph, {"red": blank_canvas.load(parse(str(studio.target)))})
    distances = Judge(painting).measure([(photograph, cell.picture)])
    (figures,) = stored.provenance["measured"]
    assert figures["style_distance"] == pytest.approx(distances.style_distance, abs=1e-3)
    assert figures["content_distance"] == pytest.approx(distances.content_distance, abs=1e-3)
    bare = bare_canvas(cell.picture, resize_longer_side(painting, 512))
    assert figures["bare_canvas"] == pytest.approx(bare, abs=1e-4)


def test_a_training_that_diverges_is_one_line(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "total_variation", lambda images: images.sum() * float("nan"))
    refused(1, "diverged at step 1; lower --learning-rate", *studio.command())


def test_an_alias_free_network_learns_a_style_from_one(studio: Studio, small_steps: None, film: Path) -> None:
    start = studio.folder / "start.safetensors"
    with torch.random.fork_rng(devices=[]):
        weights_file.save(start, ALIAS_FREE_SHAPE.network(), ["a", "b"], {})

    result = run(*studio.command("--architecture", "alias-free", "--from", start))

    assert result.exit_code == 0, result.output
    assert weights_file.format_of(studio.target) == ALIAS_FREE_SHAPE.stored_as
    assert provenance(studio.target)["started_from"] == str(start)
    painted = run(film, "--style", studio.target, "--quiet", "--device", "cpu", "--max-size", 64)
    assert painted.exit_code == 0, painted.output  # by its method, which nobody has to name
    plain = studio.command("--from", start, "--overwrite")
    refused(1, "this version reads 'stylize-video canvas-net 1' here", *plain)


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from stylize_video import cli
from stylize_video.commands.options import training as options
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.training import canvas_training, nearest_styles, train_style
from stylize_video.models.perceptual import frame_distances
from stylize_video.models.training import run as training_run
from tests.networks import canvas_network, thin
options.OWN = replace(options.OWN, crop=64)
for module in (canvas_training, nearest_styles, frame_distances):
    module.load_features = thin
parameters = CanvasParameters.of(canvas_network(styles=2))
train_style._known = lambda *_: (parameters, parameters.table)
training_run._CHECKPOINT_EVERY_S = 0
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
@pytest.mark.slow
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    studio: Studio, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while its third checkpoint is written, but not renamed."""
    monkeypatch.setattr(training_run, "_CHECKPOINT_EVERY_S", 0)
    command = studio.command(steps=5)
    before = names(studio.folder)
    assert run(*command).exit_code == 0
    whole = load_file(studio.target)
    studio.target.unlink()

    killed = [sys.executable, "-c", KILLED, *map(str, command)]
    ended = subprocess.run(killed, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not studio.target.exists()
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert "going on at step 2 of 5" in result.stderr
    found = load_file(studio.target)
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert names(studio.folder) == before | {studio.target.name, studio.preview.name}


# -- what is refused --

AT_ONCE = [  # (exit code, message, options beside those of `Studio.command`)
    (2, "steps 0", ["--steps", "0"]),
    (2, "seed -1 is out of range", ["--seed", "-1"]),
    (2, "seed 9223372036854775808 is out of range", ["--seed", str(2**63)]),
    (2, "style size 63 px", ["--style-size", "63"]),
    (2, "style size 100000 px is out of range; give 64 to 4096", ["--style-size", "100000"]),
    (2, "held out 0", ["--held-out", "0"]),
    (2, "style weight nan", ["--style-weight", "nan"]),
    (2, "style_weight inf", ["--style-weight", "inf"]),
    (2, "consistency weight -1", ["--consistency-weight", "-1"]),
    (2, "give --steps or --minutes, not both", ["--minutes", "3"]),
    (2, "no device called 'abacus'", ["--device", "abacus"]),
    (2, "leave --mixable out", ["--from", "nothing", "--mixable"]),
    (2, "did you mean 'kandinsky'", ["--from", "kandinski"]),
    (2, "no such weights file", ["--from", "missing.safetensors"]),
    (2, "red.png: a picture is no trained network", ["--from", "red.png"]),
    (2, "2 names for 1 paintings", ["--name", "a", "--name", "b"]),
    (2, "'a b' can't be a style's name", ["--name", "a b"]),
    (2, "'a:1' can't be a style's name", ["--name", "a:1"]),
    (2, "'' can't be a style's name", ["--name", ""]),
    (2, "mine.pt: weights are written as .safetensors", ["-o", "mine.pt"]),
    (1, "mine.safetensors: no such folder missing; make it", ["-o", "missing/mine.safetensors"]),
    (1, "File name too long", ["-o", f"{'x' * 300}.safetensors"]),
    (2, "x.safetensors: no such weights file", ["--from", f"{'x' * 300}.safetensors"]),
    (1, "folder.safetensors: is a folder", ["-o", "folder.safetensors"]),
    (1, "old.safetensors: exists; add --overwrite", ["-o", "old.safetensors"]),
    (1, "missing: no such folder of photographs", ["--content", "missing"]),
    (1, "red.png: no such folder of photographs", ["--content", "red.png"]),
    (1, "missing.png: no such picture", ["missing.png", "--name", "a", "--name", "b"]),
    (1, "x.png: no such picture", [f"{'x' * 300}.png", "--name", "a", "--name", "b"]),
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


def test_names_too_long_for_a_file(studio: Studio) -> None:
    long, content = "x" * 300, ("--content", studio.folder / "photographs")
    refused(1, "File name too long", "train", studio.folder / "red.png", *content, "--name", long)
    refused(1, "no such picture", "train", studio.folder / f"{long}.png", *content)


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
    (studio.folder / "folder.png").mkdir()
    commands = [[str(a) for a in studio.command(*options)] for _, _, options in AT_ONCE]
    commands += [["styles", "--sheet", "missing.png"], ["styles", "-o", "sheet.png"]]
    for output in ("blue.png", "red.png", "missing/sheet.png", "folder.png", "sheet.gif", "x" * 300 + ".png"):
        commands += [["styles", "--sheet", "red.png", "-o", output]]
    for output in ("red.png", "folder.png"):
        commands += [["styles", "--sheet", "red.png", "-o", output, "--overwrite"]]
    command = [sys.executable, "-c", WITHOUT_TORCH, json.dumps(commands)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=studio.folder)
    assert told.returncode == 0, told.stderr
    assert len(told.stderr.splitlines()) == len(commands), told.stderr


def test_pictures_that_cannot_be_used(studio: Studio) -> None:
    media.still(studio.folder, name="tiny.png", size=(48, 48))
    (studio.folder / "text.png").write_text("no picture")
    (studio.folder / "empty").mkdir()
    before = names(studio.folder)
    line = refused(1, "48x48 px is too small; give 64 or more", *studio.command(paintings=("tiny.png",)))
    assert f"{studio.folder / 'tiny.png'}: a painting of" in line
    media.still(studio.folder, name="narrow.png", size=(512, 64))
    narrow = "narrow.png: a painting of 512x64 px is too narrow to be looked at in 128 px; cut it"
    refused(1, narrow, *studio.command(paintings=("red.png", "narrow.png")))
    media.still(studio.folder, name="narrow.png", size=(1088, 64))
    unmeasured = "narrow.png: a painting of 1088x64 px is too narrow to be looked at in 512 px; cut it"
    refused(1, unmeasured, *studio.command("--style-size", 1024, paintings=("narrow.png",)))
    (studio.folder / "narrow.png").unlink()
    refused(1, "48x48 px is too small", *studio.command("--from", "nothing", paintings=("tiny.png",)))
    refused(1, "text.png: not a picture", *studio.command(paintings=("text.png",)))
    refused(1, "0 photographs in it; give 4 or more", *studio.command("--content", studio.folder / "empty"))
    (studio.folder / "photographs" / "1.png").write_text("no picture")
    refused(1, "1.png: not a picture", *studio.command())
    media.still(studio.folder / "photographs", name="1.png", size=(260, 20))
    refused(1, "1.png: 260x20 px is no photograph; take it out", *studio.command())
    assert names(studio.folder) == before


def test_a_file_of_another_version_neither_trains_nor_paints(studio: Studio, film: Path) -> None:
    old, damaged = studio.folder / "old.safetensors", studio.folder / "damaged.safetensors"
    save_file({"a": torch.ones(1)}, old, {"format": "stylize-video canvas 0"})
    damaged.write_bytes(b"damaged")
    for path, message in ((old, "this version reads"), (damaged, "no safetensors file")):
        refused(1, message, *studio.command("--from", path))
        refused(1, message, film, "--style", path, "--quiet")
        refused(1, message, film, "--style", f"kandinsky:0.5,{path}:0.5", "--quiet")


def test_a_checkpoint_that_is_none_is_named(studio: Studio, small: None) -> None:
    studio.checkpoint.write_bytes(b"no checkpoint")
    refused(1, "mine.safetensors.checkpoint: damaged checkpoint; delete it", *studio.command())
    assert studio.checkpoint.read_bytes() == b"no checkpoint"


def test_a_checkpoint_that_cannot_be_read_is_not_called_damaged(studio: Studio, small: None) -> None:
    studio.checkpoint.mkdir()
    assert "damaged" not in refused(1, "mine.safetensors.checkpoint: ", *studio.command())


def test_metal_is_not_trained_on(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(studio.folder)
    refused(1, "training runs on cpu or cuda, not on mps", *studio.command("--device", "mps"))
    assert names(studio.folder) == before
    monkeypatch.setattr(training_run, "choose_device", lambda _: torch.device("mps"))
    assert training_run.device("auto") == "cpu"


def test_cuda_asked_for_and_absent(studio: Studio) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    refused(1, "no cuda device on this machine", *studio.command("--device", "cuda"))
