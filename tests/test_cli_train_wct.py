"""`stylize-video train --wct`: from pictures to networks, stopped and gone on, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from safetensors.torch import load_file

import stylize_video
from stylize_video.commands import train as commands_train
from stylize_video.commands.options import training as options
from stylize_video.files import whole_file
from stylize_video.models import weights
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.training import run as training_run
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.trainer import Progress
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import objectives as wct_objectives
from stylize_video.models.wct.training import reconstruction
from stylize_video.models.wct.training import trainer as wct_training
from stylize_video.models.wct.training.config import WCT
from stylize_video.models.wct.training.trainer import WctTrainer
from stylize_video.pictures.pictures import read_picture
from tests import media
from tests.commands import names, refused, run
from tests.networks import thin

TINY = {"crop": 64, "second_crop": 64, "batch_size": 1}  # which are no options
SHAPE = WctConfig((8, 8, 8, 8, 8))


@dataclass(frozen=True)
class Studio:
    """A folder with two paintings and some photographs; narrow ones, which cost less to measure by."""

    folder: Path

    def command(self, *more: object, steps: int = 2) -> list[object]:
        """A training of networks, whose file is `mine.safetensors`."""
        command = ["train", self.folder / "red.png", "--wct", "--content", self.folder / "photographs"]
        return [*command, "-o", self.target, "--steps", steps, "--device", "cpu", *more]

    @property
    def target(self) -> Path:
        return self.folder / "mine.safetensors"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "mine.safetensors.checkpoint"

    def provenance(self) -> dict[str, Any]:
        """Where the file says it comes from."""
        found: dict[str, Any] = json.loads(weights.read(self.target).metadata["provenance"])
        return found


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


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "WCT", replace(WCT, **TINY))
    monkeypatch.setattr(wct_training, "WctConfig", lambda: SHAPE)
    monkeypatch.setattr(wct_objectives, "load_features", thin)
    monkeypatch.setattr(wct_objectives, "_CHANNELS", (8,) * 5)


@pytest.fixture
def real_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG-16 as it is."""
    monkeypatch.setattr(wct_objectives, "load_features", cache(load_features))
    monkeypatch.setattr(wct_objectives, "_CHANNELS", (64, 128, 256, 512, 512))


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("real_features")
def test_networks_are_trained_measured_and_written(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_run, "_SAY_EVERY_S", 0)
    before = names(studio.folder)
    blue = studio.folder / "blue.png"
    result = run(*studio.command("--statistics", blue, "--seed", 3, "--learning-rate", 0.001))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    loading, begun, first, second, measured, last = result.stderr.strip().splitlines()
    assert loading == f"loading the networks and reading the photographs in {studio.folder / 'photographs'}"
    assert begun == "training: 2 steps; how far it is will be said every 0 s"
    assert first.startswith("step 1/2: reconstruction ")
    assert "embedding" in first
    assert second.startswith("step 2/2: reconstruction ")
    assert "style" in second
    assert last == f"trained {studio.target}, with the statistics of red, blue"
    assert names(studio.folder) == before | {studio.target.name}

    found = wct_weights.open_file(studio.target)
    assert found.network.config == SHAPE
    assert list(found.paintings) == ["red", "blue"]
    for name, known in found.paintings.items():
        picture = read_picture(studio.folder / f"{name}.png")
        wanted = wct_weights.statistics(found.network, picture, 512)
        for level, moments in known.items():
            for one, other in zip(moments, wanted[level], strict=True):
                # Factors of covariances are stored in half precision.
                torch.testing.assert_close(one, other, rtol=0, atol=1e-2 * float(abs(other).max()))

    config = replace(WCT, **TINY, seed=3, learning_rate=0.001, reconstruction_steps=1, stylisation_steps=1)
    photographs = PhotographSet.from_folder(studio.folder / "photographs", held_out=24, shorter_side=99)
    psnr = reconstruction.mean_psnr(found.network, photographs.held_out)
    checksums = {
        name: sha256((studio.folder / f"{name}.png").read_bytes()).hexdigest() for name in ("red", "blue")
    }
    assert studio.provenance() == {
        "started_from": "nothing",
        "started_from_sha256": "",
        "program": f"stylize-video {stylize_video.__version__}",
        "torch": torch.__version__,
        "config": asdict(config),
        "paintings_sha256": {"red": checksums["red"]},
        "statistics_sha256": {"blue": checksums["blue"]},
        "photographs": 3,
        "reconstruction_psnr_db": {
            str(level): pytest.approx(value, abs=0.0051) for level, value in psnr.items()
        },
    }
    figures = ", ".join(f"{value:.2f}" for value in studio.provenance()["reconstruction_psnr_db"].values())
    assert measured == (f"reconstruction of photographs not trained on, levels 1 to 5: {figures} dB (PSNR)")


def test_names_are_those_of_all_paintings(studio: Studio) -> None:
    more = ("--statistics", studio.folder / "blue.png")
    refused(2, "1 names for 2 paintings", *studio.command(*more, "--name", "a"))
    result = run(*studio.command(*more, "--name", "a", "--name", "b", steps=1))
    assert result.exit_code == 0, result.output
    assert list(wct_weights.open_file(studio.target).paintings) == ["a", "b"]


def test_ctrl_c_keeps_a_checkpoint_and_nothing_is_lost(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the phases, and while it is measured."""
    assert run(*studio.command()).exit_code == 0
    whole = load_file(studio.target)
    studio.target.unlink()

    def stopped(self: WctTrainer) -> Iterator[Progress]:
        yield self.advance()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(WctTrainer, "run", stopped)
        result = run(*studio.command())
    assert result.exit_code == 130
    assert f"kept in {studio.checkpoint}; the same command goes on from there" in result.stderr
    other = "checkpoint of a run with other settings, paintings, photographs or start; delete it"
    refused(1, other, *studio.command("--seed", 1))
    refused(1, other, *studio.command(steps=3))

    with monkeypatch.context() as patch:
        patch.setattr(reconstruction, "mean_psnr", interrupted)
        result = run(*studio.command())
    assert result.exit_code == 130
    assert "going on at step 1 of 2" in result.stderr
    assert not studio.target.exists()

    monkeypatch.setattr(WctTrainer, "advance", interrupted)  # there is no step left to make
    result = run(*studio.command())
    assert result.exit_code == 0, result.output
    assert "going on at step 2 of 2" in result.stderr
    found = load_file(studio.target)
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert not studio.checkpoint.exists()


def test_a_checkpoint_that_cannot_be_written_ends_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write, times = whole_file.write, iter([no_space])
    monkeypatch.setattr(whole_file, "write", lambda *given: next(times, write)(*given))
    result = run(*studio.command(steps=1))
    assert result.exit_code == 0, result.output
    assert f"no checkpoint: {studio.checkpoint}: can't write the checkpoint" in result.stderr
    assert studio.target.exists()


# -- what is refused --

AT_ONCE = [  # (exit code, message, options beside those of `Studio.command`)
    (2, "--mixable is of no use with --wct; leave it out", ["--mixable"]),
    (2, "--minutes and --mixable are of no use with --wct; leave them out", ["--mixable", "--minutes", "5"]),
    (2, "level 6 is out of range; give 1 to 5", ["--level", "6"]),
    (2, "--level goes on with networks that there are; add --from", ["--level", "5"]),
    (2, "missing.safetensors: no such file of the transform's networks", ["--from", "missing.safetensors"]),
    (2, "kandinsky: no such file of the transform's networks", ["--from", "kandinsky"]),
    (2, "--style-size is of no use with --wct", ["--style-size", "128"]),
    (2, "--style-weight is of no use with --wct", ["--style-weight", "9"]),
    (2, "--style-weight is of no use with --wct", ["--style-weight", "nan"]),
    (2, "--content-weight is of no use with --wct", ["--content-weight", "9"]),
    (2, "--consistency-weight is of no use with --wct", ["--consistency-weight", "9"]),
    (2, "--colour-weight is of no use with --wct", ["--colour-weight", "9"]),
    (2, "steps 0 is out of range", ["--steps", "0"]),
    (2, "seed -1 is out of range", ["--seed", "-1"]),
    (2, "learning rate nan", ["--learning-rate", "nan"]),
    (2, "held out 0", ["--held-out", "0"]),
    (2, "no device called 'abacus'", ["--device", "abacus"]),
    (2, "two styles of one name in red, red", ["--statistics", "red.png"]),
    (1, "missing.png: no such picture", ["--statistics", "missing.png"]),
    (1, "old.safetensors: exists; add --overwrite", ["-o", "old.safetensors"]),
]


@pytest.mark.parametrize(("code", "message", "options"), AT_ONCE)
def test_refused_at_once(
    code: int, message: str, options: list[str], studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studio.folder)
    (studio.folder / "old.safetensors").write_bytes(b"precious")
    before = names(studio.folder)
    refused(code, message, *studio.command(*options))
    assert names(studio.folder) == before


@pytest.mark.parametrize(("option", "value"), [("--statistics", "blue.png"), ("--level", "5")])
def test_some_options_are_for_networks_only(option: str, value: str, studio: Studio) -> None:
    command = [argument for argument in studio.command(option, value) if argument != "--wct"]
    refused(2, f"{option} is of use with --wct only; leave it out", *command)


def test_networks_are_trained_on_photographs_alone(studio: Studio) -> None:
    command = [a for a in studio.command() if a not in ("--content", studio.folder / "photographs")]
    refused(2, "--wct learns on photographs; give them with --content", *command)


def test_options_given_as_they_are_anyway_are_not_refused(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_train, "_train_networks", lambda *_: None)
    assert run(*studio.command("--style-size", 512, "--from", "nothing")).exit_code == 0


def test_a_training_goes_on_from_networks_of_a_file(studio: Studio) -> None:
    """The bundled ones, whose shape it keeps."""
    bundled = weights.FOLDER / weights.manifest()["wct"]["file"]
    result = run(*studio.command("--from", bundled, steps=1))
    assert result.exit_code == 0, result.output
    found = wct_weights.open_file(studio.target)
    assert found.network.config == wct_weights.open_bundled().network.config
    assert studio.provenance()["started_from"] == str(bundled)
    assert studio.provenance()["started_from_sha256"] == weights.manifest()["wct"]["sha256"]


def test_a_file_of_other_networks_is_no_start(studio: Studio) -> None:
    other = weights.FOLDER / weights.manifest()["vgg16"]["file"]
    refused(1, "vgg16.safetensors: made for 'something else'", *studio.command("--from", other))


def test_a_painting_that_cannot_be_used(studio: Studio) -> None:
    tiny = media.still(studio.folder, name="tiny.png", size=(48, 48)).path
    refused(1, "48x48 px is too small; give 64 or more", *studio.command("--statistics", tiny))


def test_paintings_among_the_photographs_are_not_trained_on(studio: Studio) -> None:
    among = studio.folder / "photographs" / "0.png"
    refused(1, "3 photographs in it; give 4 or more", *studio.command("--statistics", among))


WITHOUT_TORCH = """
import json, sys
from stylize_video import cli
for command in json.loads(sys.argv[1]):
    try:
        cli.main(command)
    except SystemExit as end:
        assert end.code in (0, 1, 2), command
    assert not {"torch", "cv2", "av"} & sys.modules.keys(), command
"""


def test_help_and_what_is_refused_at_once_do_not_wait_for_torch(studio: Studio) -> None:
    (studio.folder / "old.safetensors").touch()
    commands = [[str(a) for a in studio.command(*options)] for _, _, options in AT_ONCE]
    command = [sys.executable, "-c", WITHOUT_TORCH, json.dumps([*commands, ["train", "--help"]])]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=studio.folder)
    assert told.returncode == 0, told.stderr
    assert len(told.stderr.splitlines()) == len(commands), told.stderr
    assert "--wct" in told.stdout
