"""Interlaced pictures: which field comes first, frames labelled so, and frames made whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import cast

import av
from av.filter import Graph

from stylize_video.pipeline.planes import filters

TOP_FIRST, BOTTOM_FIRST = "tff", "bff"

Waiting = deque[tuple[int | None, Fraction | None, int]]  # times of the frames in the filter


def first_field(picture: av.VideoFrame) -> str | None:
    """TOP_FIRST or BOTTOM_FIRST; None for a progressive picture.

    PyAV shows only whether there are fields; so a picture of black and white lines with the same label is
    taken apart, and the first part seen.
    """
    if not picture.interlaced_frame:
        return None
    graph = filters.graph(picture, ("format", "gray"), ("geq", r"lum=mod(Y\,2)*255"), ("separatefields", ""))
    graph.push(picture)
    field = cast(av.VideoFrame, graph.pull())
    return TOP_FIRST if field.to_ndarray()[0, 0] < 128 else BOTTOM_FIRST


class Labeller:
    """Labels pictures as interlaced, which encoders go by."""

    def __init__(self, first: str) -> None:
        """`first`: TOP_FIRST or BOTTOM_FIRST."""
        self.first = first
        self._graph: Graph | None = None

    def __call__(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The same picture, labelled."""
        if self._graph is None:
            self._graph = filters.graph(picture, ("setfield", f"mode={self.first}"))
        pts, base, duration = picture.pts, picture.time_base, picture.duration
        picture.pts = None
        self._graph.push(picture)
        labelled = cast(av.VideoFrame, self._graph.pull())
        labelled.pts, labelled.time_base, labelled.duration = pts, base, duration
        return labelled


def deinterlaced(pictures: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """One whole frame for each, by bwdif (Weston's three fields, guided by motion), at the same times.

    If the first is labelled as interlaced only those that are labelled so are changed; else, as nothing can
    be gone by, all of them.
    """
    graph: Graph | None = None
    kind: tuple[object, ...] | None = None
    which = ""
    waiting: Waiting = deque()
    for picture in pictures:
        which = which or ("interlaced" if picture.interlaced_frame else "all")
        found = (picture.width, picture.height, picture.format.name)
        if graph is None or found != kind:
            yield from _rest(graph, waiting)
            graph, kind = filters.graph(picture, ("bwdif", f"mode=send_frame:deint={which}")), found
        waiting.append((picture.pts, picture.time_base, picture.duration))
        graph.push(picture)
        yield from _ready(graph, waiting)
    yield from _rest(graph, waiting)


def _rest(graph: Graph | None, waiting: Waiting) -> Iterator[av.VideoFrame]:
    if graph is not None:
        graph.push(None)
        yield from _ready(graph, waiting)


def _ready(graph: Graph, waiting: Waiting) -> Iterator[av.VideoFrame]:
    for picture in filters.pulled(graph):
        picture.pts, base, picture.duration = waiting.popleft()
        if base is not None:  # bwdif counts in half ticks
            picture.time_base = base
        yield picture
