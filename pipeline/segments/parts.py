"""What is finished of a film, in a folder beside the output until the film is done.

    NAME.parts/film.json                what decides the film's frames, see `jobs/identity.py`
    NAME.parts/segment0000012.packets   the pictures of a segment, encoded
    NAME.parts/segment0000012.state     all that is known of the film at its end
    NAME.parts/segment0000012.json      what these two have to hold: only with that the segment counts
    NAME.parts/lock                     held by who paints

Everything is brought to the disk before the record that vouches for it. So whatever ends a process, and be it
the power, the segments that count are whole. One that was changed since is painted anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stylize_video.errors import OtherRunError, OutputError
from stylize_video.files import whole_file
from stylize_video.files.lock import FileLock, LockedError
from stylize_video.files.partial import output_errors
from stylize_video.pipeline.segments import packets_file, records
from stylize_video.pipeline.segments.differences import differences
from stylize_video.pipeline.segments.packets_file import PacketsFile
from stylize_video.pipeline.segments.records import Record
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.process import signals

_FILM, _LOCK = "film.json", "lock"
_OURS = re.compile(r"segment\d{7}\.(packets|state|json).*|film\.json.*")
_KEPT = 8  # of so many segments one keeps its state, to paint a damaged one after it; and the two newest do


def folder_of(output: Path) -> Path:
    """Where the segments of an output are kept: beside it."""
    return output.with_name(output.name + ".parts")


@dataclass(frozen=True)
class Gap:
    """Segments that are to be painted, one behind the other."""

    first: int
    count: int | None  # None: to the film's end
    state: bytes | None  # all that is known at its beginning; None: it begins with the film
    painted: int  # frames of the film before it


class Parts:
    """The folder of one film, locked while it is open.

    Args:
        output: the painted film's name.
        wanted: what decides its frames.
        resume: whether to go on with what is there.

    Raises:
        OutputError: another run paints this film; the folder can't be made.
        OtherRunError: what is there is of other settings.
    """

    def __init__(self, output: Path, wanted: Mapping[str, Any], *, resume: bool) -> None:
        self.folder = folder_of(output)
        self._output = output
        self.records: dict[int, Record] = {}
        with output_errors(self.folder):
            self.folder.mkdir(exist_ok=True)
            try:
                self._lock = FileLock(self.folder / _LOCK)
            except LockedError as error:
                raise OutputError(
                    f"{output}: another run paints it; wait until it has ended, or give another `output`"
                ) from error
        try:
            with output_errors(self.folder):
                self._begin(wanted, resume=resume)
        except BaseException:
            self._lock.release()
            raise

    @property
    def painted(self) -> int:
        """Frames in finished segments."""
        ends = {number: record.painted for number, record in self.records.items()}
        return sum(end - ends.get(number - 1, end) if number else end for number, end in ends.items())

    def next_gap(self) -> Gap | None:
        """What is to be painted next; None if every segment is finished."""
        last = next((number for number, record in self.records.items() if record.last), None)
        first = next(number for number in range(len(self.records) + 1) if number not in self.records)
        if last is not None and first > last:
            return None
        after = next((number for number in sorted(self.records) if number > first), None)
        for before in range(first - 1, -1, -1):
            record = self.records[before]
            state = packets_file.whole(self._file(before, "state"), record.state)
            if state is not None:
                count = None if after is None else after - before - 1
                return Gap(before + 1, count, state, record.painted)
        return Gap(0, after, None, 0)

    def begin(self, number: int) -> PacketsFile:
        """A segment's packets, to be written; it no longer counts as finished.

        Raises:
            OutputError: they can't be.
        """
        self.records.pop(number, None)
        with output_errors(self.folder):
            self._file(number, "json").unlink(missing_ok=True)
        return PacketsFile(self._file(number, "packets"))

    def finish(
        self, number: int, packets: PacketsFile, state: bytes, painted: int, *, last: bool, ahead: int = 0
    ) -> None:
        """Bring a segment to the disk; from now on it counts.

        Args:
            number: which.
            packets: all of it.
            state: all that is known at its end.
            painted: frames of the film up to there.
            last: whether the film ends there.
            ahead: see `Record`.

        Raises:
            OutputError: it can't be written.
        """
        written = packets.finish()
        with output_errors(self.folder):
            whole_file.write(self._file(number, "state"), state)
            checked = packets_file.checked(state)
            record = Record(number, painted, written, checked, last, ahead)
            signals.whole(self.folder)  # before it counts, so that nobody removes what does
            whole_file.write(self._file(number, "json"), record.to_bytes())
            whole_file.sync_folder(self.folder)
        self.records[number] = record
        if number >= 2 and (number - 2) % _KEPT:
            with suppress(OSError):
                self._file(number - 2, "state").unlink(missing_ok=True)

    def packets(self, number: int) -> Sequence[Encoded]:
        """Those of a finished segment.

        Raises:
            OutputError: they are not what was written.
        """
        found = packets_file.read(self._file(number, "packets"), self.records[number].packets)
        if found is None:
            file = self._file(number, "packets")
            raise OutputError(f"{file}: was changed or can't be read; run again to have it painted anew")
        return found

    def last_state(self) -> bytes:
        """What is known at the film's end.

        Raises:
            OutputError: it is not what was written.
        """
        record = self.records[max(self.records)]
        state = packets_file.whole(self._file(record.number, "state"), record.state)
        if state is None:
            raise OutputError(f"{self.folder}: was changed; begin anew by `restart`")
        return state

    def remove(self) -> None:
        """Remove all of it, now that the film is done; what else is in the folder stays."""
        self._empty()
        self._lock.remove()
        with suppress(OSError):
            self.folder.rmdir()
        signals.whole(self.folder)

    def close(self) -> None:
        """Let go of it; where nothing is finished nothing is left. Safe to call again."""
        if self._lock.is_held and not self.records:
            self.remove()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, wanted: Mapping[str, Any], *, resume: bool) -> None:
        self.records = records.read(self._file) if resume else {}
        found = records.json_of(self.folder / _FILM)
        if found != wanted and self.records:
            raise OtherRunError(f"{self.folder}: {self._whose(found, wanted)}")
        if not self.records:
            signals.half_written(self.folder)
            self._empty()
            whole_file.write(self.folder / _FILM, json.dumps(wanted).encode())

    def _whose(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
        """Why what is there can't be gone on with, for people."""
        if not found:
            told = f"has {self.painted} painted frames, and {_FILM} that says of which run can't be read"
            return f"{told}; begin anew by `restart`"
        told = f"has {self.painted} painted frames of another run ({', '.join(differences(found, wanted))})"
        return f"{told}; give what it was begun with, or begin anew by `restart`"

    def _empty(self) -> None:
        for path in self.folder.iterdir():
            if _OURS.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _file(self, number: int, kind: str) -> Path:
        return self.folder / f"segment{number:07d}.{kind}"
