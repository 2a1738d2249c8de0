"""Another process: takes up pickled states of a stage and says what comes out of the rest of the film.

A request is a pickle on the standard input: a case's name, a folder, which film, and pairs of how many
items were taken and the state after them. The answer, on the standard output, is what was then seen.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from stylize_video.pipeline.stage import go_on
from tests.pipeline.stages._cases import CASES
from tests.pipeline.stages._conformance import Given, Seen, seen

Request = tuple[str, Path, Given, list[tuple[int, bytes]]]


def main() -> None:
    """Answer until the input ends."""
    while True:
        try:
            request: Request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(list(_answers(*request)), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _answers(name: str, folder: Path, given: Given, states: list[tuple[int, bytes]]) -> Iterator[list[Seen]]:
    case = CASES[name]
    stage = case.make(folder, given)
    for taken, state in states:
        rest = islice(case.film(given), taken, None)
        yield list(seen(go_on(stage, pickle.loads(state), rest)))


class Elsewhere:
    """The other process, seen from here."""

    def __init__(self, pipes: subprocess.Popen[bytes]) -> None:
        self._pipes = pipes

    def ask(self, *request: Any) -> list[list[Seen]]:
        """What comes out, for each state."""
        to, answer = self._pipes.stdin, self._pipes.stdout
        assert to is not None
        assert answer is not None
        _send(to, request)
        found: list[list[Seen]] = pickle.load(answer)
        return found


def _send(to: IO[bytes], request: Any) -> None:
    pickle.dump(request, to)
    to.flush()


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """Another process with other memory, and other hashes of strings."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "17"}
    code = "from tests.pipeline.stages import _elsewhere; _elsewhere.main()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, env=environment) as process:
        yield Elsewhere(process)
        process.communicate()
