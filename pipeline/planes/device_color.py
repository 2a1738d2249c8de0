"""Between stored planes and RGB on the device, so that 1.5 bytes a pixel cross the bus and not 3 or 12.

What `color.ColorConverter` has libswscale do, in torch: the same matrix, range and filter for chroma.
But chroma is put back where it was taken from, and RGB is not rounded on the way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import av
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.pipeline.planes import color
from stylize_video.pipeline.signal import ColorTags

# Where chroma sample 0 lies across, in luma pixels from luma sample 0: as MPEG-2, H.264 and their kin
# have it unless they say otherwise, and as JPEG has it. Down, it is in the middle in both. libswscale
# goes by the decoded frame's own tag, which PyAV doesn't show; of frames made by hand it takes CENTRED.
CENTRED, LEFT = 0.5, 0.0

# KR and KB, the weights of red and blue in the luma, by matrix code (ITU-T H.273, table 4): BT.709-6,
# FCC, BT.601-7 (twice), SMPTE 240M, BT.2020-2 (twice: `color` takes constant luminance as the other).
_LUMA_WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)}
_LUMA_WEIGHTS |= {7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}

Taps = list[tuple[int, float]]  # (offset in samples of the input, weight), in order; the weights sum to 1


def supported(pixel_format: str) -> bool:
    """Whether a format is planar luma and chroma, 4:2:0, 4:2:2, 4:4:0 or 4:4:4, of 8 to 16 bits."""
    return re.fullmatch(r"yuvj?4(20|22|40|44)p((9|10|12|14|16)le)?", pixel_format) is not None


class Coding(NamedTuple):
    """How planes stand for Y, `black + span * Y`, and for Cb and Cr, `zero + chroma_span * C`."""

    weights: tuple[float, float]  # KR, KB
    black: int
    span: int
    zero: int
    chroma_span: int
    peak: int  # the highest code


def coding(pixel_format: str, tags: ColorTags, height: int) -> Coding:
    """The coding that `tags` say, or `height` (px) where they don't. ITU-T H.273, 8.3."""
    weights, bits = _LUMA_WEIGHTS[color.matrix_of(tags, height)], color.bit_depth(pixel_format)
    unit, peak = 1 << (bits - 8), (1 << bits) - 1
    if color.effective_range(pixel_format, tags) == color.FULL:
        return Coding(weights, 0, peak, 128 * unit, peak, peak)
    return Coding(weights, 16 * unit, 219 * unit, 128 * unit, 224 * unit, peak)


def luma_chroma_of(rgb: Tensor, weights: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """(N, 3, H, W) in 0..1 -> Y (N, H, W) in 0..1; Cb, Cr (N, 2, H, W) in -0.5..0.5. ITU-T H.273, 8.3."""
    (kr, kb), (r, g, b) = weights, rgb.unbind(1)
    luma = kr * r + (1 - kr - kb) * g + kb * b
    return luma, torch.stack([(b - luma) / (2 - 2 * kb), (r - luma) / (2 - 2 * kr)], 1)


def rgb_of(luma: Tensor, chroma: Tensor, weights: tuple[float, float]) -> tuple[Tensor, Tensor, Tensor]:
    """The inverse of `luma_chroma_of`: R, G, B (N, H, W) each, outside 0..1 where no screen shows them."""
    kr, kb = weights
    r, b = luma + (2 - 2 * kr) * chroma[:, 1], luma + (2 - 2 * kb) * chroma[:, 0]
    return r, (luma - kr * r - kb * b) / (1 - kr - kb), b


def upsampled(chroma: Tensor, dim: int, size: int, siting: float) -> Tensor:
    """(N, C, h, w) float -> twice as many samples along `dim` (2 or 3), cut to `size`."""
    phases = [_filtered(chroma, _taps((i - siting) / 2, 1), dim, 1, chroma.shape[dim]) for i in (0, 1)]
    return torch.stack(phases, dim + 1).flatten(dim, dim + 1).narrow(dim, 0, size)


def downsampled(chroma: Tensor, dim: int, siting: float) -> Tensor:
    """(N, C, H, W) float -> half as many samples along `dim` (2 or 3), rounded up."""
    return _filtered(chroma, _taps(siting, 2), dim, 2, (chroma.shape[dim] + 1) // 2)


def _taps(centre: float, stretch: int) -> Taps:
    """The cubic kernel, made `stretch` times as wide, about `centre` in samples of the input."""
    near = range(math.ceil(centre - 2 * stretch), math.floor(centre + 2 * stretch) + 1)
    taps = [(i, _cubic((i - centre) / stretch)) for i in near]
    total = sum(weight for _, weight in taps)
    return [(i, weight / total) for i, weight in taps if abs(weight) > 1e-9]


def _cubic(x: float) -> float:
    """The kernel of cubic convolution (Keys 1981), with libswscale's a = -0.6."""
    a, x = -0.6, abs(x)
    if x < 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def _filtered(samples: Tensor, taps: Taps, dim: int, step: int, count: int) -> Tensor:
    """The weighted sum about `count` samples along `dim`, `step` apart; beyond the edges they repeat."""
    reach = (count - 1) * step + 1
    before, after = max(0, -taps[0][0]), max(0, reach + taps[-1][0] - samples.shape[dim])
    sides = (0, 0, before, after) if dim == 2 else (before, after, 0, 0)
    padded = F.pad(samples, sides, mode="replicate")
    # Shifted copies rather than a convolution, which cuDNN would do in TF32, with 10 bits.
    total = torch.zeros((), device=samples.device)
    for offset, weight in taps:
        shifted = padded.narrow(dim, before + offset, reach).unfold(dim, 1, step).squeeze(-1)
        total = torch.add(total, shifted, alpha=weight)
    return total


class PlaneCoder:
    """Between the stored planes of one film and upright RGB on a device.

    Args:
        tags, coded_height, quarter_turns, output: as `color.ColorConverter`'s.
        pixel_format, output_format: of the planes read, and of those made (by default the same); `supported`.
        device, dtype: of the pictures. The arithmetic is in float32 whatever the dtype.
        siting: where chroma lies across, LEFT or CENTRED.
    """

    def __init__(
        self,
        tags: ColorTags,
        coded_height: int,
        pixel_format: str,
        quarter_turns: int = 0,
        *,
        device: torch.device,
        output: ColorTags | None = None,
        output_format: str | None = None,
        dtype: torch.dtype = torch.float32,
        siting: float = LEFT,
    ) -> None:
        self._format, self._output_format = pixel_format, output_format or pixel_format
        for name in (self._format, self._output_format):
            if not supported(name):
                raise ValueError(f"{name} is not planar luma and chroma of 8 to 16 bits")
        self._tags, self._output, self._height = tags, output or tags, coded_height
        self._turns, self._siting = quarter_turns, {2: CENTRED, 3: siting}  # by dimension
        self._device, self._dtype = device, dtype

    def images(self, planes: Sequence[av.VideoFrame]) -> Tensor:
        """Stored planes of N frames of one size -> (N, H, W, 3) RGB in 0..1, upright."""
        names = {picture.format.name for picture in planes}
        if {name.replace("yuvj", "yuv") for name in names} != {self._format.replace("yuvj", "yuv")}:
            raise ValueError(f"frames are {sorted(names)}, not {self._format}")
        code = coding(planes[0].format.name, self._tags, self._height)
        views = [color.planes_of(picture) for picture in planes]
        luma = (_upload([[y] for y, _, _ in views], self._device)[:, 0] - code.black) / code.span
        chroma = (_upload([both for _, *both in views], self._device) - code.zero) / code.chroma_span
        for dim in _halved(self._format):
            chroma = upsampled(chroma, dim, luma.shape[dim - 1], self._siting[dim])
        rgb = rgb_of(luma, chroma, code.weights)
        stored = torch.stack([channel.clamp(0, 1).to(self._dtype) for channel in rgb], -1)
        stored = torch.rot90(stored, self._turns, (1, 2)) if self._turns else stored
        return stored.contiguous()

    def planes(self, images: Tensor) -> list[av.VideoFrame]:
        """(N, H, W, 3) upright RGB in 0..1 on any device -> N frames of stored planes, without times."""
        return self.start(images)()

    def start(self, images: Tensor) -> Callable[[], list[av.VideoFrame]]:
        """Begin to do what `planes` does; what is returned waits for the result."""
        name, code = self._output_format, coding(self._output_format, self._output, self._height)
        stored = torch.rot90(images, -self._turns, (1, 2)) if self._turns else images
        stored = stored.detach().permute(0, 3, 1, 2).float().clamp(0, 1)
        luma, chroma = luma_chroma_of(stored, code.weights)
        for dim in _halved(name):
            chroma = downsampled(chroma, dim, self._siting[dim])
        lumas = _download(luma[:, None] * code.span + code.black, code.peak)
        chromas = _download(chroma * code.chroma_span + code.zero, code.peak)
        arrived, (height, width) = _event(images.device), luma.shape[1:]

        def finish() -> list[av.VideoFrame]:
            if arrived is not None:
                arrived.synchronize()
            frames = [av.VideoFrame(width, height, name) for _ in lumas]
            for frame, y, both in zip(frames, lumas, chromas, strict=True):
                frame.colorspace, frame.color_range = self._output.matrix, self._output.range
                for view, plane in zip(color.planes_of(frame), (*y, *both), strict=True):
                    view[...] = plane
            return frames

        return finish


def _event(device: torch.device) -> torch.cuda.Event | None:
    """When all that was asked of the current stream so far is done; None where nothing is put off."""
    if device.type != "cuda":
        return None
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()
    return event


def _halved(pixel_format: str) -> list[int]:
    """The dimensions of (N, C, H, W) along which chroma has half as many samples."""
    layout = av.VideoFormat(pixel_format)
    return [dim for dim, two in ((2, layout.chroma_height(2)), (3, layout.chroma_width(2))) if two == 1]


def _upload(planes: list[list[color.Samples]], device: torch.device) -> Tensor:
    """C planes (h, w) of each of N frames -> (N, C, h, w) float32 codes on the device, in one transfer."""
    deep = planes[0][0].dtype == np.uint16  # which torch can hardly do anything with: it travels as int16
    shape, dtype = (len(planes), len(planes[0]), *planes[0][0].shape), torch.int16 if deep else torch.uint8
    host = torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")
    flat = host.flatten(0, 1).numpy().view(planes[0][0].dtype)
    np.stack([plane for frame in planes for plane in frame], out=flat)
    codes = host.to(device, non_blocking=True)
    return codes.int().bitwise_and_(0xFFFF).float() if deep else codes.float()


def _download(codes: Tensor, peak: int) -> color.Samples:
    """(N, C, h, w) float codes -> the same rounded, uint8 or uint16, on the host, in one transfer.

    From CUDA the transfer is only begun.
    """
    whole = codes.round().clamp(0, peak)
    whole = whole.to(torch.uint8) if peak < 256 else whole.int().short()  # whose bits are uint16's
    host = torch.empty(whole.shape, dtype=whole.dtype, pin_memory=whole.is_cuda)
    host.copy_(whole, non_blocking=True)
    return host.numpy() if peak < 256 else host.numpy().view(np.uint16)
