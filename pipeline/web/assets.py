"""The page's files: read once, so that no request names a file."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
}
_PACKAGE = "stylize_video.pipeline.web"
_FIRST = "index.html"
_THUMBNAILS = "thumbnails"


class Asset(NamedTuple):
    """A file of the page."""

    data: bytes
    kind: str  # as `Content-Type` has it


def load() -> dict[str, Asset]:
    """All of them by their paths within the page; the page itself is the empty one."""
    found = {}
    page = resources.files(_PACKAGE) / "page"
    for folder, prefix in ((page, ""), (page / _THUMBNAILS, f"{_THUMBNAILS}/")):
        for entry in folder.iterdir():
            kind = _TYPES.get(entry.name.rpartition(".")[2])
            if kind is not None:
                found[f"{prefix}{entry.name}"] = Asset(entry.read_bytes(), kind)
    found[""] = found.pop(_FIRST)
    return found


def thumbnails(assets: dict[str, Asset]) -> list[str]:
    """The names of styles that there is a thumbnail of."""
    start = f"{_THUMBNAILS}/"
    return [name.removeprefix(start).rpartition(".")[0] for name in assets if name.startswith(start)]
