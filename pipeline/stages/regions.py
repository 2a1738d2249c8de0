"""One picture in several styles: each painter's painting where its mask is white.

Every painter paints whole frames and the paintings are mixed afterwards, so that nothing of a style gets
beyond its mask's soft border, whatever the painter is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.arrays import to_kind, to_place, to_unit
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import AnyStage, Stage
from stylize_video.pipeline.stages.masks import Mask, Matte, Size

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


@dataclass
class RegionsState:
    """What is known of a film."""

    painters: list[Any]  # each one's state
    masks: list[Mask]  # as far as they have been read


class Regions(Stage[RegionsState, FrameBatch]):
    """A painter made of painters, each with its mask.

    Where masks overlap, the paintings are mixed by their weights. Where all masks are black, there is the
    first painting; the compositor puts the original back, see `Coverage`.

    Args:
        parts: painters, and what opens their masks.
        skip_empty: leave out a painter for those batches where its mask is black all over. It must be
            one that keeps no state from batch to batch.

    Raises:
        ValueError: no painter, or one that holds frames back.
    """

    def __init__(
        self, parts: Sequence[tuple[AnyStage, Callable[[], Mask]]], *, skip_empty: bool = False
    ) -> None:
        if not parts:
            raise ValueError("regions need at least one painter and its mask")
        self._painters = [painter for painter, _ in parts]
        self._openers = [opener for _, opener in parts]
        self._skip_empty = skip_empty
        if any(painter.holds for painter in self._painters):
            raise ValueError("regions take only painters that hold no frames back")

    def start(self, signal: Signal) -> RegionsState:
        """See `Stage.start`.

        Raises:
            InputError: a mask can't be read.
        """
        with ExitStack() as opened:
            masks = [opened.enter_context(opener()) for opener in self._openers]
            state = RegionsState([painter.start(signal) for painter in self._painters], masks)
            opened.pop_all()
        return state

    @contextmanager
    def running(self, state: RegionsState) -> Iterator[None]:
        """Masks open, and whatever the painters want."""
        with ExitStack() as running:
            for mask in state.masks:
                running.enter_context(mask)
            for painter, its_state in zip(self._painters, state.painters, strict=True):
                running.enter_context(painter.running(its_state))
            yield

    def step(self, state: RegionsState, batch: FrameBatch, /) -> tuple[FrameBatch]:
        """Paint and mix a batch.

        Raises:
            RuntimeError: a painter that gives others than it was given.
        """
        return (batch.with_pixels(self._mixed(state, batch)),)

    def finish(self, state: RegionsState) -> tuple[()]:
        """Let the painters see the film's end.

        Raises:
            RuntimeError: a painter that gives more than it was given.
        """
        for number, its_state in enumerate(state.painters):
            if list(self._painters[number].finish(its_state)):
                raise RuntimeError(f"{self._name(number)} gave more batches than it was given")
        return ()

    def _name(self, number: int) -> str:
        return f"painter {number + 1} of {len(self._painters)}"

    def _mixed(self, state: RegionsState, batch: FrameBatch) -> Pictures:
        """(N, H, W, 3), of the batch's own kind."""
        total: Any = None
        for number, share in enumerate(self._shares(state, batch)):
            if self._skip_empty and not share.any():
                continue
            painting = self._painted(number, state.painters[number], batch)
            part = to_unit(painting) * to_place(share, painting)
            total = part if total is None else total + part
        assert total is not None  # the shares sum to one
        mixed: Pictures = to_kind(total, batch.pixels)
        return mixed

    def _painted(self, number: int, state: Any, batch: FrameBatch) -> Pictures:
        """A batch as one of the painters paints it."""
        given = list(self._painters[number].step(state, batch))
        if len(given) != 1:
            raise RuntimeError(f"{self._name(number)} gave {len(given)} batches for one")
        times = [frame.pts for frame in given[0].frames]
        if times != [frame.pts for frame in batch.frames] or given[0].pixels.shape != batch.pixels.shape:
            raise RuntimeError(f"{self._name(number)} gave other frames than it was given")
        return given[0].pixels

    def _shares(self, state: RegionsState, batch: FrameBatch) -> NDArray[np.float32]:
        """(painters, N, H, W, 1) float32, which sum to one at each pixel."""
        if len(state.masks) == 1:
            return np.ones((1, 1, 1, 1, 1), np.float32)
        height, width = batch.pixels.shape[1:3]
        rows = [[mask.at(f.time, (height, width)) for f in batch.frames] for mask in state.masks]
        weights = np.stack([np.stack(row) for row in rows])[..., None]
        weights[0] += weights.sum(0) == 0
        shares: NDArray[np.float32] = weights / weights.sum(0)
        return shares


class Coverage:
    """How much of each pixel is painted by anybody: the masks' sum, at most one. For the compositor.

    Args:
        masks: opened for this alone; the painters run ahead and have their own.
    """

    def __init__(self, masks: Sequence[Mask]) -> None:
        if not masks:
            raise ValueError("coverage needs at least one mask")
        self._masks = tuple(masks)
        self._parts: list[Matte] = []
        self._sum: Matte | None = None

    @property
    def notes(self) -> list[str]:
        """What is to be said of the masks, each line once."""
        return list(dict.fromkeys(line for mask in self._masks for line in mask.notes))

    def at(self, time: Fraction, size: Size) -> Matte:
        """See `Mask.at`."""
        parts = [mask.at(time, size) for mask in self._masks]
        if len(parts) == 1:
            return parts[0]
        if self._sum is None or any(new is not old for new, old in zip(parts, self._parts, strict=True)):
            self._parts, self._sum = parts, np.sum(parts, axis=0, dtype=np.float32).clip(max=1)
        return self._sum
