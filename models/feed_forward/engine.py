"""What paints frame and canvas: one network, on the fastest runtime of a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import DeviceError
from stylize_video.models.canvas import CELL, CHANNELS, Canvas, Field
from stylize_video.models.feed_forward.parameters import CanvasParameters, StyleVector
from stylize_video.models.feed_forward.shape import STRIDE, CanvasNetConfig
from stylize_video.models.runtimes.devices import Device, is_out_of_memory
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.runtimes.program import Program, Runtime
from stylize_video.pictures.arrays import joined, padded, to_device

if TYPE_CHECKING:
    from torch import nn

    from stylize_video.pictures.arrays import Pictures


class CanvasEngine:
    """Paints pictures of any size, each whole and with its canvas.

    It keeps nothing of a film and no style: many may be painted at once.

    Args:
        runtime: runs `program` of the network.
        seed: of the field that all canvases lie in.
        config: of the network.
    """

    overlaps = True  # `begin` may be called again before its pictures are done

    def __init__(self, runtime: Runtime, *, seed: int, config: CanvasNetConfig | None = None) -> None:
        self._runtime = runtime
        self._config = config or CanvasNetConfig()
        self._in_tiles = False  # once not even one picture has fitted into memory
        self._seed = seed
        self._at_once = 2**31  # pictures; less once memory has run out
        self.notes: list[str] = []  # what a user should know of it

    @property
    def device(self) -> Device:
        """Where it paints."""
        return self._runtime.device

    def new_canvas(self, height: int, width: int) -> Canvas:
        """That of a shot's first picture, whose sides are so many px; the same for each shot."""
        return Canvas.of(height, width, seed=self._seed)

    def looked_up(self, canvas: Canvas) -> Canvas:
        """The same with the field's noise."""
        return replace(canvas, noise=self.field.at(canvas.places))

    def new_shot(self) -> Any:
        """What `paint` will know of a shot: nothing, each picture is painted by itself."""

    @cached_property
    def field(self) -> Field:
        """What canvases lie in: drawn once, at the first picture."""
        return Field.draw(self._seed)

    def prepare(self, height: int, width: int, style: StyleVector, *, at_once: int = 1) -> None:
        """Compile what paints pictures of bytes of that size (px), so many at once."""
        if self.device.type != "cpu":
            return
        rows, columns = (side + _missing(side) for side in (height, width))
        images = np.zeros((at_once, rows, columns, 3), np.uint8)
        noise = np.zeros((at_once, rows // CELL, columns // CELL, CHANNELS), np.float32)
        with suppress(RuntimeError):  # too little memory: whoever paints knows what to do
            self._prepare(images, noise, style.reshape(1, 1, 1, -1))

    def _prepare(self, images: Pictures, noise: NDArray[np.float32], style: Pictures) -> None:
        """Compile what paints these."""
        self._runtime.prepare("paint", images, noise, style)

    def paint(
        self, images: Pictures, canvases: Sequence[Canvas], style: StyleVector, _: Any = None, /
    ) -> Pictures:
        """Paint; where the device's memory is too small, fewer pictures at a time.

        Args:
            images: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1; paintings are uint8 or float32,
                arrays or tensors as these are.
            canvases: N, of pictures of this size.
            style: the scales and shifts of their style: an input, so that another costs no time.

        Raises:
            DeviceError: not even one picture fits into the device's memory.
        """
        return self._painted(images, *self._given(canvases, style))

    def begin(
        self, images: Pictures, canvases: Sequence[Canvas], style: StyleVector, _: Any = None, /
    ) -> Callable[[], Pictures]:
        """Begin to paint, where it `overlaps`; what is returned waits, and has to be called. See `paint`.

        On a CPU the next pictures may be begun meanwhile, so that no core waits for the last of these.
        """
        noise, numbers = self._given(canvases, style)
        again = partial(self._painted, images, noise, numbers)
        if self._in_tiles or len(images) > self._at_once:
            return again
        try:
            under_way = self._begun(images, noise, numbers)
        except RuntimeError as error:
            if is_out_of_memory(error):
                return again
            raise

        def painted() -> Pictures:
            """Wait for them, or paint fewer at a time."""
            try:
                return under_way()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            return again()

        return painted

    def _given(self, canvases: Sequence[Canvas], style: StyleVector) -> tuple[NDArray[np.float32], Pictures]:
        """What the network takes beside the pictures, (N, h, w, C) and (1, 1, 1, C)."""
        found = [np.moveaxis(self._noise(canvas), 0, -1)[None] for canvas in canvases]
        numbers: Pictures = style.reshape(1, 1, 1, -1)
        if self.device.type != "cpu":
            numbers = to_device(numbers, self.device.type)
        return found[0] if len(found) == 1 else np.concatenate(found), numbers

    def _painted(self, images: Pictures, noise: NDArray[np.float32], style: Pictures) -> Pictures:
        while True:
            try:
                return self._paint_in_parts(images, noise, style)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Not in the handler, where the error keeps what the failed call had allocated.
            self._spare_memory(images)

    def _noise(self, canvas: Canvas) -> NDArray[np.float32]:
        return self.field.at(canvas.places) if canvas.noise is None else canvas.noise

    def _spare_memory(self, images: Pictures) -> None:
        """Remember to take fewer at a time from now on, or parts of one."""
        at_once = min(len(images), self._at_once)
        if at_once == 1 and self._config.tiled and not self._in_tiles:
            self._in_tiles = True
        elif at_once == 1:
            height, width = images.shape[1:3]
            raise DeviceError(
                f"{self.device}: too little memory to paint {width}x{height} px whole; "
                "use `max_size` or `device` cpu"
            )
        self._at_once = max(1, at_once // 2)
        self._runtime.forget()

    def _paint_in_parts(self, images: Pictures, noise: NDArray[np.float32], style: Pictures) -> Pictures:
        parts = [slice(first, first + self._at_once) for first in range(0, len(images), self._at_once)]
        painted = [self._paint(images[part], noise[part], style) for part in parts]
        together: Pictures = joined(painted)
        return together

    def _paint(self, images: Pictures, noise: NDArray[np.float32], style: Pictures) -> Pictures:
        if not self._in_tiles:
            return self._begun(images, noise, style)()
        height, width = images.shape[1:3]
        painted = self._config.in_tiles(self._runtime.run, *fitting(images, noise), style)
        return painted[:, :height, :width]

    def _begun(self, images: Pictures, noise: NDArray[np.float32], style: Pictures) -> Callable[[], Pictures]:
        """Pictures that are being painted; what is returned waits for them."""
        height, width = images.shape[1:3]
        under_way = self._runtime.start("paint", *fitting(images, noise), style)
        return lambda: under_way()[0][:, :height, :width]


def fitting(images: Pictures, noise: NDArray[np.float32]) -> tuple[Pictures, NDArray[np.float32]]:
    """Pictures and their canvases, mirrored at the border as far as they lack px to fit the network."""
    height, width = images.shape[1:3]
    wide = padded(images, _missing(height), _missing(width))
    rows, columns = (side // CELL for side in wide.shape[1:3])
    # Mirrored as the picture is, so that the border's strokes lie on what belongs to them.
    return wide, padded(noise, rows - noise.shape[1], columns - noise.shape[2])


def _missing(side: int) -> int:
    """How many px a side lacks to fit the network."""
    return max(2 * STRIDE - side, -side % STRIDE)


def open_engine(
    parameters: CanvasParameters, device: Device, *, exact: bool = False, seed: int = 0
) -> CanvasEngine:
    """The fastest engine for a device. On a CPU it needs no torch once its program has been converted.

    Args:
        parameters: of the network.
        device: where to paint.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        seed: see `CanvasEngine`.
    """
    runtime, notes = fastest_runtime(program(parameters), device, exact=exact)
    made = parameters.config.engine(runtime, seed=seed)
    made.notes += notes
    return made


def program(parameters: CanvasParameters) -> Program:
    """A network in all its styles, ready to paint."""

    def build() -> Mapping[str, nn.Module]:
        """All sections of the network, frozen."""
        return parameters.config.sections(parameters.network().freeze())

    ranges = {"paint": parameters.ranges} if parameters.ranges else {}
    return Program(build, b"canvas-net" + parameters.convolutions, ranges)
