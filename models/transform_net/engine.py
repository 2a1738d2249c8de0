"""What paints: a network run on a device, whole pictures or in tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylize_video.errors import DeviceError
from stylize_video.models.feed_forward.styled_parameters import StyleVector
from stylize_video.models.runtimes.devices import Device, is_out_of_memory
from stylize_video.models.runtimes.fastest import fastest_runtime
from stylize_video.models.runtimes.program import Program, Runtime
from stylize_video.models.transform_net import tiles
from stylize_video.models.transform_net.parameters import TransformParameters
from stylize_video.models.transform_net.shape import STRIDE
from stylize_video.pictures.arrays import joined, padded, to_device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from stylize_video.models.transform_net.transform_net import TransformNet
    from stylize_video.pictures.arrays import Pictures

_TILED_ABOVE = 4096 * 2304  # px of a picture; larger ones are painted in tiles where that saves memory
_TILE = 512  # px
_SMALLEST_TILE = 64  # px


class Engine:
    """Paints pictures of any size with one network, in a style that may be another for each of them.

    Args:
        runtime: what runs the network.
        style: its scales and shifts.
        tile: side of the tiles in px; 0: none; None: for large pictures, where that saves memory.
    """

    def __init__(self, runtime: Runtime, style: StyleVector, tile: int | None = None) -> None:
        self._runtime = runtime
        self.style = style
        self._tile = tile
        self._at_once = 2**31  # pictures; less once memory has run out
        self.notes: list[str] = []  # what a user should know of it

    @property
    def device(self) -> Device:
        """Where it paints."""
        return self._runtime.device

    @property
    def style(self) -> StyleVector:
        """The style of what is painted from now on: numbers, so that another costs no time.

        Of another set of convolutions they mean nothing; see `TransformParameters.convolutions`.
        """
        return self._style

    @style.setter
    def style(self, style: StyleVector) -> None:
        numbers = style.reshape(1, 1, 1, -1)
        on_cpu = self.device.type == "cpu"
        # One assignment each: whoever paints meanwhile, in another thread, has the one or the other.
        self._numbers: Pictures = numbers if on_cpu else to_device(numbers, self.device.type)
        self._style = style

    def paint(self, images: Pictures, known: None = None, /) -> Pictures:  # noqa: ARG002
        """Paint; where the device's memory is too small, fewer pictures at a time, then in tiles.

        Args:
            images: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1; paintings are uint8 or float32,
                arrays or tensors as these are.
            known: nothing: each picture is painted by itself.

        Raises:
            DeviceError: not even a tile fits into the device's memory.
        """
        while True:
            try:
                return self._paint_in_parts(images)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Not in the handler, where the error keeps what the failed call had allocated.
            self._spare_memory(images)

    def new_shot(self) -> None:
        """Nothing is known: each picture is painted by itself."""

    def _paint_in_parts(self, images: Pictures) -> Pictures:
        if len(images) <= self._at_once:
            return self._paint(images)
        firsts = range(0, len(images), self._at_once)
        painted: Pictures = joined([self._paint(images[first : first + self._at_once]) for first in firsts])
        return painted

    def _spare_memory(self, images: Pictures) -> None:
        """Remember to take less at a time from now on."""
        most = min(len(images), self._at_once)
        smaller = (self._tile_for(images) or max(images.shape[1:3])) // 2
        if most > 1:
            self._at_once = most // 2
        elif smaller >= _SMALLEST_TILE:
            self._tile = smaller
        else:
            height, width = images.shape[1:3]
            raise DeviceError(
                f"{self.device}: too little memory for {width}x{height}; use `max_size` or `device` cpu"
            )
        self._runtime.forget()

    def _paint(self, images: Pictures) -> Pictures:
        height, width = images.shape[1:3]
        padded = _padded(images)
        tile = self._tile_for(padded)
        style = self._numbers
        if tile:
            painted = tiles.paint(self._runtime, padded, style, tile)
        else:
            painted = self._runtime.run("paint", padded, style)
        return painted[:, :height, :width]

    def _tile_for(self, images: Pictures) -> int:
        """The tiles' side, or 0 for none."""
        height, width = images.shape[1:3]
        tile = self._tile
        if tile is None:
            tile = _TILE if height * width > _TILED_ABOVE and not self._runtime.frugal else 0
        return tile if tile < max(height, width) else 0


def create(
    network: TransformNet,
    style: Tensor,
    device: Device,
    *,
    exact: bool = False,
    tile: int | None = None,
) -> Engine:
    """The fastest engine for a device, of a network in memory; else as `open_engine`.

    Args:
        network: stays as it is.
        style: (S,) weights over its styles.
        device, exact, tile: see `open_engine`.
    """
    parameters = TransformParameters.of(network)
    return open_engine(parameters, parameters.mixed(style.tolist()), device, exact=exact, tile=tile)


def open_engine(
    parameters: TransformParameters,
    style: StyleVector,
    device: Device,
    *,
    exact: bool = False,
    tile: int | None = None,
) -> Engine:
    """The fastest engine for a device. On a CPU it needs no torch once its program has been converted.

    Args:
        parameters: of the network.
        style: see `Engine`.
        device: where to paint.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        tile: see `Engine`.
    """
    runtime, notes = fastest_runtime(program(parameters), device, exact=exact)
    made = Engine(runtime, style, tile)
    made.notes += notes
    return made


def program(parameters: TransformParameters) -> Program:
    """A network in all its styles, ready to paint."""

    def build() -> Mapping[str, nn.Module]:
        from stylize_video.models.transform_net import sections

        return sections.modules(parameters.network())

    return Program(build, b"transform-net" + parameters.convolutions)


def _padded(images: Pictures) -> Pictures:
    """Mirrored to the right and below to a multiple of `STRIDE`, and to twice that at least."""
    height, width = images.shape[1:3]
    down, right = (max(2 * STRIDE - side, -side % STRIDE) for side in (height, width))
    bordered: Pictures = padded(images, down, right)
    return bordered
