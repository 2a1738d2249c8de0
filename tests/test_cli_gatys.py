"""The command line with painting by optimisation, keyframes and guides."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from stylize_video.models.gatys import optimisation as gatys
from stylize_video.models.gatys.optimisation import GatysArtist
from stylize_video.models.perceptual.vgg import FeatureNetwork
from stylize_video.pipeline.jobs import preflight
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from tests import media
from tests.commands import names, refused, run
from tests.networks import noise, thin

WIDTH, HEIGHT = media.SMALL
GATYS = ("--method", "gatys", "--iterations", "8", "--device", "cpu")


@pytest.fixture(autouse=True)
def _thin_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, *, pooling: str) -> FeatureNetwork:
        return thin(name)

    monkeypatch.setattr(gatys, "load_features", load)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.lossless(tmp_path, media.Video(times=media.steady(7)), name="film.mkv").path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), noise(5, 40, 56))
    return tmp_path / "photo.png"


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A style."""
    cv2.imwrite(str(tmp_path / "art.png"), noise(1))
    return tmp_path / "art.png"


def paint(source: Path, *arguments: object) -> Any:
    result = run(source, *arguments)
    assert result.exit_code == 0, result.output
    return result


def luma(film: Path) -> list[np.ndarray[Any, Any]]:
    with av.open(str(film)) as container:
        return [frame.to_ndarray()[: frame.height].astype(int) for frame in container.decode(video=0)]


# -- pictures --


def test_a_picture(photo: Path, art: Path) -> None:
    before = names(photo.parent)
    result = paint(photo, "--style", art, *GATYS)
    assert names(photo.parent) == before | {"photo_art.png"}
    made = cv2.imread(str(photo.with_name("photo_art.png")))
    assert made.shape == (40, 56, 3)
    assert np.abs(made.astype(int) - cv2.imread(str(photo))).mean() > 1
    assert "verified: 1 frame" in result.stderr


def test_each_option_changes_the_painting(photo: Path, art: Path, tmp_path: Path) -> None:
    mask = np.zeros((40, 56, 3), np.uint8)
    mask[:, 28:] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)

    def painting(*arguments: object) -> np.ndarray[Any, Any]:
        target = tmp_path / "out.png"
        paint(photo, "--style", art, *GATYS, "-o", target, "--overwrite", "--quiet", *arguments)
        return cv2.imread(str(target))

    usual = painting()
    assert np.array_equal(usual, painting())
    assert np.array_equal(usual, painting("--seed", 1))  # which noise alone heeds
    noises = [painting("--init", "noise", "--seed", seed) for seed in (0, 1)]
    assert not np.array_equal(*noises)
    for given in (
        ["--iterations", 9],
        ["--content-weight", 5],
        ["--style-weight", 500],
        ["--tv-weight", 100],
        ["--init", "style"],
        ["--init", art],
        ["--layers", "relu1_1,relu2_1"],
        ["--optimizer", "adam"],
        ["--photoreal"],
        ["--content-mask", tmp_path / "mask.png", "--style-mask", tmp_path / "mask.png"],
        ["--stroke-size", 0.5],
        ["--strength", 0.5],
        ["--style", f"{art},{photo}"],
    ):
        assert not np.array_equal(usual, painting(*given)), given


# -- films --


def test_a_film(film: Path, art: Path) -> None:
    before = names(film.parent)
    result = paint(film, "--style", art, *GATYS, "--keyframe-interval", 3, "--json")
    assert names(film.parent) == before | {"film_art.mkv"}
    told = json.loads(result.stdout)
    assert (told["frames"], told["style"]) == (7, str(art))
    assert set(told["profile"]) == {"reader", "painter", "encoder"}
    original, painted = luma(film), luma(film.with_name("film_art.mkv"))
    assert all(np.abs(one - two).mean() > 1 for one, two in zip(original, painted, strict=True))


@pytest.mark.parametrize("interval", ["1", "100", "auto"])
def test_intervals(interval: str, film: Path, art: Path) -> None:
    told = paint(film, "--style", art, *GATYS, "--keyframe-interval", interval, "--json").stdout
    assert json.loads(told)["frames"] == 7


def test_a_film_of_one_frame(tmp_path: Path, art: Path) -> None:
    film = media.constant(tmp_path, count=1, name="one.mp4").path
    assert json.loads(paint(film, "--style", art, *GATYS, "--json").stdout)["frames"] == 1


class _Breaks(Exception):
    pass


def _interrupt_at_key(number: int, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """The next run ends while it paints that key."""
    paint, painted = GatysArtist.paint, []

    def instead(self: GatysArtist, *arguments: Any, **more: Any) -> Any:
        if len(painted) == number:
            raise error
        painted.append(1)
        return paint(self, *arguments, **more)

    monkeypatch.setattr(GatysArtist, "paint", instead)


@pytest.mark.parametrize("error", [KeyboardInterrupt, _Breaks])
def test_an_interrupted_film_goes_on_at_the_last_keyframe(
    error: type[BaseException], film: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = ("--style", art, *GATYS, "--keyframe-interval", 2, "--codec", "ffv1")
    paint(film, *style, "-o", film.with_name("whole.mkv"))
    before = names(film.parent)
    target = film.with_name("film_art.mkv")
    with monkeypatch.context() as patch:
        _interrupt_at_key(2, patch, error)
        stopped = run(film, *style, unforeseen=True)
    if error is KeyboardInterrupt:
        assert stopped.exit_code == 130
        assert "the same command goes on from what is finished" in stopped.stderr
        assert len(stopped.stderr.strip().splitlines()) == 1
        partial = next(path for path in film.parent.iterdir() if ".part" in path.name)
        assert len(luma(partial)) == 3
        partial.unlink()
    else:
        assert stopped.exit_code == 1
        assert "unexpected _Breaks" in stopped.stderr
    assert names(film.parent) == before | {"film_art.mkv.keyframes"}
    refused(1, "another film, style or setting", film, *style, "--tv-weight", 7)
    assert not target.exists()
    with monkeypatch.context() as patch:
        _interrupt_at_key(2, patch, _Breaks)  # of four, two are there
        paint(film, *style)
    assert names(film.parent) == before | {"film_art.mkv"}
    for one, other in zip(luma(target), luma(film.with_name("whole.mkv")), strict=True):
        assert np.array_equal(one, other)


def test_without_a_finished_keyframe_there_is_nothing_to_go_on_from(
    film: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(film.parent)
    _interrupt_at_key(0, monkeypatch, KeyboardInterrupt)
    stopped = run(film, "--style", art, *GATYS)
    assert stopped.exit_code == 130
    assert "goes on" not in stopped.stderr
    assert names(film.parent) == before


@pytest.mark.slow
def test_a_killed_film_goes_on_at_the_last_keyframe(film: Path, art: Path) -> None:
    """By a signal that nothing can catch, in processes of their own, with the real VGG-16."""
    few = (*GATYS, "--iterations", "3")
    style = ["--style", str(art), *few, "--keyframe-interval", "2", "--codec", "ffv1", "-q"]
    command = [sys.executable, "-m", "stylize_video", str(film), *style]
    target, whole = film.with_name("film_art.mkv"), film.with_name("whole.mkv")
    subprocess.run([*command, "-o", str(whole)], check=True)
    before = names(film.parent)
    keys = film.with_name("film_art.mkv.keyframes")
    with subprocess.Popen(command) as killed:
        deadline = time.monotonic() + 60
        while len(list(keys.glob("key*.npy"))) < 2 and killed.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert not target.exists()
    shutil.copytree(keys, film.parent / "copy")
    first = min(keys.glob("key*.npy"))
    np.save(first, 1 - np.load(first))  # so that a run that takes no notice of it is found out
    first.with_suffix(".sha256").write_text(hashlib.sha256(first.read_bytes()).hexdigest())
    subprocess.run(command, check=True)
    assert any((one != other).any() for one, other in zip(luma(target), luma(whole), strict=True))
    target.unlink()
    (film.parent / "copy").rename(keys)
    subprocess.run(command, check=True)
    left = {name for name in names(film.parent) - before if ".part" not in name}  # what a killed run leaves
    assert left == {"film_art.mkv"}
    for one, other in zip(luma(target), luma(whole), strict=True):
        assert np.array_equal(one, other)


def test_keyframes_of_another_run_can_be_thrown_away(film: Path, art: Path) -> None:
    keys = film.with_name("film_art.mkv.keyframes")
    KeyframeStore(keys, "another film").put(0, np.zeros((4, 4, 3), np.float32))
    style = ("--style", art, *GATYS, "-o", film.with_name("film_art.mkv"))
    refused(1, "begin anew by --restart", film, *style)
    paint(film, *style, "--restart")
    assert not keys.exists()


# -- guides --


def guide(folder: Path, *numbers: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    folder.mkdir()
    for number in numbers:
        cv2.imwrite(str(folder / f"frame{number:04d}.png"), noise(number, size[1], size[0]))
    return folder


def test_a_guide(film: Path, tmp_path: Path) -> None:
    before = names(tmp_path)
    keys = guide(tmp_path / "keys", 1, 5)
    told = json.loads(paint(film, "--guide", keys, "--codec", "ffv1", "--device", "cpu", "--json").stdout)
    assert names(tmp_path) == before | {"keys", "film_keys.mkv"}
    assert (told["frames"], told["style"]) == (7, str(keys))
    painted = luma(tmp_path / "film_keys.mkv")
    for number in (1, 5):
        wanted = cv2.cvtColor(noise(number, HEIGHT, WIDTH), cv2.COLOR_BGR2GRAY).astype(float)
        found = painted[number - 1].astype(float)
        assert np.corrcoef(wanted.ravel(), found.ravel())[0, 1] > 0.98


def test_guides_that_cannot_be_used(film: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    before = names(tmp_path)
    refused(1, "no such folder", film, "--guide", tmp_path / "missing")
    refused(1, "no painted frames", film, "--guide", tmp_path / "empty")
    assert names(tmp_path) == before
    refused(1, f"but the film {WIDTH}x{HEIGHT}", film, "--guide", guide(tmp_path / "a", 1, size=(30, 20)))
    refused(1, "the film's last is 7", film, "--guide", guide(tmp_path / "b", 1, 8))
    assert names(tmp_path) == before | {"a", "b"}
    key = tmp_path / "b" / "frame0001.png"
    refused(2, "would replace what it is made with", film, "--guide", key.parent, "-o", key, "--overwrite")


# -- what is refused at once --

KEYED = ("--style", "art.png", "--method", "gatys")


@pytest.mark.parametrize(
    ("code", "message", "arguments"),
    [
        (2, "kandinsky: --method gatys needs a picture of the painting", ["--method", "gatys"]),
        (2, "needs a picture of the painting", ["--method", "gatys", "--style", "art.png,kandinsky"]),
        (2, "iterations 0 is out of range", [*KEYED, "--iterations", "0"]),
        (2, "style weight -1.0 is out of range", [*KEYED, "--style-weight", "-1"]),
        (2, "no layer called 'relu9_1'", [*KEYED, "--layers", "relu9_1"]),
        (2, "init 'nothing' is no start", [*KEYED, "--init", "nothing"]),
        (2, "no optimizer called 'sgd'", [*KEYED, "--optimizer", "sgd"]),
        (2, "no features called 'x'", [*KEYED, "--features", "x"]),
        (2, "seed -1 is out of range", [*KEYED, "--seed", "-1"]),
        (2, "keyframe interval '0' is out of range", [*KEYED, "--keyframe-interval", "0"]),
        (2, "keyframe interval 'x' is out of range", [*KEYED, "--keyframe-interval", "x"]),
        (2, "--region is not for painting by optimisation", [*KEYED, "--region", "art.png=art.png"]),
        (2, "--batch-size is not for painting by optimisation", [*KEYED, "--batch-size", "2"]),
        (2, "--stability is not for painting by optimisation", [*KEYED, "--stability", "0.5"]),
        (2, "--levels is only for the transform", [*KEYED, "--levels", "2,1"]),
        (2, "need each other", [*KEYED, "--content-mask", "art.png"]),
        (
            2,
            "--style-mask is of one painting",
            [
                *KEYED,
                "--style",
                "art.png,art.png",
                "--content-mask",
                "art.png",
                "--style-mask",
                "art.png",
            ],
        ),
        (1, "gone.png: no such picture", [*KEYED, "--init", "gone.png"]),
        (1, "gone.png: no such picture", [*KEYED, "--content-mask", "gone.png", "--style-mask", "art.png"]),
        (2, "--iterations is only for painting by optimisation; add --method gatys", ["--iterations", "5"]),
        (
            2,
            "--layers and --photoreal are only for",
            ["--style", "art.png", "--photoreal", "--layers", "relu1_1"],
        ),
        (2, "--keyframe-interval is only for", ["--style", "art.png", "--keyframe-interval", "5"]),
        (2, ".: the transform needs a picture", ["--guide", ".", "--method", "wct"]),
        (2, "--guide brings its own painting", ["--guide", ".", "--style", "udnie"]),
        (2, "--stroke-size is not for painted frames", ["--guide", ".", "--stroke-size", "2"]),
        (2, "--region is not for painted frames", ["--guide", ".", "--region", "art.png=art.png"]),
        (2, "--keyframe-interval is only for", ["--guide", ".", "--keyframe-interval", "5"]),
    ],
)
def test_refused_at_once(
    code: int, message: str, arguments: list[str], film: Path, art: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(film.parent)
    before = names(film.parent)
    refused(code, message, film, *arguments)
    assert names(film.parent) == before


def test_what_is_refused_at_once_does_not_wait_for_torch(film: Path, art: Path) -> None:
    keys = film.parent / "film_art.mkv.keyframes"
    keys.mkdir()
    (keys / "key0000000.npy").touch()
    code = (
        "import sys\nfrom stylize_video.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n"
        "    sys.exit(100 + end.code + 50 * ('torch' in sys.modules))"
    )
    for wanted, arguments in (
        (101, [film, "--style", art, *GATYS]),  # has keyframes
        (101, [film, "--guide", "missing"]),
        (102, [film, "--method", "gatys"]),
        (100, ["--help"]),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], check=False, capture_output=True
        )
        assert done.returncode == wanted, done.stderr


def test_keys_of_other_settings_are_told_apart(film: Path, art: Path, photo: Path) -> None:
    usual: dict[str, object] = {"style": str(art), "method": "gatys"}
    others: list[dict[str, object]] = [
        {"style": str(photo)},
        {"style": f"{art}:1,{photo}:2"},
        {"style": f"{art}:2,{photo}:1"},
        {"keyframe_interval": "auto"},
        {"flow": "raft"},
        {"max_size": 50},
        {"stroke_size": 2.0},
        {"iterations": 7},
        {"content_mask": art, "style_mask": photo},
        {"content_mask": photo, "style_mask": art},
    ]
    output = film.with_name("x.mkv")
    requests = [PaintRequest.of(film, output, **(usual | other)) for other in [{}, *others, {}]]
    found = [preflight.open_store(request) for request in requests]
    identities = [store._identity for store in found if store is not None]
    assert len(set(identities)) == len(others) + 1
    assert identities[0] == identities[-1]
    assert preflight.open_store(PaintRequest.of(film, output)) is None


@pytest.mark.parametrize("way", [("--guide", "keys"), ("--method", "gatys", "--style", "painting.png")])
def test_regions_are_refused_by_who_paints_whole_frames(way: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    files = {"keys": tmp_path / "keys"}
    for name in ("keys/frame0001.png", "painting.png"):
        files[name] = media.still(tmp_path, name=name, size=(64, 48)).path
    film = media.constant(tmp_path, count=2).path
    region = f"{files['painting.png']}={files['painting.png']}"
    result = run(film, *(files.get(word, word) for word in way), "--region", region)
    assert result.exit_code == 2
    assert "whole frame" in result.stderr
    assert "use --mask" in result.stderr
