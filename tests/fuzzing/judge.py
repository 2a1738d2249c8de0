"""What a run may do with a damaged file, and what it may not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.stream import Disposition

from tests.commands import UNFORESEEN
from tests.fuzzing.cases import Case, unharmed
from tests.fuzzing.forked import Limits, Outcome, run

PEAK_MEGABYTES = 2000  # resident
_CODES = (0, 1, 2)
_LINE = "stylize-video: "
# As a terminal takes them: C0 without tab and newline (carriage returns too), DEL, and C1.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Found:
    """What lies in a folder: sizes by names, folders with a size of 0."""

    files: dict[str, int]

    @classmethod
    def under(cls, folder: Path) -> Found:
        """All of it, by paths relative to the folder."""
        return cls(
            {
                str(path.relative_to(folder)): path.lstat().st_size if path.is_file() else 0
                for path in sorted(folder.rglob("*"))
            }
        )


def judge(case: Case, outcome: Outcome, before: Found, folder: Path, temporary: Path) -> list[str]:
    """What is wrong, a line each; none if all is well."""
    complaints = [*_of_its_end(outcome), *_of_its_words(outcome)]
    complaints += _of_the_folder(case, outcome, before, folder)
    if Found.under(temporary).files:
        complaints.append(f"left in the folder for temporary files: {sorted(Found.under(temporary).files)}")
    if outcome.code == 0 and not complaints:
        complaints += _of_the_output(case, outcome, folder)
    return complaints


def _of_its_end(outcome: Outcome) -> Iterator[str]:
    if outcome.hung:
        yield f"hung: ended after {outcome.seconds:.0f} s"
    elif outcome.signal is not None and not outcome.glutted:
        yield f"ended by signal {outcome.signal}"
    elif outcome.code not in (*_CODES, None):
        yield f"exit code {outcome.code}"
    if outcome.peak_megabytes > PEAK_MEGABYTES or outcome.glutted:
        yield f"{outcome.peak_megabytes:.0f} MB of memory"


def _of_its_words(outcome: Outcome) -> Iterator[str]:
    if "Traceback (most recent call last)" in outcome.stderr:
        yield f"traceback: {_last_line(outcome.stderr)}"
        return
    if UNFORESEEN in outcome.stderr:
        yield f"nobody foresaw: {_last_line(outcome.stderr)}"
    if _CONTROL.search(outcome.stderr) or _CONTROL.search(outcome.stdout):
        yield "control characters reach the terminal"
    if outcome.code is None:
        return
    lines = [line for line in outcome.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(_LINE)]
    if outcome.code == 0 and errors:
        yield f"exit code 0 and an error line: {errors[0]}"
    if outcome.code != 0 and (len(errors) != 1 or len(lines) != 1):
        yield f"{len(errors)} error lines of {len(lines)} lines on stderr"
    yield from _of_json(outcome)


def _of_json(outcome: Outcome) -> Iterator[str]:
    try:
        told = json.loads(outcome.stdout)
    except ValueError:
        yield f"stdout is not one JSON object: {outcome.stdout[:100]!r}"
        return
    if outcome.code == 0 and "frames" not in told:
        yield "the JSON of a painted film tells no frames"
    if outcome.code != 0 and told.get("exit_code") != outcome.code:
        yield f"the JSON says exit code {told.get('exit_code')}, it was {outcome.code}"


def _of_the_folder(case: Case, outcome: Outcome, before: Found, folder: Path) -> Iterator[str]:
    after = Found.under(folder)
    if outcome.code == 0:
        if case.must_fail:
            yield "painted what is no film"
        if case.output not in after.files:
            yield "exit code 0 and no output"
    elif not unharmed(case, folder):
        yield "the output that was there before is damaged or gone"
    elif case.output in after.files and not case.replaces:
        yield "failed, and an output is there"
    keys = f"{case.output}.keyframes"  # kept by a run that failed, and that is said in the handbook
    for name in sorted(after.files.keys() - before.files.keys() - {case.output}):
        named = Path(name).name in outcome.stderr  # as a film that could not be verified
        if not named and not (outcome.code != 0 and name.startswith(keys)):
            yield f"left behind: {name}"
    for name, size in before.files.items():
        if name != case.output and not name.startswith(keys) and after.files.get(name) != size:
            yield f"changed or gone: {name}"


def _of_the_output(case: Case, outcome: Outcome, folder: Path) -> Iterator[str]:
    """Whether it decodes to the end, with as many frames as were told."""
    told = json.loads(outcome.stdout)["frames"]
    decoded = run(lambda: print(count_frames(folder / case.output)), folder, Limits())
    if decoded.code != 0 or not decoded.stdout.strip().isdigit():
        yield f"the output does not decode: {_last_line(decoded.stderr)}"
    elif int(decoded.stdout) != told:
        yield f"{told} frames said, {int(decoded.stdout)} in the output"


def count_frames(path: Path) -> int:
    """Frames of the film's picture, decoded to the end in this thread; errors are raised."""
    with av.open(path, metadata_errors="surrogateescape") as container:
        film = next(s for s in container.streams.video if not s.disposition & Disposition.attached_pic)
        film.thread_type = "NONE"
        return sum(1 for _ in container.decode(film))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "(no word)"
