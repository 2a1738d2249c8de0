"""Formats: what goes into what, without touching a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stylize_video.errors import UnknownFormatError, UsageError
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.planes import pixel_formats
from stylize_video.pipeline.signal import ColorTags


@pytest.mark.parametrize(
    ("name", "codec", "encoder"),
    [
        ("a.mp4", None, "libx264"),
        ("a.M4V", None, "libx264"),
        ("a.webm", None, "libvpx-vp9"),
        ("a.gif", None, "gif"),
        ("a.jpeg", None, "mjpeg"),
        ("a.mp4", "H264", "libx264"),
        ("a.mp4", "hevc", "libx265"),
        ("a.mp4", "libx265", "libx265"),
        ("a.mov", "prores", "prores_ks"),
        ("a.mkv", "ffv1", "ffv1"),
        ("a.webm", "av1", "libsvtav1"),
    ],
)
def test_codecs_by_name(name: str, codec: str | None, encoder: str) -> None:
    assert formats.check_output(Path(name), codec)[1] == encoder


@pytest.mark.parametrize(
    ("name", "codec", "words"),
    [
        ("a.xyz", None, r'no format "\.xyz" here; use one of mp4'),
        ("a", None, "no extension; use one of mp4"),
        ("a.mp4", "divx", 'no codec "divx" here; use one of h264'),
        ("a.mp4", "aac", 'no codec "aac"'),
        ("a.webm", "h264", "webm can't hold h264; use one of av1, vp8, vp9"),
        ("a.mp4", "prores", "mp4 can't hold prores"),
        ("a.ts", "vp9", "ts can't hold vp9"),
        ("a.png", "h264", "png can't hold h264"),
    ],
)
def test_what_does_not_go(name: str, codec: str | None, words: str) -> None:
    with pytest.raises(UnknownFormatError, match=words):
        formats.check_output(Path(name), codec)


@pytest.mark.parametrize(
    ("encoder", "source", "depth", "expected"),
    [
        ("libx264", "yuv420p", 8, "yuv420p"),
        ("libx264", "yuvj420p", 8, "yuv420p"),
        ("libx264", "yuv420p10le", 10, "yuv420p10le"),
        ("libx264", "yuv422p12le", 12, "yuv422p10le"),
        ("libx264", "yuva444p", 8, "yuv444p"),
        ("libx264", "nv12", 8, "yuv420p"),
        ("libx264", "p010le", 10, "yuv420p10le"),
        ("libx264", "gray", 8, "yuv420p"),
        ("libx264", "gray10le", 10, "yuv420p10le"),
        ("libx264", "rgb24", 8, "yuv420p"),
        ("libx264", "gbrp10le", 10, "yuv420p10le"),
        ("libx264", "pal8", 8, "yuv420p"),
        ("libx264", "yuv411p", 8, "yuv422p"),
        ("ffv1", "rgb24", 8, "yuv444p"),
        ("libvpx-vp9", "gbrp", 8, "yuv420p"),
        ("libx265", "yuv420p12le", 12, "yuv420p12le"),
        ("libvpx-vp9", "yuv420p", 8, "yuv420p"),
        ("libsvtav1", "yuv444p10le", 10, "yuv420p10le"),
        ("prores_ks", "yuv420p", 8, "yuv422p10le"),
        ("mjpeg", "yuv420p", 8, "yuvj420p"),
        ("mjpeg", "rgb24", 8, "yuvj444p"),
        ("h264_nvenc", "yuv420p10le", 10, "p010le"),
        ("png", "rgb24", 8, "rgb24"),
        ("png", "rgb48le", 16, "rgb48be"),
        ("gif", "yuv420p", 8, "rgb24"),
        ("libwebp", "rgba", 8, "bgra"),
    ],
)
def test_pixel_format_loses_least(encoder: str, source: str, depth: int, expected: str) -> None:
    assert pixel_formats.choose_pixel_format(encoder, source, depth) == expected


def test_a_pixel_format_of_ones_own() -> None:
    assert pixel_formats.choose_pixel_format("libx264", "rgb24", 8, "yuv444p") == "yuv444p"
    assert pixel_formats.choose_pixel_format("libx264", "yuv420p", 8, "yuv422p10") == "yuv422p10le"
    for encoder, wanted in (("libx264", "yuv9"), ("libsvtav1", "yuv444p"), ("gif", "pal8"), ("ffv1", "bgra")):
        with pytest.raises(UnknownFormatError, match=f"{encoder} has no pixel format '{wanted}'"):
            pixel_formats.choose_pixel_format(encoder, "yuv420p", 8, wanted)


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "size", "expected"),
    [
        ("libx264", "yuv420p", (97, 65), (98, 66)),
        ("libx264", "yuv420p", (96, 65), (96, 66)),
        ("libx264", "yuv422p", (97, 65), (98, 65)),
        ("libx265", "yuv444p", (97, 65), (97, 65)),
        ("libvpx-vp9", "yuv420p", (97, 65), (97, 65)),
    ],
)
def test_sizes_in_whole_chroma_samples(
    encoder: str, pixel_format: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert pixel_formats.coded_size(encoder, pixel_format, *size) == expected


@pytest.mark.parametrize(
    ("color", "pixel_format", "encoder", "height", "expected"),
    [
        (ColorTags(1, 1, 1, 1), "yuv420p", "libx264", 720, ColorTags(1, 1, 1, 1)),
        (ColorTags(0, 2, 1, 13), "yuv420p", "libx264", 720, ColorTags(1, 1, 1, 13)),
        (ColorTags(0, 2, 1, 13), "yuv420p", "libx264", 360, ColorTags(6, 1, 1, 13)),
        (ColorTags(1, 1, 1, 1), "rgb24", "png", 720, ColorTags(0, 2, 1, 1)),
        (ColorTags(1, 1, 1, 1), "yuvj420p", "mjpeg", 720, ColorTags(5, 2, 2, 2)),
    ],
)
def test_output_color(
    color: ColorTags, pixel_format: str, encoder: str, height: int, expected: ColorTags
) -> None:
    assert pixel_formats.output_color(color, pixel_format, encoder, height) == expected


def test_default_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats.processor, "flags", frozenset)
    assert formats.encoder_options("libx264", None, None) == {
        "crf": "17",
        "preset": "veryfast",
        "trellis": "1",
        "aq-strength": "0.5",
    }
    assert "trellis" not in formats.encoder_options("libx264", None, "veryfast")
    assert formats.encoder_options("libx264", None, None, 3840 * 2160)["rc-lookahead"] == "5"
    assert "rc-lookahead" not in formats.encoder_options("libx264", None, "slow", 3840 * 2160)
    assert formats.encoder_options("libx264", 0, "slow") == {"crf": "0", "preset": "slow"}
    assert formats.encoder_options("libvpx-vp9", 30, "8")["cpu-used"] == "8"
    assert formats.encoder_options("ffv1", None, None) == {}


@pytest.mark.parametrize("encoder", formats.QUALITY)
def test_a_draft_is_encoded_sooner_unless_a_preset_is_asked_for(encoder: str) -> None:
    quality = formats.QUALITY[encoder]
    usual, draft = (formats.encoder_options(encoder, 20, None, draft=draft) for draft in (False, True))
    places = [quality.presets.index(made[quality.preset_option]) for made in (usual, draft)]
    sooner = places[1] < places[0] if encoder.startswith("libx26") else places[1] > places[0]
    assert sooner
    assert draft["crf"] == usual["crf"] == "20"
    assert "trellis" not in draft
    for preset in quality.presets[:2]:
        asked = [formats.encoder_options(encoder, None, preset, draft=draft) for draft in (False, True)]
        assert asked[0] == asked[1]


def test_settings_are_checked() -> None:
    formats.check_quality("libx264", 51, "ultrafast")
    for encoder, crf, preset in (("libx264", 52, None), ("libx264", -1, None), ("ffv1", 1, None)):
        with pytest.raises(UsageError):
            formats.check_quality(encoder, crf, preset)
    with pytest.raises(UsageError, match="takes ultrafast, superfast"):
        formats.check_quality("libx264", None, "warp")


def test_needs_no_torch() -> None:
    code = "import sys, stylize_video.pipeline.containers.formats; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
