"""Texture synthesis: its size, its seed, and what is refused before anything slow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from stylize_video.errors import InputError, OutputError, StylizeVideoError, UnknownFormatError, UsageError
from stylize_video.models.wct import texture as wct_texture
from stylize_video.models.wct.texture import TextureOptions, parse_size
from tests.networks import noise, wct_file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A picture of noise."""
    cv2.imwrite(str(tmp_path / "bark.png"), noise(1))
    return tmp_path / "bark.png"


@pytest.fixture
def options(tmp_path: Path) -> TextureOptions:
    """A small one, by a small network."""
    return TextureOptions(50, 37, passes=1, wct_weights=wct_file(tmp_path))


def made(source: Path, options: TextureOptions) -> np.ndarray[Any, Any]:
    return wct_texture.synthesise(source, options, device="cpu")


@pytest.mark.parametrize(
    ("width", "height", "levels"),
    [(50, 37, (5, 4, 3, 2, 1)), (32, 32, (5, 4, 3, 2, 1)), (96, 33, (3, 2, 1)), (33, 64, (1,))],
)
def test_size_and_kind(
    width: int, height: int, levels: tuple[int, ...], source: Path, options: TextureOptions
) -> None:
    found = made(source, replace(options, width=width, height=height, levels=levels))
    assert found.shape == (height, width, 3)
    assert found.dtype == np.uint8
    assert found.std() > 1


def test_a_seed_decides(source: Path, options: TextureOptions) -> None:
    first = made(source, options)
    assert np.array_equal(made(source, options), first)
    assert not np.array_equal(made(source, replace(options, seed=1)), first)
    assert not np.array_equal(made(source, replace(options, seed=2**63 - 1)), first)


def test_each_pass_changes_it(source: Path, options: TextureOptions) -> None:
    one, two = (made(source, replace(options, passes=passes)) for passes in (1, 2))
    assert not np.array_equal(one, two)


def test_another_picture_has_another_texture(source: Path, options: TextureOptions) -> None:
    dark = source.with_name("dark.png")
    cv2.imwrite(str(dark), noise(1) // 4)
    assert not np.array_equal(made(dark, options), made(source, options))


@pytest.mark.parametrize("name", ["text.png", "text", "text.gif"])
def test_what_is_no_picture(name: str, source: Path, options: TextureOptions) -> None:
    (source.parent / name).write_bytes(b"text")
    with pytest.raises(InputError, match="not a picture that OpenCV can read"):
        made(source.parent / name, options)


# -- what is refused at once --


@pytest.mark.parametrize(
    ("text", "wanted"), [("1024x768", (1024, 768)), (" 32X64 ", (32, 64)), ("00050x60", (50, 60))]
)
def test_sizes(text: str, wanted: tuple[int, int]) -> None:
    assert parse_size(text) == wanted


@pytest.mark.parametrize("text", ["", "1024", "x", "10x", "-5x64", "64 x 64", "64.0x64", "1e3x64", "9" * 9])
def test_no_sizes(text: str) -> None:
    with pytest.raises(UsageError, match="is no size; give WIDTHxHEIGHT in px"):
        parse_size(text)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 31}, "31x1024 px is out of range; give 32 to 8192"),
        ({"height": 8193}, "1024x8193 px is out of range"),
        ({"width": 0, "height": 0}, "0x0 px"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**63}, "is out of range"),
        ({"passes": 0}, "passes 0 is out of range; give 1 to 100"),
        ({"passes": 101}, "passes 101"),
        ({"levels": ()}, "levels '' are out of range"),
        ({"levels": (1, 2)}, "levels '1,2' are out of range"),
    ],
)
def test_options_out_of_range(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TextureOptions(**values)


@pytest.mark.parametrize(
    ("source_name", "target_name", "error", "message"),
    [
        ("missing.png", "out.png", InputError, "missing.png: no such picture"),
        ("x" * 300 + ".png", "out.png", InputError, "no such picture"),
        ("a\0b.png", "out.png", InputError, "no such picture"),
        (".", "out.png", InputError, "no such picture"),
        (
            "bark.png",
            "bark.png",
            UsageError,
            "the texture would replace the picture; name another",
        ),
        ("bark.png", "link.png", UsageError, "the texture would replace the picture"),
        ("bark.png", "out.gif", UnknownFormatError, "no picture format called '.gif'"),
        ("bark.png", "out", UnknownFormatError, "no picture format called ''"),
        ("bark.png", "old.png", OutputError, "old.png: exists; add `overwrite`"),
        ("bark.png", "missing/out.png", OutputError, "no such folder"),
        ("bark.png", "folder.png", OutputError, "is a folder"),
        ("bark.png", "x" * 300 + ".png", OutputError, "File name too long"),
        ("bark.png", "a\0b.png", OutputError, "can't be written"),
    ],
)
def test_files_that_cannot_be_used(
    source_name: str,
    target_name: str,
    error: type[StylizeVideoError],
    message: str,
    source: Path,
    options: TextureOptions,
) -> None:
    folder = source.parent
    (folder / "old.png").write_bytes(b"precious")
    (folder / "folder.png").mkdir()
    (folder / "link.png").symlink_to(source)
    with pytest.raises(error, match=message):
        wct_texture.check(folder / source_name, folder / target_name, options, overwrite=False)


def test_files_that_can_be_used(source: Path, options: TextureOptions) -> None:
    old = source.with_name("old.png")
    old.write_bytes(b"precious")
    wct_texture.check(source, old, options, overwrite=True)
    wct_texture.check(source, source.with_name("new.JPG"), options, overwrite=False)
    with pytest.raises(UsageError, match="would replace the picture"):
        wct_texture.check(source, source, options, overwrite=True)
    other = replace(options, wct_weights=source.with_name("missing.safetensors"))
    with pytest.raises(InputError, match=r"missing\.safetensors: no such weights file"):
        wct_texture.check(source, old, other, overwrite=True)
