"""What vouches for a segment: a record in JSON, written when all that it names is on the disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from stylize_video.pipeline.segments import packets_file
from stylize_video.pipeline.segments.packets_file import Checked


@dataclass(frozen=True)
class Record:
    """A segment that is finished."""

    number: int  # from 0
    painted: int  # frames of the film up to its end
    packets: Checked
    state: Checked
    last: bool  # whether the film ends with it
    ahead: int = 0  # frames before it is shown that one is decoded, where the state before doesn't know it

    def to_bytes(self) -> bytes:
        """To be written to a file."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """What a file has; None if that is no record, or another segment's."""
        found = json_of(path)
        try:
            record = cls(
                number=int(found["number"]),
                painted=int(found["painted"]),
                packets=Checked(*found["packets"]),
                state=Checked(*found["state"]),
                last=bool(found["last"]),
                ahead=int(found["ahead"]),
            )
        except (KeyError, TypeError, ValueError):
            return None
        return record if path.name == f"segment{record.number:07d}.json" else None


def read(file: Callable[[int, str], Path]) -> dict[int, Record]:
    """The finished segments whose packets are what was written, by their numbers.

    Args:
        file: where a segment's file of some kind lies.
    """
    found = map(Record.of, file(0, "json").parent.glob("segment*.json"))
    return {
        record.number: record
        for record in found
        if record is not None and packets_file.is_whole(file(record.number, "packets"), record.packets)
    }


def json_of(path: Path) -> dict[str, Any]:
    """What a file holds; nothing if it holds no JSON object."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
