"""Text from outside in a page."""

from __future__ import annotations

import html

from stylize_video.process.terminal import shown


def escape(text: str) -> str:
    """A name or a tag as HTML that shows it: no markup, nothing that turns the direction of writing."""
    return html.escape(shown(text))
