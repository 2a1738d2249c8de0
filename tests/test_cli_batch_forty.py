"""Forty clips of many kinds by one command, five of them broken; and again, and with one thing changed."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stylize_video.pipeline.jobs.request import output_suffix
from stylize_video.pipeline.verification.check import check
from tests import media
from tests.commands import run

GOOD: Sequence[Callable[[Path], Any]] = (
    *(partial(media.constant, name=f"constant.{kind}", count=4) for kind in ("mp4", "mov", "mkv", "m4v")),
    *(partial(media.start_offset, name=f"offset.{kind}") for kind in ("mp4", "mkv")),
    *(partial(media.rotated, rotation=turn) for turn in (90, 180, 270)),
    *(partial(media.pixel_format, name=name) for name in ("yuv422p", "yuv444p", "rgb24", "yuv420p10le")),
    *(partial(media.chart, matrix=matrix, full_range=True) for matrix in ("601", "709")),
    *(partial(media.hdr, transfer=transfer) for transfer in ("pq", "hlg")),
    partial(media.constant, name="Frühling 春 [1].mp4", count=4),
    partial(media.constant, name="a name with 'quotes' & *signs*.mp4", count=4),
    *(media.ntsc, media.variable_rate, media.rich, media.lossless, media.odd_size, media.anamorphic),
    *(
        media.pcm_sound,
        media.one_frame,
        media.b_frames,
        media.interlaced,
        media.cover_art,
        media.animated_gif,
    ),
)
BROKEN: Sequence[Callable[[Path], Path]] = (
    *(media.no_video, partial(media.audio_only, name="sound.mp4"), media.without_frames),
    media.truncated_without_index,
    lambda folder: nothing(folder / "nothing.mov"),
)


def nothing(path: Path) -> Path:
    path.touch()
    return path


def batch(*arguments: object) -> tuple[dict[str, Any], int]:
    result = run("batch", *arguments, "--json", "--device", "cpu")
    return json.loads(result.stdout), result.exit_code


def counts(told: dict[str, Any]) -> Counter[str]:
    return Counter(film["result"] for film in told["films"])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with forty clips in three folders, some of one name, and with what is no clip."""
    folder = tmp_path_factory.mktemp("clips")
    for number, make in enumerate(GOOD):
        where = folder / ("", "day 1", "day 1/evening")[number % 3]
        where.mkdir(parents=True, exist_ok=True)
        make(where)
    for make_broken in BROKEN:
        make_broken(folder / "day 1")
    for name in ("constant.mp4", "constant.mov", "one.mp4", "ntsc.mp4"):  # once more, elsewhere
        (folder / "day 2").mkdir(exist_ok=True)
        shutil.copy(next(folder.rglob(name)), folder / "day 2" / name)
    (folder / "notes.txt").write_text("Not a clip.")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_forty_clips(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    good = len(GOOD) + 4
    assert good + len(BROKEN) == 40
    told, code = batch(clips, "-o", out, "--style", "udnie", "--jobs", 2)
    assert code == 1
    assert counts(told) == {"painted": 35, "failed": 5}, told
    assert told["plan"]["left_out"] == [str(clips / "notes.txt")]
    for film in told["films"]:
        if film["result"] == "failed":
            assert film["reason"]
            assert film["output"] is None
            continue
        source = Path(film["film"])
        kept = source.suffix.lower() == output_suffix(source).lower()
        assert Path(film["output"]) == out / source.relative_to(clips) if kept else film["output"]
        found = check(source, Path(film["output"]), decode=True)
        assert found.verified, (source, found.findings)

    before = {film["output"]: Path(film["output"]).stat() for film in told["films"] if film["output"]}
    told, code = batch(clips, "-o", out)
    assert (counts(told), code) == ({"done before": 35, "failed": 5}, 1)
    assert {path: Path(path).stat() for path in before} == before

    media.constant(clips, count=6)
    (clips / "day 1" / "constant.mov").touch()
    told, _ = batch(clips, "-o", out)
    assert counts(told) == {"painted": 1, "done before": 34, "failed": 5}
    assert next(film for film in told["films"] if film["result"] == "painted")["frames"] == 6

    told, _ = batch(clips, "-o", out, "--strength", 0.5, "--jobs", 2)
    assert counts(told) == {"painted": 35, "failed": 5}
    assert {film["why"] for film in told["plan"]["to_paint"]} == {"strength 0.5 instead of 1.0"}
    assert any("35 films are painted anew" in note for note in told["plan"]["notes"])
