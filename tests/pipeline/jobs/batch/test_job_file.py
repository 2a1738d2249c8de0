"""Batches written down in TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylize_video.errors import InputError, StylizeVideoError, UsageError
from stylize_video.pipeline.jobs.batch.asked import job_file

_JOB = """
output = "painted"
paths = ["shots", "more/*.mov"]
jobs = 2
style = "my.jpg:0.5,other.png:0.5"
stability = 1

[[clip]]
path = "shots/03.mp4"
strength = 0.6
start = 00:01:30
duration = 10

[[clip]]
paths = ["a.mp4", "/films/b.mp4"]
region = ["sky.png=udnie"]
output = "both.mp4"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "job.toml").write_text(text, "utf-8")
    return folder / "job.toml"


def test_a_job_file_says_all_and_files_are_named_from_its_folder(tmp_path: Path) -> None:
    job = job_file.read(write(tmp_path, _JOB))
    assert job.options == {
        "folder": tmp_path / "painted",
        "paths": (str(tmp_path / "shots"), str(tmp_path / "more/*.mov")),
        "jobs": 2,
    }
    assert [part["picture"] for part in job.common["style"]] == [
        str(tmp_path / "my.jpg"),
        str(tmp_path / "other.png"),
    ]
    first, second = job.clips
    assert first.paths == (str(tmp_path / "shots/03.mp4"),)
    assert first.settings == {"strength": 0.6, "start": "90", "duration": "10"}
    assert second.paths == (str(tmp_path / "a.mp4"), "/films/b.mp4")
    assert second.settings["region"][0]["mask"] == str(tmp_path / "sky.png")
    assert second.output == "both.mp4"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stlye = 'udnie'", "job.toml: no option called 'stlye'; did you mean 'style'"),
        ("[[clip]]\npath = 'a.mp4'\nstrenght = 1", "job.toml, clip 1: no option called 'strenght'"),
        ("[[clip]]\nstrength = 1", "job.toml, clip 1: a path is missing"),
        ("[[clip]]\npath = 'a.mp4'\nstrength = 'half'", "job.toml, clip 1: strength 'half'"),
        ("clip = 3", r"clips are written as \[\[clip\]\]"),
        ("[[clip]]\npath = 'a.mp4'\nstrength = 7", "job.toml, clip 1: strength 7.0 is out of range"),
        ("[[clip]]\npath = 'a.mp4'\ndevice = 'abacus'", "job.toml, clip 1: no device called 'abacus'"),
        ("strength = 7", "job.toml: strength 7.0 is out of range"),
        ("paths = 'shots'", "job.toml: paths 'shots' is no list"),
        ("output = 3", "job.toml: output 3 is of the wrong kind"),
        ("jobs = 0", "job.toml: jobs 0 is out of range"),
        ("jobs = ", "no job file that can be read"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions

    with pytest.raises(StylizeVideoError, match=message) as raised:
        BatchOptions(**job_file.read(write(tmp_path, text)).options)
    assert isinstance(raised.value, UsageError | InputError)


def test_a_missing_job_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no job file that can be read"):
        job_file.read(tmp_path / "no.toml")
