"""What every page is: one file that needs nothing beside it, readable on a phone and in the dark."""

from __future__ import annotations

from stylize_video.pipeline.scoring.page.look import STYLE
from stylize_video.pipeline.scoring.page.text import escape

# Nothing is fetched from anywhere, whatever a file's name holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def html(title: str, body: str, *, style: str = "", generator: str = "stylize-video") -> str:
    """A page's HTML.

    Args:
        title: plain text.
        body: HTML.
        style: CSS beside that of all pages.
        generator: who made it, for programs that look.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="generator" content="{generator}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body>{body}</body></html>\n"
    )
