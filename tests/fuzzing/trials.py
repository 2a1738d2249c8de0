"""Cases run one after the other by a few forked workers; their verdicts come back as they are ready."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzzing import cases, forked, sources
from tests.fuzzing.forked import Limits
from tests.fuzzing.judge import Found, judge

_NUMBER = struct.Struct("<I")


@dataclass(frozen=True)
class Verdict:
    """How one case went."""

    number: int
    kind: str
    what: str
    damage: str
    command: str
    code: int | None
    seconds: float
    processor_seconds: float
    megabytes: float
    said: str  # the last line on stderr
    complaints: tuple[str, ...]


def warm_up() -> None:
    """Import everything that the command imports late, and start no thread: every child has it then."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # several cases run at a time
    import scenedetect  # noqa: F401
    import torch._dynamo  # noqa: F401  # what torch's optimisers import at their first step

    from stylize_video.commands.console import progress  # noqa: F401
    from stylize_video.models.runtimes import openvino_runtime

    openvino_runtime.import_openvino()
    sources.use_a_thin_vgg()


def make_sources(folder: Path) -> None:
    """Make the whole files in a child, whose encoders and networks start threads.

    Raises:
        RuntimeError: they could not be made.
    """
    done = forked.run(lambda: sources.make(folder), folder, Limits(seconds=120))
    if done.code != 0:
        raise RuntimeError(f"the whole files could not be made: {done.stderr or done.signal}")


def examine(number: int, seed: int, source_folder: Path, home: Path, limits: Limits) -> Verdict:
    """Run one case in `home`/case; what it made stays there."""
    from stylize_video import cli

    folder, temporary = home / "case", home / "temporary"
    for path in (folder, temporary):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
    case = cases.prepare(number, seed, source_folder, folder)
    before = Found.under(folder)
    outcome = forked.run(lambda: cli.main(case.arguments), folder, limits, temporary)
    complaints = judge(case, outcome, before, folder, temporary)
    (home / "stdout").write_text(outcome.stdout, "utf-8")
    (home / "stderr").write_text(outcome.stderr, "utf-8")
    lines = outcome.stderr.strip().splitlines()
    return Verdict(
        number=number,
        kind=case.kind,
        what=case.what,
        damage=case.damage,
        command=" ".join(("stylize-video", *case.arguments)),
        code=outcome.code,
        seconds=round(outcome.seconds, 3),
        processor_seconds=round(outcome.processor_seconds, 3),
        megabytes=round(outcome.peak_megabytes),
        said=lines[-1] if lines else "",
        complaints=tuple(complaints),
    )


def examine_all(
    numbers: Iterable[int], seed: int, source_folder: Path, limits: Limits, *, jobs: int
) -> Iterator[Verdict]:
    """Verdicts as they are ready; `jobs` cases at a time.

    Raises:
        RuntimeError: a worker ended too early.
    """
    todo, want = os.pipe()
    wanted = list(numbers)
    os.set_blocking(want, False)  # a pipe holds 16,384 numbers
    os.write(want, b"".join(_NUMBER.pack(number) for number in wanted))
    os.close(want)
    results, tell = os.pipe()
    workers = [_start_worker(todo, (results, tell), seed, source_folder, limits) for _ in range(jobs)]
    os.close(todo)
    os.close(tell)
    count = 0
    with os.fdopen(results, encoding="utf-8") as lines:
        for line in lines:
            count += 1
            told = json.loads(line)
            yield Verdict(**{**told, "complaints": tuple(told["complaints"])})
    for worker in workers:
        os.waitpid(worker, 0)
    if count != len(wanted):
        raise RuntimeError(f"only {count} of {len(wanted)} cases came to an end")


def _start_worker(todo: int, results: tuple[int, int], seed: int, source_folder: Path, limits: Limits) -> int:
    worker = os.fork()
    if worker:
        return worker
    try:
        os.close(results[0])
        with tempfile.TemporaryDirectory(prefix="stylize-video-fuzz-") as home:
            while number := os.read(todo, _NUMBER.size):
                verdict = examine(_NUMBER.unpack(number)[0], seed, source_folder, Path(home), limits)
                _tell(results[1], verdict)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _tell(pipe: int, verdict: Verdict) -> None:
    """A line at once, so that two workers' lines don't mix (POSIX: up to 4096 bytes)."""
    fields = asdict(verdict)
    while len(line := json.dumps(fields).encode() + b"\n") > 4096:
        fields["said"] = fields["said"][: len(fields["said"]) // 2]
        fields["complaints"] = [text[:200] for text in fields["complaints"][:8]]
    os.write(pipe, line)
