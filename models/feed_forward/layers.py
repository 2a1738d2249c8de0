"""Layers of painters with styles: normalisation by style, residual blocks, upsampling and convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class StyleNumbers(NamedTuple):
    """Styles as what paints takes them, and by which means and variances to normalise.

    All are (N, K) or (1, K): means lie where a style has the scales, variances where it has the shifts.
    """

    vector: Tensor  # the scales and shifts of all normalisations
    statistics: Tensor | None = None  # without them each picture is normalised by its own
    seen: Callable[[int, Tensor], None] | None = None  # told of what each normalisation, by `start`, is given


Style = Tensor | StyleNumbers  # or (N, S) or (1, S) weights over a network's own styles


class ConditionalInstanceNorm(nn.Module):
    """Instance normalisation with a scale and a shift for each style (Dumoulin et al. 2017, eq. 5)."""

    def __init__(self, channels: int, styles: int, *, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))
        self.epsilon = epsilon
        self.start = 0  # of its scales among a style's numbers; its shifts follow
        self.phases = 1  # channels of the input, side by side, that are one channel; see `phases.py`

    def forward(self, x: Tensor, style: Style) -> Tensor:
        """Normalise.

        Args:
            x: (N, C, H, W) features.
            style: numbers of which these are its own, or weights over its styles.
        """
        if isinstance(style, StyleNumbers):
            if style.seen is not None:
                style.seen(self.start, x)
            channels = x.shape[1] // self.phases
            scale, shift = self._own(style.vector, channels)
            if style.statistics is not None:
                mean, variance = self._own(style.statistics, channels)
                scale = scale * torch.rsqrt(variance + self.epsilon)
                shift = shift - mean * scale
            if self.phases > 1:
                scale, shift = (_repeated(numbers, self.phases) for numbers in (scale, shift))
            if style.statistics is not None:
                return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))
            return normalised(x, scale, shift, self.epsilon, phases=self.phases)
        with torch.autocast(x.device.type, enabled=False):  # which would round the mixture to 8 bits
            scale, shift = (
                _repeated((style @ p)[..., None, None], self.phases) for p in (self.scale, self.shift)
            )
        return normalised(x, scale, shift, self.epsilon, phases=self.phases)

    def _own(self, numbers: Tensor, channels: int) -> tuple[Tensor, Tensor]:
        """Its own of all normalisations' numbers, two for each channel: (N, C, 1, 1) each."""
        middle = self.start + channels
        return numbers[:, self.start : middle, None, None], numbers[:, middle : middle + channels, None, None]


def normalised(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float, *, phases: int = 1) -> Tensor:
    """(N, C, H, W) features with mean 0 and variance 1, scaled and shifted by (N or 1, C, 1, 1) each.

    So many `phases`, side by side, have their mean and variance in common.
    """
    if phases == 1 and is_traced():  # OpenVINO has a kernel for that form of it
        return torch.addcmul(shift, F.instance_norm(x, eps=epsilon), scale)
    centred = x - _mean(x, phases).to(x.dtype)
    # Squares of more than 255 are more than float16 can say.
    wide = centred.float() if x.dtype == torch.float16 else centred
    variance = _mean(wide.square(), phases)
    return torch.addcmul(shift.to(x.dtype), centred, (scale * torch.rsqrt(variance + epsilon)).to(x.dtype))


def is_traced() -> bool:
    """Whether OpenVINO's converter looks on."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _mean(x: Tensor, phases: int) -> Tensor:
    """Of each channel of each picture, in float32 whatever `x` is: (N, C, 1, 1)."""
    # Not torch.var_mean: on channels-last features it takes ten times as long as two means.
    mean = x.mean((2, 3), keepdim=True, dtype=torch.float32)
    if phases == 1:
        return mean
    return _repeated(mean.reshape(mean.shape[0], -1, phases, 1).mean(2, keepdim=True), phases)


def _repeated(numbers: Tensor, phases: int) -> Tensor:
    """(N, C, 1, 1) -> (N, C * phases, 1, 1), the same number for all phases of a channel."""
    return numbers.expand(-1, -1, phases, -1).flatten(1, 2).unsqueeze(-1)


class ResizeConv(nn.Module):
    """Bilinear upsampling by two, then a 3x3 convolution, computed as one convolution at the low size.

    Upsampling is linear and shift-invariant but for the four phases of a 2x2 cell, so each phase of
    the result is a 3x3 convolution of the small picture, whose kernel is the learned one folded with
    the bilinear weights. One convolution with four times the outputs and a pixel shuffle give the same
    numbers without ever writing the large, wide feature map. Borders are replicated at the low size.
    """

    fold: Tensor
    folded: Tensor | None

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, 3)  # for its initialisation
        self.weight = convolution.weight
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("fold", _bilinear_fold(), persistent=False)
        self.register_buffer("folded", None, persistent=False)
        self.shuffles = True  # else the four phases stay channels, side by side; see `phases.py`
        self.padding_mode = "replicate"  # a convolution's word for it, so that borders can be told alike

    def freeze(self) -> None:
        """Fold the kernel once and for all, for a network that only paints."""
        self.folded = self.kernel().detach()

    def kernel(self) -> Tensor:
        """The folded kernel, (4 * outputs, inputs, 3, 3), phases of an output side by side."""
        if self.folded is not None:
            return self.folded
        folded: Tensor = torch.einsum("oikl,pjk,qml->opqijm", self.weight, self.fold, self.fold)
        o, p, q, i, j, m = folded.shape
        return folded.reshape(o * p * q, i, j, m)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2H, 2W), or (N, 4 * outputs, H, W)."""
        padded = F.pad(x, (1, 1, 1, 1), mode=self.padding_mode)
        phases = F.conv2d(padded, self.kernel(), self.bias.repeat_interleave(4))
        return F.pixel_shuffle(phases, 2) if self.shuffles else phases


def _bilinear_fold() -> Tensor:
    """(2, 3, 3): weight of low-resolution neighbour j (-1, 0, 1) in kernel tap k, for each phase.

    Read off `F.interpolate` itself, so that the two can't disagree.
    """
    # Never on "meta", where torch would compile that by what takes it more than a second to import.
    impulses = torch.eye(5, device="cpu").unsqueeze(1)  # neighbours -2 .. 2 of a low-resolution pixel
    fine = F.interpolate(impulses, scale_factor=2, mode="linear", align_corners=False)[:, 0]
    centre = 4  # phase 0 of the pixel in the middle
    phases = [fine[1:4, centre + p - 1 : centre + p + 2] for p in (0, 1)]  # (3 low, 3 taps)
    return torch.stack(phases)


class Stage(nn.Module):
    """A convolution, normalisation by style, and what bends its outcome: (N, C, H, W) -> what that gives.

    Args:
        convolution: to so many `channels`.
        channels: that are normalised.
        styles: how many.
        bend: by default a ReLU.
    """

    def __init__(
        self, convolution: nn.Module, channels: int, styles: int, bend: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.convolution = convolution
        self.norm = ConditionalInstanceNorm(channels, styles)
        self.bend = bend or nn.ReLU()

    def forward(self, x: Tensor, style: Style) -> Tensor:
        """Convolve, normalise, bend."""
        bent: Tensor = self.bend(self.norm(self.convolution(x), style))
        return bent


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with normalisation, added to the input (Johnson et al. 2016, appendix).

    Args:
        channels: of input and output.
        styles: how many.
        bend: what is between the two, by default a ReLU.
        convolve: makes a convolution of so many inputs and outputs.
    """

    def __init__(
        self,
        channels: int,
        styles: int,
        bend: nn.Module | None = None,
        convolve: Callable[[int, int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        convolve = convolve or convolution
        self.conv1 = convolve(channels, channels)
        self.norm1 = ConditionalInstanceNorm(channels, styles)
        self.conv2 = convolve(channels, channels)
        self.norm2 = ConditionalInstanceNorm(channels, styles)
        self.bend = bend or nn.ReLU()

    def forward(self, x: Tensor, style: Style) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        y = self.bend(self.norm1(self.conv1(x), style))
        residual: Tensor = self.norm2(self.conv2(y), style)
        return x + residual


def convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    """3x3 with mirrored borders; a normalisation follows."""
    # No bias where a normalisation follows: it would subtract it again.
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect", bias=False)
