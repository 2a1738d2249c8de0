"""Some cases of `benchmarks/fuzz.py`, and that its judge sees what it is there to see."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.commands import UNFORESEEN
from tests.fuzzing.cases import Case, prepare
from tests.fuzzing.forked import Outcome
from tests.fuzzing.judge import Found, judge
from tests.fuzzing.mutations import lie_in_json, mutate

ROOT = Path(__file__).parents[1]
KINDS = {"film", "weights", "input", "style", "text", "keys", "mask", "guide"}


@pytest.mark.parametrize("cases", [24, pytest.param(60, marks=pytest.mark.slow)])
def test_damaged_files_do_no_harm(cases: int, tmp_path: Path) -> None:
    """All kinds in one run of the benchmark, which forks: in a process that has no threads yet."""
    target = tmp_path / "found.json"
    command = [
        sys.executable,
        "benchmarks/fuzz.py",
        "--count",
        str(cases),
        "--jobs",
        "2",
        "--json",
        str(target),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert target.exists(), done.stderr
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))["figures"]
    assert found["bad"] == [], "benchmarks/fuzz.py --only " + ", ".join(
        str(c["number"]) for c in found["bad"]
    )
    assert found["cases"] == cases
    assert {row["kind"] for row in found["kinds"]} == KINDS
    assert all(row["cases"] >= cases // 20 and row["peak_mb"] < 2000 for row in found["kinds"]), found[
        "kinds"
    ]


def test_a_seed_and_a_number_decide_a_case() -> None:
    data = bytes(range(256)) * 20
    assert [mutate(data, Random(f"1/{n}")) for n in range(50)] == [
        mutate(data, Random(f"1/{n}")) for n in range(50)
    ]
    assert len({mutate(data, Random(f"1/{n}"))[0] for n in range(50)}) > 40


def test_a_text_is_a_case_of_its_own(tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for name in ("film.mp4", "small.safetensors"):
        (sources / name).write_bytes(b"x")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    first, second = (prepare(8, 1, sources, tmp_path / folder) for folder in ("a", "b"))
    assert first == second
    assert first.must_fail
    assert (tmp_path / "a" / first.what).read_bytes() == (tmp_path / "b" / second.what).read_bytes()


def test_headers_of_weights_stay_json() -> None:
    header = json.dumps(
        {"__metadata__": {"shape": '{"blocks": 1}'}, "a": {"dtype": "F32", "shape": [2, 3]}}
    ).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(24)
    for number in range(30):
        made, _ = lie_in_json(data, Random(number))
        size = int.from_bytes(made[:8], "little")
        assert made != data
        json.loads(made[8 : 8 + size])
        assert made[8 + size :] == bytes(24)


# -- the judge --

REFUSED = Outcome(
    code=1,
    signal=None,
    hung=False,
    glutted=False,
    seconds=0.1,
    processor_seconds=0.1,
    peak_megabytes=300,
    stdout='{"error": "in.mp4: broken", "exit_code": 1}\n',
    stderr="\nstylize-video: in.mp4: broken\n",
)
CASE = Case(0, "film", "in.mp4", "", ("in.mp4",), "out.mp4", replaces=False)


@pytest.fixture
def verdict(tmp_path: Path) -> Any:
    """What the judge says of a run that left these files."""

    def said(outcome: Outcome, left: tuple[str, ...] = (), case: Case = CASE, temporary: str = "") -> str:
        folder, scratch = tmp_path / "case", tmp_path / "scratch"
        for made in (folder, scratch):
            made.mkdir()
        (folder / "in.mp4").write_bytes(b"in")
        before = Found.under(folder)
        for name in left:
            (folder / name).write_bytes(b"left")
        if temporary:
            (scratch / temporary).write_bytes(b"")
        return "; ".join(judge(case, outcome, before, folder, scratch))

    return said


def test_a_clean_refusal_is_well(verdict: Any) -> None:
    assert verdict(REFUSED) == ""


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (replace(REFUSED, code=None, signal=9, hung=True), "hung"),
        (replace(REFUSED, code=None, signal=11), "signal 11"),
        (replace(REFUSED, code=None, signal=9, glutted=True, peak_megabytes=3100), "3100 MB"),
        (replace(REFUSED, peak_megabytes=2100), "2100 MB"),
        (replace(REFUSED, code=70), "exit code 70"),
        (
            replace(REFUSED, stderr="Traceback (most recent call last):\nValueError: x\n"),
            "traceback: ValueError",
        ),
        (
            replace(REFUSED, stderr=f"stylize-video: unexpected KeyError; {UNFORESEEN}\n"),
            "nobody foresaw",
        ),
        (replace(REFUSED, stderr=REFUSED.stderr * 2), "2 error lines"),
        (replace(REFUSED, stderr=""), "0 error lines"),
        (replace(REFUSED, stderr="stylize-video: \x1b[31m\n"), "control characters"),
        (replace(REFUSED, stdout=""), "not one JSON object"),
        (replace(REFUSED, code=0), "no output"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_judge_sees_of_a_run(outcome: Outcome, complaint: str, verdict: Any) -> None:
    assert complaint in verdict(outcome)


def test_what_the_judge_sees_in_the_folder(verdict: Any) -> None:
    assert "left behind: out.part.mp4" in verdict(REFUSED, ("out.part.mp4",))


def test_a_film_that_is_named_may_stay(verdict: Any) -> None:
    named = replace(REFUSED, stderr="stylize-video: frame 3 differs; the film lies in out.unverified.mp4\n")
    assert verdict(named, ("out.unverified.mp4",)) == ""


def test_a_failed_run_leaves_no_output(verdict: Any) -> None:
    assert "an output is there" in verdict(REFUSED, ("out.mp4",))


def test_an_output_that_was_there_stays_as_it_was(verdict: Any) -> None:
    assert "damaged or gone" in verdict(REFUSED, ("out.mp4",), replace(CASE, replaces=True))


def test_temporary_files_count(verdict: Any) -> None:
    assert "temporary files" in verdict(REFUSED, temporary="x")


def test_an_output_has_to_decode(verdict: Any) -> None:
    done = replace(REFUSED, code=0, stderr="painted out.mp4\n", stdout='{"frames": 3}')
    text = verdict(done, ("out.mp4",), replace(CASE, must_fail=True))
    assert "painted what is no film" in text


FORKS = """
import os, sys, time
from pathlib import Path
from tests.fuzzing.forked import Limits, run
folder, limits = Path(sys.argv[1]), Limits(seconds=2, megabytes=300)
def hang(): time.sleep(60)
def glut():
    kept = []
    while True: kept.append(bytearray(10**7))
def crash(): os.abort()
def leave(): print("words"); raise SystemExit(2)
def fail(): raise ValueError("no")
for work in (hang, glut, crash, leave, fail):
    ended = run(work, folder, limits)
    told = ended.stdout.strip(), "ValueError" in ended.stderr
    print(ended.code, ended.signal, ended.hung, ended.glutted, *told)
"""


def test_forked_children_are_watched(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "None 9 True False  False",
        "None 9 False True  False",
        "None 6 False False  False",
        "2 None False False words False",
        "70 None False False  True",
    ]
