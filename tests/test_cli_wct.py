"""The command line with pictures as styles, masks, regions and textures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from tests import media
from tests.commands import names, refused, run
from tests.networks import noise, wct_file
from tests.pipeline._masks import grey_film, picture

WIDTH, HEIGHT = media.SMALL
HALF = WIDTH // 2


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.constant(tmp_path, count=4, name="film.mp4").path


@pytest.fixture
def lossless(tmp_path: Path) -> Path:
    """What is written without loss can be compared byte by byte."""
    return media.lossless(tmp_path, media.Video(times=media.steady(4)), name="lossless.mkv").path


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A style."""
    cv2.imwrite(str(tmp_path / "art.png"), noise(1))
    return tmp_path / "art.png"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A small network that knows two paintings, of which one is called like no bundled style."""
    return wct_file(tmp_path, red=noise(2), kandinsky=noise(3))


def left(path: Path) -> Path:
    """A mask, white on the left and black on the right."""
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[:, :HALF] = 255
    return picture(path, values)


def planes(film: Path) -> list[list[np.ndarray[Any, Any]]]:
    """Those of each frame of a yuv420p film."""
    with av.open(str(film)) as container:
        found = []
        for frame in container.decode(video=0):
            assert frame.format.name == "yuv420p"
            whole = frame.to_ndarray()
            y, chroma = whole[:HEIGHT], whole[HEIGHT:].reshape(2, HEIGHT // 2, HALF)
            found.append([y, *chroma])
        return found


def painted(source: Path, *arguments: object) -> list[list[np.ndarray[Any, Any]]]:
    """A lossless film's painting."""
    target = source.with_name("painted.mkv")
    given = (source, "--device", "cpu", "--codec", "ffv1", "--overwrite", "-o", target, *arguments)
    result = run(*given)
    assert result.exit_code == 0, result.output
    assert "verified: 4 frames" in result.stderr
    return planes(target)


def same(one: Any, other: Any, where: slice = slice(None)) -> bool:
    """Whether all frames have the same planes in some columns of the luma; chroma has half of them."""
    halves = slice(*(None if side is None else side // 2 for side in (where.start, where.stop)))
    return all(
        np.array_equal(mine[:, columns], theirs[:, columns])
        for frame, twin in zip(one, other, strict=True)
        for mine, theirs, columns in zip(frame, twin, (where, halves, halves), strict=True)
    )


def differs(one: Any, other: Any, where: slice = slice(None)) -> bool:
    """Whether every frame's luma differs there, and not just by noise."""
    return all(
        np.abs(frame[0][:, where].astype(int) - twin[0][:, where]).mean() > 3
        for frame, twin in zip(one, other, strict=True)
    )


# -- a picture as a style --


def test_any_picture_is_a_style(film: Path, art: Path, weights: Path) -> None:
    before = names(film.parent)
    result = run(film, "--style", art, "--wct-weights", weights, "--device", "cpu")
    assert result.exit_code == 0, result.output
    output = film.with_name("film_art.mp4")
    assert names(film.parent) == before | {output.name}
    assert result.stdout == ""
    assert "verified: 4 frames" in result.stderr
    assert "note" not in result.stderr
    assert differs(planes(output), planes(film))
    again = (film, "--style", art, "--wct-weights", weights, "--json", "--overwrite", "--device", "cpu")
    told = json.loads(run(*again).stdout)
    assert (told["frames"], told["style"], told["output"]) == (4, str(art), str(output))


def test_a_picture_whose_name_has_a_comma(film: Path, art: Path, weights: Path) -> None:
    named = art.rename(art.with_name("Boats, 1883.png"))
    result = run(film, "--style", named, "--wct-weights", weights, "--device", "cpu", "--quiet")
    assert result.exit_code == 0, result.output
    assert film.with_name("film_Boats, 1883.mp4").exists()


def test_a_picture_in_the_style_of_another(art: Path, weights: Path, tmp_path: Path) -> None:
    photo = media.still(tmp_path, name="photo.png", size=(67, 41)).path
    result = run(photo, "--style", art, "--wct-weights", weights, "--device", "cpu", "--quiet")
    assert result.exit_code == 0, result.output
    made = cv2.imread(str(tmp_path / "photo_art.png"))
    assert made.shape == (41, 67, 3)


def test_options_of_the_transform_change_the_painting(lossless: Path, art: Path, weights: Path) -> None:
    style = ("--style", art, "--wct-weights", weights)
    original, usual = planes(lossless), painted(lossless, *style)
    assert differs(usual, original)
    assert same(painted(lossless, *style, "--method", "wct", "--levels", "4,3,2,1"), usual)
    for options in (
        ["--levels", "5,4,3,2,1"],
        ["--levels", "2,1"],
        ["--strength", "0.5"],
        ["--stroke-size", "0.5"],
    ):
        assert not same(painted(lossless, *style, *options), usual), options
    unsteady = painted(lossless, *style, "--no-stabilize")
    assert not same(unsteady, usual)
    assert same(painted(lossless, *style, "--no-stabilize", "--batch-size", "1"), unsteady)
    chroma = painted(lossless, *style, "--preserve-color")
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(chroma, original, strict=True))


def test_films_of_more_than_8_bits(art: Path, weights: Path, tmp_path: Path) -> None:
    source = media.pixel_format(tmp_path, "yuv420p10le").path
    command = (source, "--style", art, "--wct-weights", weights, "--device", "cpu", "--codec", "ffv1")
    result = run(*command, "-o", tmp_path / "out.mkv")
    assert result.exit_code == 0, result.output
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert container.streams.video[0].format.name == "yuv420p10le"


def test_paintings_that_the_networks_know(lossless: Path, art: Path, weights: Path) -> None:
    """Of a file of the user's own, their names are not those of the bundled styles."""
    own = ("--wct-weights", weights)
    red = painted(lossless, "--method", "wct", "--style", "red", *own)
    assert differs(red, painted(lossless, "--method", "wct", "--style", "kandinsky", *own))
    mixed = painted(lossless, "--style", f"red:0.5,{art}:0.5", *own)
    assert not same(mixed, red)
    assert same(painted(lossless, "--style", f"red:1,{art}:0", *own), red)


# -- masks and regions --


def test_what_the_mask_leaves_out_is_the_original(lossless: Path, art: Path, weights: Path) -> None:
    mask = left(lossless.with_name("mask.png"))
    original = planes(lossless)
    for options in ([], ["--no-stabilize"], ["--strength", "0.5"]):
        found = painted(lossless, "--style", art, "--wct-weights", weights, "--mask", mask, *options)
        assert same(found, original, slice(HALF + 2, None)), options
        assert differs(found, original, slice(HALF - 2)), options


@pytest.mark.parametrize("style", ["art", "kandinsky"])
def test_what_it_keeps_is_the_painting(style: str, lossless: Path, art: Path, weights: Path) -> None:
    mask = left(lossless.with_name("mask.png"))
    options = ["--style", art, "--wct-weights", weights] if style == "art" else ["--style", style]
    found, whole = painted(lossless, *options, "--mask", mask), painted(lossless, *options)
    assert same(found, whole, slice(HALF - 2))
    assert same(found, planes(lossless), slice(HALF + 2, None))


def test_a_mask_white_or_black_all_over(lossless: Path) -> None:
    for grey, wanted in ((255, painted(lossless)), (0, planes(lossless))):
        mask = picture(lossless.with_name("mask.png"), np.full((20, 30), grey, np.uint8))
        assert same(painted(lossless, "--mask", mask), wanted)


def test_a_style_for_each_region(lossless: Path, art: Path, weights: Path) -> None:
    """But for the border, where a filter makes chroma of several pixels."""
    one = left(lossless.with_name("a.png"))
    rest = picture(lossless.with_name("b.png"), 255 - cv2.imread(str(one), cv2.IMREAD_GRAYSCALE))
    flat = ("--no-stabilize",)
    found = painted(lossless, "--region", f"{one}=kandinsky", "--region", f"{rest}=udnie", *flat)
    assert same(found, painted(lossless, "--style", "kandinsky", *flat), slice(HALF - 8))
    assert same(found, painted(lossless, "--style", "udnie", *flat), slice(HALF + 8, None))
    own = ("--wct-weights", weights, *flat)
    mixed = painted(lossless, "--region", f"{one}={art}", "--region", f"{rest}=udnie", *own)
    assert same(mixed, painted(lossless, "--style", art, *own), slice(HALF - 8))
    assert same(mixed, painted(lossless, "--style", "udnie", *flat), slice(HALF + 8, None))
    both = painted(lossless, "--style", "udnie", "--mask", rest, "--region", f"{one}={art}", *own)
    assert same(both, mixed)


def test_regions_leave_the_rest_as_it_is(lossless: Path, art: Path, weights: Path) -> None:
    mask = left(lossless.with_name("m.png"))
    found = painted(lossless, "--region", f"{mask}={art}", "--wct-weights", weights)
    assert same(found, planes(lossless), slice(HALF + 2, None))
    assert differs(found, planes(lossless), slice(HALF - 2))


def test_an_output_is_called_after_the_styles_of_its_regions(film: Path, art: Path, weights: Path) -> None:
    one, other = left(film.with_name("a.png")), left(film.with_name("b.png"))
    regions = ("--region", f"{one}=kandinsky", "--region", f"{other}=udnie")
    assert run(film, *regions, "--device", "cpu", "--quiet").exit_code == 0
    assert film.with_name("film_kandinsky+udnie.mp4").exists()
    assert not film.with_name("film_kandinsky.mp4").exists()
    regions = ("--region", f"{one}={art}", "--wct-weights", weights)
    told = json.loads(run(film, *regions, "--device", "cpu", "--json").stdout)
    assert told["output"] == str(film.with_name("film_art.mp4"))
    assert told["style"] == str(art)


@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_film_of_masks(count: int, lossless: Path) -> None:
    """The first frame black and the others white; too short a film is noted."""
    greys = [0.0] + [1.0] * (count - 1)
    mask = grey_film(lossless.with_name("mask.mkv"), greys)
    target = lossless.with_name("painted.mkv")
    result = run(lossless, "--mask", mask, "--device", "cpu", "--codec", "ffv1", "-o", target)
    assert result.exit_code == 0, result.output
    notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    ended = f"note: {mask} ended at 0.1 s; its last frame serves for the rest"
    assert notes == ([ended] if count == 2 else [])
    original, found = planes(lossless), planes(target)
    assert same(found[:1], original[:1])
    assert differs(found[1:], original[1:])


def test_a_mask_of_a_film_that_lies_on_its_side(art: Path, weights: Path, tmp_path: Path) -> None:
    """Masks are upright, whatever the container holds."""
    source = media.rotated(tmp_path, 90).path
    upright = np.zeros((WIDTH, HEIGHT), np.uint8)
    upright[: WIDTH // 2] = 255
    mask = picture(tmp_path / "mask.png", upright)
    own = ("--wct-weights", weights, "--device", "cpu")
    result = run(source, "--style", art, *own, "--mask", mask, "-o", tmp_path / "out.mp4")
    assert result.exit_code == 0, result.output
    result = run(source, *own, "--region", f"{mask}={art}", "-o", tmp_path / "region.mp4")
    assert result.exit_code == 0, result.output
    for name in ("out.mp4", "region.mp4"):
        above, below = upright_change(tmp_path / name, source)
        assert above > 8
        assert below < 3  # H.264


def upright_change(film: Path, source: Path) -> tuple[float, float]:
    """How much of the upright picture's upper and lower half has changed, of 255."""
    pictures = []
    for path in (film, source):
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            pictures.append(np.rot90(frame.to_ndarray(format="gray").astype(float), frame.rotation // 90))
    change = np.abs(pictures[0] - pictures[1])
    assert change.shape == (WIDTH, HEIGHT)
    return change[: WIDTH // 2 - 4].mean(), change[WIDTH // 2 + 4 :].mean()


# -- textures --


def texture(*arguments: object) -> Any:
    return run("texture", *arguments, "--device", "cpu", "--passes", "1")


def test_a_texture(art: Path, weights: Path) -> None:
    before = names(art.parent)
    result = texture(art, "--wct-weights", weights, "--size", "70x45")
    assert result.exit_code == 0, result.output
    target = art.with_name("art_texture.png")
    assert result.stdout == ""
    assert result.stderr == f"made {target}: 70x45 px\n"
    assert names(art.parent) == before | {target.name}
    first = target.read_bytes()
    assert cv2.imread(str(target)).shape == (45, 70, 3)
    assert "--overwrite" in texture(art, "--wct-weights", weights, "--size", "70x45").stderr
    for seed, alike in ((0, True), (1, False)):
        options = ("--wct-weights", weights, "--size", "70x45", "--overwrite", "--seed", seed)
        assert texture(art, *options).exit_code == 0
        assert (target.read_bytes() == first) is alike
    other = art.with_name("other.jpg")
    options = ("--wct-weights", weights, "--size", "64X32", "--levels", "3,1", "-o", other)
    assert texture(art, *options).exit_code == 0
    assert cv2.imread(str(other)).shape == (32, 64, 3)


def test_textures_that_cannot_be_made(art: Path, weights: Path) -> None:
    folder = art.parent
    (folder / "old.png").write_bytes(b"precious")
    (folder / "text.png").write_bytes(b"text")
    (folder / "text.gif").write_bytes(b"text")
    before, picture_before = names(folder), art.read_bytes()
    own = ("--wct-weights", weights, "--device", "cpu")
    refused(1, "old.png: exists; add --overwrite", "texture", art, "-o", folder / "old.png", *own)
    for name in ("text.png", "text.gif"):
        line = refused(1, "not a picture", "texture", folder / name, "-o", folder / "new.png", *own)
        assert name in line
    refused(1, "not a picture", "texture", folder / "text.png", "-o", folder / "old.png", "--overwrite", *own)
    refused(2, "would replace the picture", "texture", art, "-o", art, "--overwrite", *own)
    refused(1, "art.png: no safetensors file", "texture", art, "--wct-weights", art, "--device", "cpu")
    assert names(folder) == before
    assert art.read_bytes() == picture_before
    assert (folder / "old.png").read_bytes() == b"precious"


# -- what is refused at once --

AT_ONCE = [  # (exit code, message, arguments in a folder with film.mp4, art.png and mine.safetensors)
    (2, "art.png: a picture is no trained network", ["--method", "feed-forward", "--style", "art.png"]),
    (2, "art.png: a picture is no trained", ["--method", "feed-forward", "--style", "udnie,art.png"]),
    (2, "the transform needs a picture", ["--method", "wct", "--style", "mine.safetensors"]),
    (2, "mine.safetensors and art.png can't be mixed", ["--style", "mine.safetensors:0.5,art.png:0.5"]),
    (
        2,
        "no method called 'oil'; there are: auto, feed-forward, alias-free, wct, gatys, guided",
        ["--method", "oil"],
    ),
    (2, "no method called ''", ["--method", ""]),
    (2, "--levels is only for the transform; give a picture as style", ["--levels", "3,2,1"]),
    (2, "--quality is only for feed-forward networks", ["--style", "art.png", "--quality", "draft"]),
    (2, "no quality called 'rough'; there are: full, draft", ["--quality", "rough"]),
    (2, "--style udnie needs a --mask", ["--style", "udnie", "--region", "art.png=kandinsky"]),
    (2, "levels '1,2' are out of range", ["--style", "art.png", "--levels", "1,2"]),
    (2, "levels '6' are out of range", ["--style", "art.png", "--levels", "6"]),
    (2, "'fine' are no levels; give e.g. 4,3,2,1", ["--style", "art.png", "--levels", "fine"]),
    (2, "'' are no levels", ["--levels", ""]),
    (2, "missing.png: no such picture", ["--style", "missing.png"]),
    (2, "missing.jpg: no such picture", ["--style", "art.png,missing.jpg"]),
    (2, "no style called 'kandinski'; did you mean 'kandinsky'?", ["--style", "art.png,kandinski"]),
    (2, "no style called 'red'", ["--method", "wct", "--style", "red"]),
    (2, "no style called 'red'", ["--wct-weights", "mine.safetensors", "--style", "red"]),
    (1, "none.safetensors: no such weights", ["--style", "art.png", "--wct-weights", "none.safetensors"]),
    (1, "missing.png: no such file; a mask is a picture or a film", ["--mask", "missing.png"]),
    (1, "missing.png: no such file; a mask", ["--region", "missing.png=kandinsky"]),
    (1, ".: is a folder; a mask is a picture or a film", ["--mask", "."]),
    (2, "'art.png' is no region; give MASK=STYLE", ["--region", "art.png"]),
    (2, "'=udnie' is no region", ["--region", "=udnie"]),
    (2, "'art.png=' is no region", ["--region", "art.png="]),
    (2, "no style called 'udni'; did you mean 'udnie'?", ["--region", "art.png=udni"]),
    (2, "missing.png: no such picture", ["--region", "art.png=missing.png"]),
    (2, "art.png: a picture is no", ["--method", "feed-forward", "--region", "art.png=art.png"]),
]
TEXTURES_AT_ONCE = [
    (1, "missing.png: no such picture", ["missing.png"]),
    (1, "no such picture", [""]),
    (1, "no such picture", ["/"]),
    (1, "no such picture", ["x" * 300 + ".png"]),
    (2, "the texture would replace the picture", ["art.png", "-o", "art.png"]),
    (2, "no picture format called '.mp4'", ["art.png", "-o", "out.mp4"]),
    (1, "File name too long", ["art.png", "-o", "x" * 300 + ".png"]),
    (1, "no such folder", ["art.png", "-o", "missing/out.png"]),
    (1, "old.png: exists; add --overwrite", ["art.png", "-o", "old.png"]),
    (1, "none.safetensors: no such weights file", ["art.png", "--wct-weights", "none.safetensors"]),
    (2, "'big' is no size; give WIDTHxHEIGHT", ["art.png", "--size", "big"]),
    (2, "31x99 px is out of range; give 32 to 8192", ["art.png", "--size", "31x99"]),
    (2, "passes 0 is out of range", ["art.png", "--passes", "0"]),
    (2, "seed -1 is out of range", ["art.png", "--seed", "-1"]),
    (2, "levels '1,5' are out of range", ["art.png", "--levels", "1,5"]),
    (2, "no device called 'abacus'", ["art.png", "--device", "abacus"]),
    (2, "PICTURE is missing", []),
]


@pytest.fixture
def folder(film: Path, art: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where they are refused."""
    for name in ("mine.safetensors", "old.png"):
        film.with_name(name).write_bytes(b"precious")
    monkeypatch.chdir(film.parent)
    return film.parent


@pytest.mark.parametrize(("code", "message", "arguments"), AT_ONCE)
def test_refused_at_once(code: int, message: str, arguments: list[str], folder: Path) -> None:
    before = names(folder)
    refused(code, message, "film.mp4", *arguments)
    assert names(folder) == before


@pytest.mark.parametrize(("code", "message", "arguments"), TEXTURES_AT_ONCE)
def test_textures_refused_at_once(code: int, message: str, arguments: list[str], folder: Path) -> None:
    before = names(folder)
    refused(code, message, "texture", *arguments)
    assert names(folder) == before


WITHOUT_TORCH = """
import json, sys
from stylize_video import cli
helps, refused = json.loads(sys.argv[1])
for without, commands in (({"torch", "cv2", "av"}, helps), ({"torch"}, refused)):
    for command in commands:
        try:
            cli.main(command)
        except SystemExit as end:
            assert end.code in (0, 1, 2), command
        assert not without & sys.modules.keys(), command
"""


def test_help_and_what_is_refused_at_once_do_not_wait_for_torch(folder: Path) -> None:
    textures = [["texture", *arguments] for *_, arguments in TEXTURES_AT_ONCE]
    paintings = [["film.mp4", *arguments] for *_, arguments in AT_ONCE]
    given = [[["--help"], ["texture", "--help"], *textures], paintings]
    command = [sys.executable, "-c", WITHOUT_TORCH, json.dumps(given)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert told.returncode == 0, told.stderr
    assert len(told.stderr.splitlines()) == len(textures) + len(paintings), told.stderr
    assert "--wct-weights" in told.stdout


# -- what is found out later, and leaves nothing behind --


def test_a_style_that_is_no_picture(film: Path, weights: Path) -> None:
    (film.parent / "text.png").write_bytes(b"text")
    output = film.with_name("film_text.mp4")
    own = ("--style", film.parent / "text.png", "--wct-weights", weights, "--device", "cpu", "--quiet")
    before = names(film.parent)
    assert "text.png" in refused(1, "not a picture that OpenCV can read", film, *own)
    assert names(film.parent) == before
    output.write_bytes(b"precious")
    refused(1, "not a picture that OpenCV can read", film, *own, "--overwrite")
    assert output.read_bytes() == b"precious"
    assert names(film.parent) == before | {output.name}


def test_a_mask_that_is_neither_picture_nor_film(film: Path, art: Path) -> None:
    """With an output that exists and shall be replaced."""
    output = film.with_name("film_kandinsky.mp4")
    output.write_bytes(b"precious")
    for name, message in (("text.png", "not a picture"), ("text.mkv", "not a film")):
        mask = film.with_name(name)
        mask.write_bytes(b"text" * 100)
        before = names(film.parent)
        for options in (["--mask", mask], ["--region", f"{art}=udnie", "--region", f"{mask}=kandinsky"]):
            given = [film, *options, "-o", output, "--overwrite", "--device", "cpu", "--quiet"]
            assert name in refused(1, message, *given)
            assert names(film.parent) == before
    assert output.read_bytes() == b"precious"


def test_styles_and_masks_are_never_replaced(art: Path, weights: Path, tmp_path: Path) -> None:
    photo, mask = media.still(tmp_path, name="photo.png").path, left(tmp_path / "mask.png")
    link = tmp_path / "link.png"
    link.symlink_to(art)
    before = {path: path.read_bytes() for path in (art, mask)}
    own = ("--wct-weights", weights, "--overwrite")
    for options, output in (
        (["--style", art], art),
        (["--style", f"udnie,{art}"], link),
        (["--style", art, "--mask", mask], mask),
        (["--region", f"{mask}={art}"], mask),
        (["--region", f"{mask}={art}"], art),
    ):
        refused(2, "the output would replace what it is made with", photo, *options, "-o", output, *own)
    assert {path: path.read_bytes() for path in before} == before


def test_weights_that_are_none(film: Path, art: Path, weights: Path) -> None:
    before = names(film.parent)
    common = ("--style", art, "--device", "cpu", "--quiet")
    refused(1, "art.png: no safetensors file", film, *common, "--wct-weights", art)
    from stylize_video.models import weights as bundled

    painter = bundled.FOLDER / "eight-paintings.safetensors"
    refused(1, "this version reads 'stylize-video wct 2'", film, *common, "--wct-weights", painter)
    message = "wct.safetensors has no statistics of 'udnie', but of: red, kandinsky; give a picture"
    known = ("--method", "wct", "--wct-weights", weights, "--device", "cpu", "--quiet")
    refused(2, message, film, "--style", "udnie", *known)
    assert names(film.parent) == before


def test_a_folder_that_a_style_cannot_be_in(film: Path, weights: Path) -> None:
    """A name of the networks' own is looked up later, but no output is called after a path."""
    own = ("--method", "wct", "--wct-weights", weights, "--device", "cpu", "--quiet")
    refused(2, "no style called '../red'", film, "--style", "../red", *own)
    assert names(film.parent) == {film.name, weights.name}
