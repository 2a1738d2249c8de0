"""A folder that is watched: which of its films have stopped growing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

EVERY = 2.0  # s from one look to the next
SETTLED = 5.0  # s without a change, after which a film is taken for whole

Stamp = tuple[int, int, int]  # bytes, time of the last change (ns), number of the file


class Settling:
    """Remembers when each film was seen to change last.

    What is still written to is not painted; neither is an empty file, which something will fill. The files'
    own times don't count, for a copy may bring them along, and a server has another clock. A film that
    changes later is given again.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[Stamp, float]] = {}
        self._given: dict[Path, Stamp] = {}

    def settled(self, films: Iterable[Path], now: float) -> list[Path]:
        """The films that have not changed for a while, and were not given before as they are now.

        Args:
            films: all that are there.
            now: s, by a clock that only goes on.
        """
        found = []
        for film in films:
            stamp = _stamp(film)
            if stamp is None or self._given.get(film) == stamp:
                continue
            before, since = self._seen.get(film, (None, now))
            if before != stamp:
                since = now
            self._seen[film] = stamp, since
            if now - since >= SETTLED:
                self._given[film] = stamp
                found.append(film)
        return found


def _stamp(film: Path) -> Stamp | None:
    """What changes when somebody writes to a file; None if it is empty or gone."""
    try:
        found = film.stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino) if found.st_size else None
