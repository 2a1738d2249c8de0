"""How much of a picture comes back from its features: what the encoder sees and the decoders can paint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import STRIDE
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

_SMALLEST_ERROR = 1e-10  # 100 dB: a picture that is given back to the last bit has no finite PSNR


def mean_psnr(
    network: WctNetwork, photographs: Sequence[Picture], *, size: int = MEASURED_SIZE
) -> dict[int, float]:
    """Means over photographs of `psnr_of_each`, by level."""
    found = psnr_of_each(network, photographs, size=size)
    return {level: float(np.mean([each[level] for each in found])) for level in LEVELS}


def psnr_of_each(
    network: WctNetwork, photographs: Sequence[Picture], *, size: int = MEASURED_SIZE
) -> list[dict[int, float]]:
    """By level, the PSNR in dB of each photograph encoded and decoded, without any transform.

    Args:
        network: on the CPU.
        photographs: (H, W, 3) uint8 RGB, at most 12 times as long as wide.
        size: px, the longer side that each gets before; right and below, up to 15 px are then cut off.

    Returns:
        For pictures in 0..1, clipped, with a peak of 1; at most 100 dB.
    """
    measured = []
    with torch.inference_mode():
        for photograph in photographs:
            photo = _whole_strides(to_tensor([resize_longer_side(photograph, size)]))
            features = network.encoder.features(photo, LEVELS[-1])
            measured.append(
                {
                    level: psnr(network.decode(features[f"relu{level}_1"], level).clamp(0, 1), photo)
                    for level in LEVELS
                }
            )
    return measured


def psnr(picture: Tensor, wanted: Tensor) -> float:
    """Peak signal-to-noise ratio in dB of pictures in 0..1, at most 100."""
    error = (picture.double() - wanted.double()).square().mean().item()
    return float(-10 * np.log10(max(error, _SMALLEST_ERROR)))


def _whole_strides(photo: Tensor) -> Tensor:
    height, width = (side // STRIDE * STRIDE for side in photo.shape[2:])
    return photo[..., :height, :width]
