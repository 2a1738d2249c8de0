"""The frames from one key to the next: their motion, found as they come, and their paintings, carried there.

What is kept of each frame is its bytes, the flow to its neighbour and back, and the flow to each key: some 40
bytes a pixel. So the memory is that of one interval, however long the film.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from stylize_video.models.float_pictures import FloatPicture, to_float
from stylize_video.models.motion import composed_flow
from stylize_video.models.motion.composed_flow import FlowEstimator, Reach
from stylize_video.models.motion.flow import FlowPair
from stylize_video.models.steadying import inbetween
from stylize_video.models.steadying.inbetween import Carried
from stylize_video.pictures.arrays import is_bytes, mixed, to_bytes, to_host, to_kind, to_place, to_unit
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.stages import paint

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

T = TypeVar("T")
Filler = Callable[[Picture], FloatPicture]  # paints a whole frame fast, for what no key shows

_SHOWN = 0.5  # trust; a pixel with more is explained by the key
_HOLE = 0.002  # of the frame; smaller ones are not worth a filler's picture


class Single(NamedTuple):
    """One frame of a film."""

    batch: FrameBatch  # of this frame
    original: Picture
    number: int  # in the film, from 0
    begins: bool  # whether it is the first of a shot
    share: float  # 0..1, how far it is painted: not at all if it is flat (`canvas.PaintOnCanvas`)

    def painted(self, painting: FloatPicture) -> FrameBatch:
        """The frame with its painting's pixels, of the kind that came; as it is, as far as it is flat."""
        pixels = self.batch.pixels
        image = to_place(painting[None], pixels)
        if self.share < 1:
            image = mixed(to_unit(pixels), image, self.share)
        return self.batch.with_pixels(to_kind(image, pixels))

    def unpainted(self) -> FrameBatch:
        """The frame as it is."""
        return self.batch.with_pixels(self.batch.pixels)


@dataclass
class FrameCounter:
    """Numbers the frames of a film as they come, and tells shots apart: another size is another shot."""

    number: int = 0  # of the next frame, from 0
    size: tuple[int, ...] | None = None  # of the last frame

    def singles(self, batch: FrameBatch) -> Iterator[Single]:
        """Each frame of the next batch by itself."""
        size = tuple(batch.pixels.shape[1:3])
        begins = batch.frames[0].cut or self.size != size
        self.size = size
        for index, share in enumerate(paint.painted_shares(batch.pixels)):
            part = slice(index, index + 1)
            originals = None if batch.originals is None else batch.originals[part]
            single = FrameBatch(batch.pixels[part], batch.frames[part], originals)
            self.number += 1
            yield Single(single, _bytes(single.pixels), self.number - 1, begins and index == 0, share)


def _bytes(images: Pictures) -> Picture:
    """(1, H, W, 3) of either kind -> (H, W, 3) uint8."""
    levels = images if is_bytes(images) else to_bytes(to_unit(images))
    picture: Picture = to_host(levels)[0]
    return picture


class Key(NamedTuple):
    """A frame that was painted by itself."""

    single: Single
    painting: FloatPicture


@dataclass
class Held:
    """A frame that waits for the next key."""

    single: Single
    to_neighbour: FlowPair  # before it
    before: Reach | None = None  # to the key before
    after: Reach | None = None


@dataclass
class Interval:
    """A key, if there is one, and the frames after it up to the next; it can be pickled."""

    key: Key | None = None
    held: list[Held] = field(default_factory=list)
    newest: Single | None = None  # the frame that came last, held or not
    path: FlowPair | None = None  # from that one to the key; None where there is no such frame or no key

    def __len__(self) -> int:
        """How many frames are held."""
        return len(self.held)

    @property
    def last(self) -> Single | None:
        """The frame that came last; at first it is the key itself."""
        if self.newest is None and self.key is not None:
            return self.key.single
        return self.newest

    @property
    def shown(self) -> float:
        """The share of the newest frame that the key shows, 0..1."""
        return float((_known(self.held[-1].before).trust > _SHOWN).mean())

    def release(self) -> list[Held]:
        """All frames held, no longer held."""
        held, self.held = self.held, []
        return held


class Inbetweener:
    """Finds the motion from key to key, and carries their paintings to the frames between them.

    Args:
        estimator: finds the flow between neighbours.
        filler: paints what no key shows; without, it is the film itself in the keys' colours.
    """

    def __init__(self, estimator: FlowEstimator, filler: Filler | None = None) -> None:
        self._estimator = estimator
        self._filler = filler

    def add(self, interval: Interval, single: Single) -> None:
        """Take the next frame."""
        last = interval.last
        if last is None:
            step = composed_flow.still(*single.original.shape[:2])
        else:
            step = composed_flow.between(single.original, last.original, self._estimator)
        held = Held(single, step)
        if interval.key is not None:
            interval.path = composed_flow.join(step, self.way(interval))
            held.before = self._find_reach(interval.path, single, interval.key.single)
        interval.newest = single
        interval.held.append(held)

    def way(self, interval: Interval) -> FlowPair:
        """The way from the newest frame to the key."""
        if interval.path is not None:
            return interval.path
        return composed_flow.still(*_known(interval.last).original.shape[:2])

    def carried(self, interval: Interval) -> Carried:
        """The key's painting as it looks from the newest frame."""
        return _carried(interval.key, interval.held[-1].before)

    def filled(self, carried: Carried, single: Single) -> FloatPicture:
        """What is carried to a frame, and another painting where no key shows it."""
        holes = float(1 - carried.trust.mean())
        filler = to_float if self._filler is None or holes < _HOLE else self._filler
        return inbetween.fill(carried, filler(single.original))

    def forward(self, interval: Interval) -> Iterator[FrameBatch]:
        """All frames held, carried on from the key."""
        for held in interval.release():
            alone = inbetween.alone(_carried(interval.key, held.before))
            yield held.single.painted(self.filled(alone, held.single))

    def up_to(self, interval: Interval, later: Key) -> Iterator[FrameBatch]:
        """All frames held, of which the last is the later key; carried from both keys."""
        held = interval.release()
        self._find_ways_to(held, later.single)
        for number, frame in enumerate(held[:-1], 1):
            after = _carried(later, frame.after)
            if interval.key is None:
                both = inbetween.alone(after)
            else:
                both = inbetween.blend(_carried(interval.key, frame.before), after, number / len(held))
            yield frame.single.painted(self.filled(both, frame.single))
        yield later.single.painted(later.painting)

    def _find_reach(self, path: FlowPair, single: Single, key: Single) -> Reach:
        return composed_flow.reach(path, single.original, key.original, self._estimator)

    def _find_ways_to(self, held: Sequence[Held], key: Single) -> None:
        """Find the ways to a later key, the last of the frames, from the one next to it on back."""
        path = composed_flow.still(*key.original.shape[:2])
        for frame, following in zip(held[-2::-1], held[:0:-1], strict=True):
            path = composed_flow.join(following.to_neighbour.reversed, path)
            frame.after = self._find_reach(path, frame.single, key)


def _carried(key: Key | None, reach: Reach | None) -> Carried:
    reach = _known(reach)
    return Carried(composed_flow.carry(_known(key).painting, reach.there), reach.trust)


def _known(found: T | None) -> T:
    """What is there wherever there is a key."""
    if found is None:
        raise ValueError("there is no key before these frames, or no way to it")
    return found
