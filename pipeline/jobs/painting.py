"""All that paints a film, built once: from the frames of a source to the pictures that are encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import av

from stylize_video.errors import DeviceError
from stylize_video.models.method import OnStep
from stylize_video.models.runtimes import memory
from stylize_video.models.runtimes.devices import choose_device, is_out_of_memory
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline import runner, transfer
from stylize_video.pipeline.containers import limits
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.jobs import assembly, at_once
from stylize_video.pipeline.jobs.looks import ChangingLook
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.profile import Profile
from stylize_video.pipeline.runner import Beginning
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import Mask
from stylize_video.pipeline.stages.painters import PaintingStage
from stylize_video.pipeline.stages.regions import Coverage
from stylize_video.pipeline.transfer import Transfer

_MEMORY_MATTERS = 2560 * 1440  # px of a frame, from there on


class Painting:
    """What paints frames of one signal; several runs, one after the other, may paint parts of the film.

    Args:
        request: what, and how.
        looks: what is asked for at each time, if that changes.
        signal: of the film.
        masks: each opens one of the look's.
        store: keeps finished keyframes.
        on_step: told of each step of a keyframe that is optimised.
        workshop: has the painter of the film before, where one process paints several.

    Attributes:
        coverage: of the masks, if some of the original may stay.

    Raises:
        StylizeVideoError: weights, pictures or masks that can't be read.
    """

    def __init__(
        self,
        request: PaintRequest,
        looks: ChangingLook | None,
        signal: Signal,
        masks: Sequence[Callable[[], Mask]],
        store: KeyframeStore | None,
        on_step: OnStep | None,
        workshop: Workshop | None = None,
    ) -> None:
        limits.check_worth(request.source.input, signal)
        if signal.width * signal.height > _MEMORY_MATTERS:
            memory.return_large_blocks()
        self._request, self._looks, self.signal = request, looks, signal
        self._device = choose_device(request.run.device)
        pixels = signal.width * signal.height
        self._batch_size = at_once.batch_size(request, pixels, signal.frame_count, self._device)
        exact = signal.bit_depth > 8
        if workshop is not None:
            size = signal.width, signal.height
            workshop.serve(request.plans(), self._device, exact=exact, size=size)
        self._painter: PaintingStage = assembly.painter(
            request,
            looks,
            masks,
            self._device,
            exact=exact,
            store=store,
            on_step=on_step,
            workshop=workshop,
            at_once=self._batch_size,
        )
        self.coverage: Coverage | None = None

    @property
    def painted(self) -> Signal:
        """What comes out of the painter."""
        return self._painter.stage.output(self.signal)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it, so far."""
        masks = self.coverage.notes if self.coverage is not None else ()
        return (*self._painter.notes, *masks)

    def way_to(self, target: assembly.Takes) -> Transfer:
        """How frames reach the device, and come back for a target."""
        return transfer.choose(self.signal, target.pixel_format, target.color, self._device)

    def run(
        self,
        frames: Callable[[bool], Iterable[Frame | Mark]],
        target: assembly.Takes,
        write: Callable[[av.VideoFrame], None],
        *,
        beginning: Beginning | None = None,
        at_mark: Callable[[Mark], None] | None = None,
    ) -> Profile:
        """Paint frames, and hand over the pictures.

        Args:
            frames: gives them, in RGB or only as planes, as it is told.
            target: what the pictures are for.
            write: takes them, in the thread that writes.
            beginning, at_mark: see `runner.run`.

        Raises:
            DeviceError: there is too little memory.
        """
        way = self.way_to(target)
        stages = assembly.stages(self._request, self._painter, target.pixel_format, self._device)
        compose = assembly.compositor(self._request, self._looks, self.signal, target, self.coverage)
        with self._enough_memory():
            return runner.run(
                frames(way.needs_rgb),
                stages,
                lambda frame: write(compose(frame)),
                signal=self.signal,
                batch_size=self._batch_size,
                transfer=way,
                depth=max(self._batch_size, runner.channel_depth(self.signal)),
                beginning=beginning,
                at_mark=at_mark,
            )

    @contextmanager
    def _enough_memory(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            if is_out_of_memory(error):  # outside the engine, which knows what to do
                raise self._out_of_memory() from error
            raise

    def _out_of_memory(self) -> DeviceError:
        smaller = "`batch_size` or `max_size`" if self._batch_size > 1 else "`max_size`"
        return DeviceError(
            f"{self._device}: too little memory for frames of {self.signal.width}x{self.signal.height}, "
            f"{self._batch_size} at once; use a smaller {smaller}, or `device` cpu"
        )
