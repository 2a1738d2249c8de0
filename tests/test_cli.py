"""The command line in process: exit codes, one line an error, and nothing left behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import MISSING, asdict, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import pytest
import typer

import stylize_video
from stylize_video import cli, option
from stylize_video.commands import paint as paint_command
from stylize_video.commands.options.panels import PANELS
from stylize_video.commands.options.training import TrainOptions
from stylize_video.errors import UsageError
from stylize_video.models import methods, style_spec, styles, weights
from stylize_video.models.feed_forward.training.config import OWN, OWN_MIXABLE
from stylize_video.models.look import Look, parse_region
from stylize_video.models.wct.texture import TextureOptions
from stylize_video.models.wct.training.config import WCT
from stylize_video.pipeline.jobs.cluster import options as of_cluster
from stylize_video.pipeline.jobs.options import RunOptions, parse_time
from stylize_video.pipeline.jobs.request import PaintRequest, declared, default_output
from tests import media
from tests.commands import names, refused, run


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.constant(tmp_path, count=3).path


def test_the_main_job_needs_no_subcommand(film: Path) -> None:
    result = run(film, "--style", "kandinsky", "--device", "cpu")
    assert result.exit_code == 0, result.output
    output = film.with_name("constant_kandinsky.mp4")
    assert output.exists()
    assert result.stdout == ""
    assert "verified: 3 frames" in result.stderr
    assert str(output) in result.stderr


def test_options_may_come_first_and_a_film_may_be_called_styles(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namesake = film.rename(film.with_name("styles"))
    monkeypatch.chdir(namesake.parent)
    result = run("--quiet", "--device", "cpu", "./styles", "-o", "out.mkv")
    assert result.exit_code == 0, result.output
    assert result.output == ""
    assert (namesake.parent / "out.mkv").exists()


def test_json_is_one_object_on_stdout(film: Path) -> None:
    result = run(film, "--json", "--device", "cpu")
    told = json.loads(result.stdout)
    assert told["frames"] == 3
    assert told["output"].endswith("constant_kandinsky.mp4")
    assert told["verified"].startswith("verified")
    failed = run(film, "--json")
    assert failed.exit_code == 1
    assert "exists" in json.loads(failed.stdout)["error"]


def test_the_profile_says_what_each_stage_did(film: Path) -> None:
    result = run(film, "--profile", "--quiet", "--device", "cpu")
    stages = [line.split()[0] for line in result.stderr.splitlines()]
    assert stages[:6] == ["stage", "reader", "motion", "painter", "stabilizer", "encoder"]
    assert result.stderr.count("limits") == 1
    told = json.loads(run(film, "--json", "--overwrite", "--device", "cpu").stdout)
    for stage in ("reader", "motion", "painter", "stabilizer", "encoder"):
        assert set(told["profile"][stage]) == {"working", "waiting"}
        assert sum(told["profile"][stage].values()) <= told["seconds"] + 0.01
    assert 0 < told["seconds_to_first_frame"] <= told["seconds"]


def test_who_does_not_stabilise_has_no_stabilizer_in_the_profile(film: Path) -> None:
    for arguments in (["--no-stabilize"], ["--stability", "0"]):
        result = run(film, *arguments, "--json", "--overwrite", "--device", "cpu")
        assert list(json.loads(result.stdout)["profile"]) == ["reader", "motion", "painter", "encoder"]


def test_stabilising_can_be_switched_off_and_on_again(film: Path, tmp_path: Path) -> None:
    def pictures(*arguments: str) -> list[bytes]:
        target = tmp_path / "out.mkv"
        common = ("--device", "cpu", "--codec", "ffv1", "--overwrite", "-o", target)
        result = run(film, *arguments, *common)
        assert result.exit_code == 0, result.output
        return [plane.tobytes() for plane in luma(target)]

    default, off, on = pictures(), pictures("--no-stabilize"), pictures("--no-stabilize", "--stabilize")
    assert default == on
    assert default[0] == off[0]
    assert default[1:] != off[1:]


def luma(film: Path) -> list[Any]:
    """The first plane of each frame."""
    with av.open(str(film)) as container:
        return [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]


def test_no_verify(film: Path) -> None:
    result = run(film, "--json", "--no-verify", "--device", "cpu")
    assert json.loads(result.stdout)["verified"] is None


def test_styles_are_listed() -> None:
    result = run("styles")
    assert result.exit_code == 0
    assert "kandinsky" in result.stdout
    listed = json.loads(run("styles", "--json").stdout)
    assert listed["kandinsky"]["painter"] == "Wassily Kandinsky"
    assert listed["kandinsky"]["style_distance"] > 0
    assert list(listed) == list(styles.available())
    assert all(style["licence"] for style in listed.values())


def test_the_table_shows_every_style_and_its_licence_unwrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # of a terminal, which a pipe is not
    header, *lines = run("styles").stdout.splitlines()
    assert "licence" in header
    for line, style in zip(lines, styles.available().values(), strict=True):
        for text in (style.name, style.painting, style.painter, style.licence):
            assert text in line


@pytest.mark.parametrize("columns", [40, 80])
def test_in_a_terminal_names_of_styles_are_whole(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    out = Console(width=columns, file=io.StringIO())
    monkeypatch.setattr("stylize_video.commands.styles.console", lambda: out)
    run("styles")
    firsts = [line.split()[0] for line in out.file.getvalue().splitlines() if line[1:2].strip()]  # type: ignore[attr-defined]
    assert firsts == ["name", *styles.available()]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return media.still(tmp_path, name="photo.png", size=(64, 48)).path


def test_a_sheet_of_all_styles(photo: Path) -> None:
    result = run("styles", "--sheet", photo, "-o", photo.with_name("sheet.png"))
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"sheet.png: {len(styles.available())} styles" in result.stderr
    assert cv2.imread(str(photo.with_name("sheet.png"))).shape[1] > 64
    assert run("styles", "--sheet", photo).exit_code == 0
    assert names(photo.parent) == {"photo.png", "sheet.png", "photo_styles.png"}
    again = ("styles", "--sheet", photo, "--json")
    assert "--overwrite" in json.loads(run(*again).stdout)["error"]
    listed = json.loads(run(*again, "--overwrite").stdout)
    assert list(listed) == list(styles.available())


def test_sheets_that_cannot_be_made(photo: Path) -> None:
    sheet = ("styles", "--sheet", photo)
    (photo.parent / "old.png").write_bytes(b"precious")
    (photo.parent / "text.png").write_bytes(b"text")
    refused(1, "--overwrite", *sheet, "-o", photo.parent / "old.png")
    refused(2, "no picture format called '.gif'", *sheet, "-o", photo.parent / "sheet.gif")
    refused(1, "no such folder", *sheet, "-o", photo.parent / "missing" / "sheet.png")
    refused(1, "File name too long", *sheet, "-o", photo.parent / f"{'x' * 300}.png")
    refused(1, "no such picture", "styles", "--sheet", photo.parent / "missing.png")
    refused(1, "no such picture", "styles", "--sheet", "x" * 300, "-o", photo.parent / "sheet.png")
    refused(1, "no such picture", "styles", "--sheet", photo.parent)
    refused(1, "not a picture", "styles", "--sheet", photo.parent / "text.png")
    refused(2, "add --sheet", "styles", "-o", photo.parent / "sheet.png")
    refused(2, "add --sheet", "styles", "--overwrite")
    assert names(photo.parent) == {"photo.png", "old.png", "text.png"}
    assert (photo.parent / "old.png").read_bytes() == b"precious"


def test_a_sheet_never_replaces_its_photograph_nor_a_folder(photo: Path) -> None:
    before = photo.read_bytes()
    link, folder = photo.with_name("link.png"), photo.with_name("folder.png")
    link.symlink_to(photo)
    folder.mkdir()
    sheet = ("styles", "--sheet", photo)
    refused(1, "photo.png: exists; add --overwrite", *sheet, "-o", photo)
    for target in (photo, link):
        refused(2, "the sheet would replace the photograph", *sheet, "-o", target, "--overwrite")
    refused(1, "folder.png: is a folder", *sheet, "-o", folder, "--overwrite")
    assert photo.read_bytes() == before
    assert names(photo.parent) == {"photo.png", "link.png", "folder.png"}


@pytest.mark.parametrize(
    ("files", "message"),
    [({"x": ["a", "b"], "y": ["b"]}, "two bundled styles called 'b' in the manifest"), ({}, "manifest")],
)
def test_a_damaged_manifest_is_one_line(
    files: dict[str, list[str]], message: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = next(iter(styles.available().values()))
    told = {
        file: {"styles": [asdict(replace(entry, name=name)) for name in found]}
        for file, found in files.items()
    }
    if told:
        (film.parent / "manifest.json").write_text(json.dumps({"weights": told}), "utf-8")
    monkeypatch.setattr(weights, "FOLDER", film.parent)
    weights.manifest.cache_clear()
    try:
        refused(1, message, "styles")
        refused(1, message, film, "--quiet")
    finally:
        weights.manifest.cache_clear()


def test_styles_are_listed_by_the_figures_of_their_drafts() -> None:
    listed = json.loads(run("styles", "--quality", "draft", "--json").stdout)
    assert list(listed) == list(styles.available())
    assert {style["weights"] for style in listed.values()} == {f"{styles.bundled_network()}-draft"}
    assert "kandinsky" in run("styles", "--quality", "draft").stdout


def test_styles_of_a_quality_that_is_not_bundled(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = asdict(next(iter(styles.available().values())))
    (film.parent / "manifest.json").write_text(json.dumps({"weights": {"x": {"styles": [entry]}}}), "utf-8")
    monkeypatch.setattr(weights, "FOLDER", film.parent)
    weights.manifest.cache_clear()
    try:
        assert run("styles").exit_code == 0
        refused(2, "no network of quality draft is bundled", "styles", "--quality", "draft")
        refused(2, "no network of quality draft is bundled", film, "--quality", "draft")
        refused(2, "no quality called 'rough'", "styles", "--quality", "rough")
    finally:
        weights.manifest.cache_clear()


def test_version_and_help() -> None:
    assert run("--version").stdout.strip() == f"stylize-video {stylize_video.__version__}"
    told = run("--help")
    assert told.exit_code == 0
    assert "--style" in told.stdout
    assert "styles" in told.stdout
    assert run("train", "--help").exit_code == 0


def options_of(command: str) -> dict[str, Any]:
    """A command's parameters by name."""
    return {p.name: p for p in typer.main.get_command(cli.app).commands[command].params}


def test_every_option_is_declared_once_and_shown() -> None:
    parameters = options_of("paint")
    every = [*declared(), *option.declared(of_cluster.ClusterOptions)]
    known = {each.name: each for each in every}
    assert len(known) == len(every)
    assert parameters.keys() - known.keys() == {"quiet", "as_json", "profile", "version"}
    for name, each in known.items():
        assert each.option.help.rstrip(".") in parameters[name].help
        assert name == "input" or parameters[name].rich_help_panel in (*PANELS, of_cluster.PANEL)
        if each.default is not MISSING:
            given = parameters[name].default
            assert (each.default if given is None else each.read(given)) == each.default, name


def test_every_option_of_a_texture_takes_its_default_from_the_options() -> None:
    parameters = options_of("texture")
    assert parameters["device"].default == RunOptions.device
    written = {"levels": "5,4,3,2,1", "size": "1024x1024"}  # as a user gives them
    for field in fields(TextureOptions):
        option = {"width": "size", "height": "size"}.get(field.name, field.name)
        assert parameters[option].default == written.get(option, field.default), field.name
    assert TextureOptions() == TextureOptions(1024, 1024, levels=(5, 4, 3, 2, 1))


def test_every_option_of_a_training_is_declared_once_and_shown() -> None:
    parameters = options_of("train")
    known = {each.field.name: each for each in option.declared(TrainOptions)}
    assert parameters.keys() == known.keys()
    for name, each in known.items():
        assert each.option.help.rstrip(".") in parameters[name].help
        if each.default is not MISSING:
            given = parameters[name].default
            assert (each.default if given is None else each.read(given)) == each.default, name
    assert TrainOptions.of(paintings=["a.png"], content="b").of_style == OWN
    assert TrainOptions.of(paintings=["a.png"], content="b", mixable=True).of_style == OWN_MIXABLE
    assert TrainOptions.of(paintings=["a.png"], content="b", wct=True).of_networks == WCT


def test_python_m(film: Path) -> None:
    command = [sys.executable, "-m", "stylize_video", "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=film.parent)
    assert told.stdout.startswith("stylize-video ")


# -- errors --


def test_no_such_file(tmp_path: Path) -> None:
    refused(1, "no such file", tmp_path / "nothing.mp4")
    assert names(tmp_path) == set()


def test_a_folder(tmp_path: Path) -> None:
    refused(1, "is a folder", tmp_path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (media.no_video, "not a film"),
        (media.without_frames, "not one frame"),
        (media.audio_only, "only sound"),
    ],
)
def test_no_film(make: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    source = make(tmp_path)
    refused(1, message, source, "-o", tmp_path / "out.mp4", "--quiet")
    assert names(tmp_path) == {source.name}


def test_unknown_style_names_the_nearest(film: Path) -> None:
    assert "'kandinsky'" in refused(2, "did you mean", film, "--style", "kandinski")
    assert "kandinsky" in refused(2, "there are", film, "--style", "zzz")
    refused(2, "no such weights file", film, "--style", "./nothing.safetensors")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("kandinsky:0.6,kandinski:0.4", "did you mean 'kandinsky'?"),
        ("kandinsky:much", "'much' in 'kandinsky:much' is no weight"),
        ("kandinsky:-1,kandinsky:2", "is no weight"),
        ("kandinsky:nan", "is no weight"),
        ("kandinsky:0", "sum to nothing"),
        ("kandinsky,", "a style without a name"),
        ("", "a style without a name"),
        ("kandinsky:0.5,missing.safetensors:0.5", "missing.safetensors: no such weights file"),
        ("missing.safetensors#monet", "missing.safetensors: no such weights file"),
    ],
)
def test_mixtures_that_make_no_sense(film: Path, spec: str, message: str) -> None:
    refused(2, message, film, "--style", spec)
    assert names(film.parent) == {film.name}


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan"])
def test_strength_out_of_range(film: Path, value: str) -> None:
    refused(2, "strength", film, f"--strength={value}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--batch-size", "0"],
        ["--max-size", "1"],
        ["--device", "abacus"],
        ["--start", "soon"],
        ["--duration", "0"],
        ["--start", "1:75"],
        ["--crf", "99"],
        ["--preset", "leisurely"],
        ["--stability", "2"],
        ["--stability", "-0.1"],
        ["--stability", "nan"],
        ["--flow", "nonsense"],
        ["--flow", ""],
    ],
)
def test_options_out_of_range(film: Path, arguments: list[str]) -> None:
    line = refused(2, "", film, *arguments)
    assert arguments[1] in line or arguments[1] == "0"
    assert names(film.parent) == {film.name}


@pytest.mark.parametrize(
    "arguments",
    [[], ["--bogus"], ["--strength", "abc"], ["another.mp4"], ["--start", "9" * 30], ["--max-size", "x"]],
)
def test_usage_errors_are_one_line_too(film: Path, arguments: list[str]) -> None:
    refused(2, "", *([film, *arguments] if arguments else []))
    failed = run(*([film, *arguments] if arguments else []), "--json")
    assert failed.exit_code == 2
    assert json.loads(failed.stdout)["exit_code"] == 2


def test_strange_names(film: Path) -> None:
    refused(1, "File name too long", film.with_name("x" * 300 + ".mp4"))
    refused(1, "File name too long", film, "-o", film.with_name("x" * 300 + ".mp4"))
    refused(2, "no style called", film, "--style", "../kandinsky")
    refused(2, "no such weights file", film, "--style", "x" * 300 + ".safetensors")
    refused(2, "no such picture", film, "--style", "x" * 300 + ".jpg")
    refused(1, "is a folder", "")
    refused(1, "is a folder", "/")
    pipe = film.with_name("pipe")
    os.mkfifo(pipe)
    refused(1, "no regular file", pipe)


def test_a_colon_in_a_name(film: Path) -> None:
    source = film.rename(film.with_name("Film: one.mp4"))
    output = film.with_name("Painted: two.mkv")
    result = run(source, "-o", output, "--quiet", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert output.exists()


def test_unwritable_output(film: Path) -> None:
    refused(1, "no such folder", film, "-o", film.parent / "missing" / "out.mp4")
    (film.parent / "folder.mp4").mkdir()
    refused(1, "is a folder", film, "-o", film.parent / "folder.mp4")
    refused(1, "/proc", film, "-o", "/proc/out.mp4", "--quiet")
    assert names(film.parent) == {film.name, "folder.mp4"}


def test_output_equals_input(film: Path) -> None:
    before = film.read_bytes()
    refused(2, "the same file", film, "-o", film, "--overwrite")
    link = film.with_name("link.mp4")
    link.symlink_to(film)
    refused(2, "the same file", film, "-o", link, "--overwrite")
    assert film.read_bytes() == before


def test_output_exists(film: Path) -> None:
    output = film.with_name("out.mp4")
    output.write_bytes(b"precious")
    refused(1, "--overwrite", film, "-o", output)
    assert output.read_bytes() == b"precious"
    assert run(film, "-o", output, "--overwrite", "--device", "cpu").exit_code == 0
    assert output.read_bytes() != b"precious"


def test_unknown_extension_and_codec(film: Path) -> None:
    refused(2, "xyz", film, "-o", film.with_name("out.xyz"))
    refused(2, "h266", film, "--codec", "h266")
    refused(2, "webm", film, "--codec", "h264", "-o", film.with_name("out.webm"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_disk_full(film: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    disk = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    try:
        line = refused(1, "", film, "-o", disk / "out.mp4", "--quiet", "--device", "cpu")
        assert "full" in line or "space" in line
        assert names(disk) == set()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_weights_missing_or_damaged(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_bytes((weights.FOLDER / "manifest.json").read_bytes())
    monkeypatch.setattr(weights, "FOLDER", folder)
    weights.manifest.cache_clear()
    try:
        refused(1, "missing", film, "--quiet")
        (folder / weights.manifest()[styles.bundled_network()]["file"]).write_bytes(b"damaged")
        refused(1, "checksum", film, "--quiet")
    finally:
        weights.manifest.cache_clear()


def test_cuda_asked_for_and_absent(film: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    refused(1, "no cuda device", film, "--device", "cuda", "--quiet")


def test_debug_shows_the_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLIZE_VIDEO_DEBUG", "1")
    result = run(tmp_path / "nothing.mp4")
    assert type(result.exception).__name__ == "InputError"


def test_ctrl_c_keeps_what_was_painted(tmp_path: Path) -> None:
    clip = media.film(tmp_path / "long.mp4", media.Video(times=media.steady(250), size=(192, 128)))
    output = tmp_path / "long_kandinsky.mp4"
    output.write_bytes(b"precious")
    command = [sys.executable, "-m", "stylize_video", str(clip.path), "--overwrite", "--device", "cpu"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not any(p.stat().st_size > 2000 for p in tmp_path.glob("*.parts/*.packets")):
        assert time.monotonic() < deadline, "nothing was painted"
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    assert output.read_bytes() == b"precious"
    (partial,) = tmp_path.glob("*part.*")
    assert str(partial) in told.splitlines()[-1]
    with av.open(str(partial)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert f"{frames} painted frame" in told
    assert 1 <= frames < 250


# -- small parts --


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1.5", Fraction(3, 2)),
        ("1:30", 90),
        ("01:00:00.25", Fraction(14401, 4)),
        (".5", Fraction(1, 2)),
    ],
)
def test_times(text: str, seconds: Fraction) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "1:2:3:4", "1:60", "-3", "ten", "1:00:60"])
def test_no_times(text: str) -> None:
    with pytest.raises(UsageError, match="no time"):
        parse_time(text)


def named(source: str, style: str, **options: Any) -> str:
    return str(default_output(Path(source), Look(style_spec.parse(style), **options)))


def test_default_output() -> None:
    assert named("film.mts", "kandinsky") == "film_kandinsky.mkv"
    assert named("scan.tif", "kandinsky") == "scan_kandinsky.png"
    assert named("photo.JP2", "kandinsky") == "photo_kandinsky.png"
    assert named("a/film.mov", "kandinsky") == "a/film_kandinsky.mov"
    assert named("film.mp4", "x/mine.safetensors") == "film_mine.mp4"
    mixture = "kandinsky:0.6,x/mine.safetensors:0.3,y/three.safetensors#monet:0.1"
    assert named("a/film.mp4", mixture) == "a/film_kandinsky-60+mine-30+monet-10.mp4"
    assert named("film.mp4", "x/my.art.jpg") == "film_my.art.mp4"
    assert named("film.mp4", "kandinsky", guide=Path("x/mine")) == "film_mine.mp4"
    regions = tuple(parse_region(f"mask.png={style}") for style in ("x/art.png", "udnie"))  # each style once
    assert named("a/film.mp4", "udnie", mask=Path("other.png"), regions=regions) == "a/film_udnie+art.mp4"


@pytest.mark.parametrize(
    ("words", "index", "expected"),
    [
        ("stylize-video --str", 1, "--strength"),
        ("stylize-video a.mp4 --style kan", 3, "kandinsky"),
        ("stylize-video styles --js", 2, "--json"),
    ],
)
def test_shell_completion(words: str, index: int, expected: str) -> None:
    environment = os.environ | {
        "_STYLIZE_VIDEO_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(index),
    }
    command = [sys.executable, "-m", "stylize_video"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert expected in told.stdout.split()


def test_completion_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the shell that the command is run from: typer looks for one among the parent processes."""
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    assert "_stylize_video_completion" in run("--show-completion").stdout.replace("-", "_")


_ONE_COMMAND = """
import sys
from stylize_video import cli
from stylize_video.commands.console.flags import spelled
try:
    cli.main(["nowhere.mp4", "--style", "kandinsky"])
except SystemExit as end:
    assert end.code == 1
print("stylize_video.commands.train" in sys.modules, spelled("lower `learning_rate` and `max_size`"))
"""


def test_the_command_that_is_asked_for_is_imported_alone_and_others_options_are_known() -> None:
    done = subprocess.run([sys.executable, "-c", _ONE_COMMAND], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False lower --learning-rate and --max-size"


@pytest.mark.parametrize(
    ("given", "weight"),
    [([], 20.0), (["--photoreal"], 2.0), (["--photoreal", "--style-weight", "7"], 7.0)],
)
def test_a_style_weight_that_is_asked_for_comes_before_the_usual_ones(
    given: list[str], weight: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[PaintRequest] = []

    def note(request: PaintRequest, *_: object, quiet: bool) -> None:
        asked.append(request)
        raise UsageError("seen")

    (tmp_path / "art.png").touch()
    monkeypatch.setattr(paint_command, "_paint", note)
    command = ["film.mp4", "--method", "gatys", "--style", str(tmp_path / "art.png"), *given]
    with pytest.raises(SystemExit):
        cli.main(command)
    assert asked[0].options_of(methods.named("gatys")).config.style_weight == weight
