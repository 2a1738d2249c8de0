"""One picture in several styles: each painter's painting where its mask is white.

Every painter paints whole frames and the paintings are mixed afterwards, so that nothing of a style gets
beyond its mask's soft border, whatever the painter is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.arrays import to_kind, to_place, to_unit
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.stages.masks import Mask, Matte, Size
from stylize_video.pipeline.stages.paint import Stage

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


class Regions:
    """A painter made of painters, each with its mask.

    Where masks overlap, the paintings are mixed by their weights. Where all masks are black, there is the
    first painting; the compositor puts the original back, see `Coverage`.

    Args:
        parts: painters and masks. The painters have to yield a batch for each before they ask for the
            next; the masks are asked for nothing but the frames of the batches, by this stage alone.
        skip_empty: leave out a painter for those batches where its mask is black all over. It must be
            one that keeps no state from batch to batch.
    """

    def __init__(self, parts: Sequence[tuple[Stage, Mask]], *, skip_empty: bool = False) -> None:
        if not parts:
            raise ValueError("regions need at least one painter and its mask")
        self._parts = tuple(parts)
        self._skip_empty = skip_empty

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Paint and mix batch by batch.

        Raises:
            RuntimeError: a painter that holds batches back, or yields others than it was given.
        """
        easels = [_Easel(stage, f"painter {n} of {len(self._parts)}") for n, (stage, _) in self._numbered()]
        try:
            for batch in batches:
                yield batch.with_pixels(self._painted(batch, easels))
            for easel in easels:
                easel.finish()
        finally:
            for easel in easels:
                easel.close()

    def _numbered(self) -> Iterator[tuple[int, tuple[Stage, Mask]]]:
        return enumerate(self._parts, 1)

    def _painted(self, batch: FrameBatch, easels: Sequence[_Easel]) -> Pictures:
        """(N, H, W, 3), of the batch's own kind."""
        shares = self._shares(batch)
        total: Any = None
        for easel, share in zip(easels, shares, strict=True):
            if self._skip_empty and not share.any():
                continue
            painting = easel.paint(batch)
            part = to_unit(painting) * to_place(share, painting)
            total = part if total is None else total + part
        assert total is not None  # the shares sum to one
        painted: Pictures = to_kind(total, batch.pixels)
        return painted

    def _shares(self, batch: FrameBatch) -> NDArray[np.float32]:
        """(painters, N, H, W, 1) float32, which sum to one at each pixel."""
        if len(self._parts) == 1:
            return np.ones((1, 1, 1, 1, 1), np.float32)
        height, width = batch.pixels.shape[1:3]
        rows = [[mask.at(f.time, (height, width)) for f in batch.frames] for _, mask in self._parts]
        weights = np.stack([np.stack(row) for row in rows])[..., None]
        weights[0] += weights.sum(0) == 0
        shares: NDArray[np.float32] = weights / weights.sum(0)
        return shares


class _Easel:
    """One painter at work, a batch at a time."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._name = name
        self._waiting: FrameBatch | None = None
        self._finished = False
        self._paintings = stage.stylize(self._batches())

    def paint(self, batch: FrameBatch) -> Pictures:
        """A batch's pixels -> their painting, of the same shape.

        Raises:
            RuntimeError: see `Regions.stylize`.
        """
        self._waiting = batch
        painted = next(self._paintings, None)
        if painted is None:
            raise RuntimeError(f"{self._name} stopped before the film's end")
        if self._waiting is not None:
            raise RuntimeError(f"{self._name} yielded two batches for one")
        times = [frame.pts for frame in painted.frames]
        if times != [frame.pts for frame in batch.frames] or painted.pixels.shape != batch.pixels.shape:
            raise RuntimeError(f"{self._name} yielded other frames than it was given")
        return painted.pixels

    def finish(self) -> None:
        """Let the painter see the film's end."""
        self._finished = True
        if next(self._paintings, None) is not None:
            raise RuntimeError(f"{self._name} yielded more batches than it was given")

    def close(self) -> None:
        """Let go of what the painter holds."""
        close = getattr(self._paintings, "close", None)  # generators have it, other iterators may not
        if close is not None:
            close()

    def _batches(self) -> Iterator[FrameBatch]:
        while not self._finished:
            batch, self._waiting = self._waiting, None
            if batch is None:
                raise RuntimeError(
                    f"{self._name} asked for a batch before it had painted the last one; "
                    "regions take only painters that paint batch by batch"
                )
            yield batch


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
