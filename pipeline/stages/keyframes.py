"""A slow painter's film: every so many frames a key is painted, the frames between are carried there.

Keys are painted as in Ruder et al. 2016, "Artistic Style Transfer for Videos": each starts from the painting
of the key before it, warped here (section 4.1), and is to agree with it where the flow is trusted, and with
the one before that where only that shows the scene (sections 4.2 and 4.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stylize_video.models.float_pictures import FloatPicture, to_float
from stylize_video.models.method import Anchor, Artist
from stylize_video.models.motion import composed_flow
from stylize_video.models.motion.composed_flow import FlowEstimator
from stylize_video.models.motion.flow import FlowPair
from stylize_video.models.steadying import inbetween
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages.intervals import Filler, FrameCounter, Inbetweener, Interval, Key, Single
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore

_EXPLAINED = 0.7  # of a frame; when a key shows less of it, the next one is due
_LONGEST = 24  # frames between two keys, however still it is
_SHORTEST = 2


class _Past(NamedTuple):
    """The key before the newest one."""

    key: Key
    path: FlowPair  # to it from the newest one


@dataclass
class KeyframesState:
    """What is known of a film up to the frame that came last."""

    counter: FrameCounter = field(default_factory=FrameCounter)
    interval: Interval | None = None  # from the newest key on; None before the first frame
    past: _Past | None = None


class Keyframes(Stage[KeyframesState, FrameBatch]):
    """Paints keys and carries them through each shot.

    Keys are its first frame and every so many after it; the last frame is one if more than half an
    interval is left, or if the key before doesn't explain it.

    Args:
        artist: paints the keys.
        interval: frames from key to key; None: a new key when the one before explains too little.
        estimator: finds the flow between neighbours.
        filler: paints what no key shows; without, it is the film itself in the keys' colours.
        store: keeps finished keys, in case that the film is interrupted.

    Raises:
        ValueError: `interval` below 1.
    """

    def __init__(
        self,
        artist: Artist,
        *,
        interval: int | None,
        estimator: FlowEstimator = composed_flow.smooth_flow,
        filler: Filler | None = None,
        store: KeyframeStore | None = None,
    ) -> None:
        if interval is not None and interval < 1:
            raise ValueError(f"{interval = } must be at least 1")
        self._artist = artist
        self._interval = interval
        self._estimator = estimator
        self._between = Inbetweener(estimator, filler)
        self._store = store

    @property
    def holds(self) -> int:
        """All frames since the last key."""
        return (self._interval or _LONGEST) - 1

    def start(self, signal: Signal) -> KeyframesState:  # noqa: ARG002 - all films are alike
        """See `Stage.start`."""
        return KeyframesState()

    def step(self, state: KeyframesState, batch: FrameBatch, /) -> Iterator[FrameBatch]:
        """Take a batch; give the frames up to the newest key, if there is another one."""
        for single in state.counter.singles(batch):
            if state.interval is None or single.begins:
                yield from self.finish(state)
                key = self._paint(single)
                state.interval, state.past = Interval(key), None
                yield single.painted(key.painting)
            else:
                self._between.add(state.interval, single)
                if self._is_due(state.interval):
                    yield from self._up_to_here(state, state.interval)

    def finish(self, state: KeyframesState) -> Iterator[FrameBatch]:
        """Give the rest of a shot."""
        interval = state.interval
        if interval is not None and len(interval) and self._is_far(interval):
            yield from self._up_to_here(state, interval)
        elif interval is not None:
            yield from self._between.forward(interval)

    def _up_to_here(self, state: KeyframesState, interval: Interval) -> Iterator[FrameBatch]:
        """Make the newest frame a key and give all frames up to it."""
        key, past = self._next_key(interval, state.past)
        yield from self._between.up_to(interval, key)
        state.interval, state.past = Interval(key), past

    def _is_due(self, interval: Interval) -> bool:
        if self._interval is not None:
            return len(interval) >= self._interval
        too_little = len(interval) >= _SHORTEST and interval.shown < _EXPLAINED
        return too_little or len(interval) >= _LONGEST

    def _is_far(self, interval: Interval) -> bool:
        """Whether a shot's last frame is to be a key."""
        return len(interval) > (self._interval or _LONGEST) / 2 or interval.shown < _EXPLAINED

    def _next_key(self, interval: Interval, past: _Past | None) -> tuple[Key, _Past]:
        """The newest frame as a key, and the one before it."""
        before, single, way = interval.key, interval.held[-1].single, self._between.way(interval)
        assert before is not None  # a shot's first frame is one
        if before.single.share == 0:  # nothing was painted there
            return self._paint(single), _Past(before, way)
        carried = self._between.carried(interval)
        anchors = [Anchor(*carried)]
        if past is not None and past.key.single.share > 0:
            anchors.append(self._long_term(single, past, way))
        start = self._between.filled(inbetween.alone(carried), single)
        return self._paint(single, start, anchors), _Past(before, way)

    def _long_term(self, single: Single, past: _Past, path: FlowPair) -> Anchor:
        """The painting of the key before the last, warped here; `path` is the way to the last."""
        joined = composed_flow.join(path, past.path)
        there, trust = composed_flow.reach(joined, single.original, past.key.single.original, self._estimator)
        return Anchor(composed_flow.carry(past.key.painting, there), trust)

    def _paint(
        self, single: Single, start: FloatPicture | None = None, anchors: Sequence[Anchor] = ()
    ) -> Key:
        """The key of a frame: kept from before, or painted now; what is flat is left as it is."""
        if single.share == 0:
            return Key(single, to_float(single.original))
        painting = None if self._store is None else self._store.get(single.number, single.original.shape)
        if painting is None:
            painting = self._artist.paint(single.original, start=start, anchors=anchors)
            if self._store is not None:
                self._store.put(single.number, painting)
        return Key(single, painting)
