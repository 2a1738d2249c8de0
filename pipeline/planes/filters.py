"""FFmpeg's filters for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import av
from av.filter import Graph


def graph(picture: av.VideoFrame, *filters: tuple[str, str]) -> Graph:
    """Filters, each by its name and arguments, one after the other, for pictures like this one.

    Raises:
        ValueError, av.FFmpegError: FFmpeg has none of that name, or can't put them together.
    """
    made = Graph()
    base = picture.time_base or Fraction(1, 25)
    source = made.add_buffer(
        width=picture.width, height=picture.height, format=picture.format, time_base=base
    )
    made.link_nodes(source, *(made.add(*one) for one in filters), made.add("buffersink"))
    made.configure()
    return made


def pulled(made: Graph) -> Iterator[av.VideoFrame]:
    """The pictures that are ready."""
    while True:
        try:
            yield cast(av.VideoFrame, made.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
