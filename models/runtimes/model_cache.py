"""Converted and compiled models and canvases' noise, kept in the user's cache folder for the next run.

An entry carries its own checksum: one that is damaged, or half written, is as good as none and is
written anew. A cache that can't be read or written costs a second a run and is no error.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from contextlib import suppress
from pathlib import Path

import platformdirs

from stylize_video.files import paths, whole_file

_DIGEST = hashlib.sha256().digest_size  # bytes
_DAY = 24 * 3600  # s
_KEPT = 64  # entries, of 2 to 12 MB: a network makes several, for bytes and for floats, and for each size
_MOST = 256 * 2**20  # bytes of them together


def folder() -> Path:
    """Where it lies: XDG_CACHE_HOME, or what else the system calls a user's cache."""
    return platformdirs.user_cache_path("stylize-video", appauthor=False)


def key(*parts: bytes | str) -> str:
    """A name for what was made of `parts`: it changes as soon as one of them does."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)  # so that no two lists run together alike
    return digest.hexdigest()


def load(name: str) -> memoryview | None:
    """The entry of that name, or None if it is missing or damaged."""
    path = _path(name)
    try:
        data = memoryview(paths.read(path))  # of which parts are no copies: to get 11 MB takes 10 ms
    except OSError:
        return None
    digest, payload = data[:_DIGEST], data[_DIGEST:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    with suppress(OSError):
        os.utime(path)  # the oldest are thrown away first
    return payload


def store(name: str, payload: bytes) -> None:
    """Write an entry, as far as that is possible, and throw the oldest away."""
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        whole_file.write(_path(name), hashlib.sha256(payload).digest() + payload)
        _prune()


def _prune() -> None:
    """Throw away the oldest entries, and what killed runs left."""
    entries = sorted(folder().glob("*.model"), key=lambda path: path.stat().st_mtime)
    sizes = itertools.accumulate(path.stat().st_size for path in reversed(entries))
    kept = sum(size <= _MOST for size in itertools.islice(sizes, _KEPT))
    for path in entries[: len(entries) - kept]:
        path.unlink(missing_ok=True)
    for path in folder().glob(f"*{whole_file.PARTIAL}*"):
        if time.time() - path.stat().st_mtime > _DAY:
            path.unlink(missing_ok=True)


def _path(name: str) -> Path:
    return folder() / f"{name}.model"
