"""All stages, as the conformance test runs them; the same in every process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import av
import numpy as np
from numpy.typing import NDArray

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.stages.cuts import Cuts
from tests.known_motion import Crossing
from tests.pipeline.stages._conformance import CUT, TICK, Case, Given

HEIGHT, WIDTH = 48, 72

Picture = NDArray[np.uint8]


@cache
def shot(seed: int, count: int) -> list[Picture]:
    """Something crosses the picture; another seed is another place."""
    film = Crossing(seed=10 * seed, height=HEIGHT, width=WIDTH, start=(15, 20), radius=12, speed=(3, 1))
    return film.frames(count)


def frames(given: Given) -> Iterator[Frame]:
    """A film of two shots, with its planes; times have gaps."""
    first = shot(given.seeds[0], CUT)[: given.count]
    second = shot(given.seeds[1], max(1, given.count - CUT))[: max(0, given.count - CUT)]
    for number, picture in enumerate([*first, *second]):
        planes = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        cut = given.marked and number == CUT
        yield Frame(picture, 3 * number + number % 2, TICK, source=planes, cut=cut, duration=2)


CASES: dict[str, Case] = {
    "cuts": Case(Cuts, frames, carries=True, drops=False),
}
