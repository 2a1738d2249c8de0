"""The frames from one key to the next: their motion, found as they come, and their paintings, carried there.

What is kept of each frame is its bytes, the flow to its neighbour and back, and the flow to each key: some 40
bytes a pixel. So the memory is that of one interval, however long the film.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stylize_video.models.float_pictures import FloatPicture, to_float
from stylize_video.models.motion import inbetween, long_motion
from stylize_video.models.motion.inbetween import Carried
from stylize_video.models.motion.long_motion import Confidence, FlowEstimator, FlowPair, Reach
from stylize_video.pictures.arrays import is_bytes, mixed, to_bytes, to_host, to_kind, to_place, to_unit
from stylize_video.pictures.pictures import Picture
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.stages import paint as stages

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

Filler = Callable[[Picture], FloatPicture]  # paints a whole frame fast, for what no key shows

_SHOWN = 0.5  # trust; a pixel with more is explained by the key
_HOLE = 0.002  # of the frame; smaller ones are not worth a filler's picture


class Single(NamedTuple):
    """One frame of a film."""

    batch: FrameBatch  # of this frame
    original: Picture
    number: int  # in the film, from 0
    shot: int  # in the film, from 0
    share: float  # 0..1, how far it is painted: not at all if it is flat (`stages.NetworkPainter`)

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


def singles(batches: Iterator[FrameBatch]) -> Iterator[Single]:
    """Each frame by itself, as they come; another size is another shot."""
    number, shot, before = 0, 0, None
    for batch in batches:
        size = batch.pixels.shape[1:3]
        if before is not None and (batch.frames[0].cut or before != size):
            shot += 1
        before = size
        for index, share in enumerate(stages.painted_shares(batch.pixels)):
            part = slice(index, index + 1)
            originals = None if batch.originals is None else batch.originals[part]
            single = FrameBatch(batch.pixels[part], batch.frames[part], originals)
            yield Single(single, _bytes(single.pixels), number, shot, share)
            number += 1


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
class _Held:
    """A frame that waits for the next key."""

    single: Single
    to_neighbour: FlowPair  # before it
    before: Reach | None = None  # to the key before
    after: Reach | None = None


class Interval:
    """A key, if there is one, and the frames after it up to the next.

    Args:
        key: the key before them.
        estimator: finds the flow between neighbours.
        filler: paints what no key shows; without, it is the film itself in the keys' colours.
    """

    def __init__(self, key: Key | None, estimator: FlowEstimator, filler: Filler | None = None) -> None:
        self.key = key
        self._estimator = estimator
        self._filler = filler
        self._held: list[_Held] = []
        self._newest = None if key is None else key.single
        self._path = None if key is None else long_motion.still(*key.single.original.shape[:2])

    def __len__(self) -> int:
        """How many frames are held."""
        return len(self._held)

    @property
    def newest(self) -> Single:
        """The frame that came last."""
        return self._held[-1].single

    @property
    def path(self) -> FlowPair:
        """The way from the newest frame to the key."""
        if self._path is None:
            raise ValueError("there is no key before these frames")
        return self._path

    @property
    def trust(self) -> Confidence:
        """How far that way is trusted."""
        return self._reach(self._held[-1]).trust

    @property
    def shown(self) -> float:
        """The share of the newest frame that the key shows, 0..1."""
        return float((self.trust > _SHOWN).mean())

    def add(self, single: Single) -> None:
        """Take the next frame."""
        last, self._newest = self._newest, single
        if last is None:
            step = long_motion.still(*single.original.shape[:2])
        else:
            step = long_motion.between(single.original, last.original, self._estimator)
        held = _Held(single, step)
        if self.key is not None:
            self._path = long_motion.join(step, self.path)
            held.before = self._find_reach(self._path, single, self.key.single)
        self._held.append(held)

    def carried(self) -> Carried:
        """The key's painting as it looks from the newest frame."""
        return self._from_before(self._held[-1])

    def filled(self, carried: Carried, single: Single) -> FloatPicture:
        """What is carried to a frame, and another painting where no key shows it."""
        holes = float(1 - carried.trust.mean())
        paint = to_float if self._filler is None or holes < _HOLE else self._filler
        return inbetween.fill(carried, paint(single.original))

    def forward(self) -> Iterator[FrameBatch]:
        """All frames held, carried on from the key."""
        for held in self._take():
            yield held.single.painted(self.filled(inbetween.alone(self._from_before(held)), held.single))

    def up_to(self, later: Key) -> Iterator[FrameBatch]:
        """All frames held but the last, which is the later key; carried from both keys."""
        held = self._take()
        self._find_ways_to(held, later.single)
        for number, frame in enumerate(held[:-1], 1):
            after = _carried(later, frame.after)
            if self.key is None:
                both = inbetween.alone(after)
            else:
                both = inbetween.blend(self._from_before(frame), after, number / len(held))
            yield frame.single.painted(self.filled(both, frame.single))

    def release(self) -> list[Single]:
        """All frames held, not carried at all."""
        return [held.single for held in self._take()]

    def _find_reach(self, path: FlowPair, single: Single, key: Single) -> Reach:
        return long_motion.reach(path, single.original, key.original, self._estimator)

    def _find_ways_to(self, held: Sequence[_Held], key: Single) -> None:
        """Find the ways to a later key, the last of the frames, from the one next to it on back."""
        path = long_motion.still(*key.original.shape[:2])
        for frame, following in zip(held[-2::-1], held[:0:-1], strict=True):
            path = long_motion.join(following.to_neighbour.reversed, path)
            frame.after = self._find_reach(path, frame.single, key)

    def _take(self) -> list[_Held]:
        held, self._held = self._held, []
        return held

    def _from_before(self, held: _Held) -> Carried:
        if self.key is None:
            raise ValueError("there is no key before these frames")
        return _carried(self.key, self._reach(held))

    def _reach(self, held: _Held) -> Reach:
        if held.before is None:
            raise ValueError("there is no key before these frames")
        return held.before


def _carried(key: Key, reach: Reach | None) -> Carried:
    if reach is None:
        raise ValueError("there is no way to this key")
    return Carried(long_motion.carry(key.painting, reach.there), reach.trust)
