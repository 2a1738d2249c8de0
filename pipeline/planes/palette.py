"""Colours for GIF: a palette of 256 for each frame, and dithering with it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph


class Palette:
    """Turns RGB pictures into pictures with a palette, one each. Holds back one frame or two."""

    def __init__(self, width: int, height: int, time_base: Fraction) -> None:
        """For pictures of `width` x `height` px in rgb24, times in `time_base` (s)."""
        graph = Graph()
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat("rgb24"), time_base=time_base
        )
        split = graph.add("split")
        # A palette from the whole film would need the whole film in memory.
        make = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(use, 0, 0)
        split.link_to(make, 1, 0)
        make.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        self._graph = graph

    def convert(self, picture: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        """Hand in `picture` (None: the end); yields what is ready."""
        self._graph.vpush(picture)
        while True:
            try:
                yield self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
