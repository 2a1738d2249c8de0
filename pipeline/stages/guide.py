"""A film painted by its user: frames that somebody painted by hand, carried through the film.

    GUIDE/frame0001.png     the film's first frame, as ebsynth numbers them
    GUIDE/frame0120.jpg     its 120th

Names end in the number of a frame, from 1 on, or from 0 on in a folder that has a 0. Frames between two
painted ones are carried from both, those before a shot's first back from it, those after its last on from
it. A painting is never carried over a cut: a shot without one stays as it is, and that is said.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stylize_video.errors import InputError
from stylize_video.models.float_pictures import to_float
from stylize_video.models.motion import composed_flow
from stylize_video.models.motion.composed_flow import FlowEstimator
from stylize_video.pictures.picture_names import READ
from stylize_video.pictures.pictures import check_sides, read_picture
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages.intervals import FrameCounter, Inbetweener, Interval, Key, Single

_FARTHEST = 100  # frames that are carried back from a key, or held until one comes: the memory's limit


@dataclass(frozen=True)
class Guide:
    """A folder of painted frames."""

    folder: Path
    pictures: Mapping[int, Path]  # by the frame's number, from 0
    first: int  # the number that the folder has for the film's first frame: 0 or 1

    @classmethod
    def open(cls, folder: Path) -> Guide:
        """Look through a folder; hidden files, and those whose names don't end in a number, don't count.

        Raises:
            InputError: no folder, no painted frames in it, or two for one frame.
        """
        try:
            names = sorted(p for p in folder.iterdir() if p.suffix.lower() in READ and p.name[0] != ".")
        except OSError as error:
            raise InputError(f"{folder}: no folder of painted frames ({error.strerror})") from error
        numbered = [(int(found[0]), path) for path in names if (found := re.search(r"\d+$", path.stem))]
        if not numbered:
            raise InputError(
                f"{folder}: no painted frames in it; name them frame0001.png, frame0120.png, ..."
            )
        for number, count in Counter(number for number, _ in numbered).items():
            if count > 1:
                twice = ", ".join(path.name for n, path in numbered if n == number)
                raise InputError(f"{folder}: several pictures of frame {number} ({twice}); leave one")
        first = min(1, min(number for number, _ in numbered))
        return cls(folder, {number - first: path for number, path in numbered}, first)

    def check_size(self, width: int, height: int) -> None:
        """See whether all pictures have the film's size.

        Raises:
            InputError: one has another, or can't be read.
        """
        for path in self.pictures.values():
            other = check_sides(path, width, height)  # by the header: a wrong one may be too large to decode
            if other is None:
                rows, columns = read_picture(path, whole=True).shape[:2]
                other = None if (columns, rows) == (width, height) else (columns, rows)
            if other is not None:
                raise InputError(
                    f"{path}: is {other[0]}x{other[1]} px, but the film {width}x{height};"
                    " give painted frames of the film's size"
                )

    def check_count(self, frames: int) -> None:
        """See whether the film has all frames that were painted.

        Raises:
            InputError: it has fewer.
        """
        last = max(self.pictures)
        if last >= frames:
            raise InputError(
                f"{self.pictures[last]}: is of frame {last + self.first}, but the film's last is"
                f" {frames - 1 + self.first}; rename or remove it"
            )


@dataclass
class GuidedState:
    """What is known of a film up to the frame that came last."""

    counter: FrameCounter = field(default_factory=FrameCounter)
    interval: Interval = field(default_factory=Interval)  # from the shot's newest key on
    left: list[int] = field(default_factory=list)  # frames of the shot that stay as they are


class Guided(Stage[GuidedState, FrameBatch]):
    """Carries a guide's pictures through a film.

    Args:
        guide: the painted frames.
        estimator: finds the flow between neighbours.
        notes: gets a line for the frames of each shot that stay as they are.
    """

    def __init__(
        self,
        guide: Guide,
        *,
        estimator: FlowEstimator = composed_flow.smooth_flow,
        notes: list[str] | None = None,
    ) -> None:
        self._guide = guide
        self._between = Inbetweener(estimator)
        self.notes: list[str] = [] if notes is None else notes

    @property
    def holds(self) -> int:
        """Frames before a key."""
        return _FARTHEST

    def start(self, signal: Signal) -> GuidedState:  # noqa: ARG002 - the first frame says its size
        """See `Stage.start`."""
        return GuidedState()

    def step(self, state: GuidedState, batch: FrameBatch, /) -> Iterator[FrameBatch]:
        """Take a batch; give its frames, unless there is a key soon.

        Raises:
            InputError: a picture can't be read, or has another size than the film.
        """
        for single in state.counter.singles(batch):
            if single.number == 0:
                self._guide.check_size(*single.original.shape[1::-1])
            elif single.begins:
                yield from self._rest_of_shot(state)
            yield from self._single(state, single)

    def finish(self, state: GuidedState) -> Iterator[FrameBatch]:
        """Give the frames that waited for a key in vain.

        Raises:
            InputError: a picture is of a frame beyond the film's end.
        """
        yield from self._rest_of_shot(state)
        if state.counter.number:
            self._guide.check_count(state.counter.number)

    def _single(self, state: GuidedState, single: Single) -> Iterator[FrameBatch]:
        soon = self._is_soon(single.number)
        if state.interval.key is None and not soon:
            state.left.append(single.number)
            yield single.unpainted()
            return
        self._between.add(state.interval, single)
        if single.number in self._guide.pictures:
            key = self._key(single)
            yield from self._between.up_to(state.interval, key)
            state.interval = Interval(key)
        elif not soon:
            yield from self._between.forward(state.interval)

    def _rest_of_shot(self, state: GuidedState) -> Iterator[FrameBatch]:
        if state.interval.key is not None:
            yield from self._between.forward(state.interval)
        for held in state.interval.release():
            state.left.append(held.single.number)
            yield held.single.unpainted()
        self._note(state.left)
        state.interval, state.left = Interval(), []

    def _is_soon(self, number: int) -> bool:
        """Whether a key is near enough after a frame, or there, to hold the frame until it comes."""
        return any(number <= key <= number + _FARTHEST for key in self._guide.pictures)

    def _key(self, single: Single) -> Key:
        painting = read_picture(self._guide.pictures[single.number], whole=True)
        if painting.shape != single.original.shape:  # the film's size changed
            self._guide.check_size(*single.original.shape[1::-1])
        return Key(single, to_float(painting))

    def _note(self, left: Sequence[int]) -> None:
        """Say which frames of a shot are not painted."""
        if left:
            first, last = (number + self._guide.first for number in (left[0], left[-1]))
            self.notes.append(
                f"{self._guide.folder}: frames {first} to {last} are left as they are, for no frame"
                f" of their shot is painted, or none within {_FARTHEST} frames after them"
            )
