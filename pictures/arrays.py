"""Pictures as arrays (N, H, W, 3): of NumPy on the CPU, of torch on another device.

One payload flows through all stages. What is asked of it here works for both kinds, and imports torch only
where a tensor is at hand: on the CPU nothing needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]  # (H, W, 3) RGB, uint8 or uint16, full range, upright

if TYPE_CHECKING:
    from torch import Tensor

    Pictures = NDArray[Any] | Tensor  # uint8 in 0..255, or floating in 0..1


def is_bytes(pictures: Pictures) -> bool:
    """Whether they are uint8 in 0..255; else they are floating in 0..1."""
    return _dtype(pictures) == "uint8"


def is_known(pictures: Pictures) -> bool:
    """Whether they are of one of the two kinds at all."""
    return is_bytes(pictures) or _dtype(pictures) in ("float16", "float32", "float64")


def _dtype(pictures: Pictures) -> str:
    return str(pictures.dtype).removeprefix("torch.")


def to_unit(pictures: Pictures) -> Any:
    """Pictures of either kind -> float32 in 0..1; they themselves, if they are that already."""
    if isinstance(pictures, np.ndarray):
        wide = pictures.astype(np.float32, copy=False)
        return wide * np.float32(1 / 255) if is_bytes(pictures) else wide
    return pictures.float() * (1 / 255) if is_bytes(pictures) else pictures.float()


def to_kind(pictures: Any, like: Pictures) -> Any:
    """Floating pictures in 0..1 -> of the dtype of others, whose library is theirs."""
    if is_bytes(like):
        return to_bytes(pictures)
    if isinstance(pictures, np.ndarray):
        return pictures.astype(_dtype(like), copy=False)
    return pictures.to(like.dtype)


def to_bytes(pictures: Any) -> Any:
    """Floating pictures in 0..1 -> uint8 in 0..255, rounded; what lies beyond is cut off."""
    if isinstance(pictures, np.ndarray):
        return np.rint(pictures * np.float32(255)).clip(0, 255).astype(np.uint8)
    import torch

    return (pictures.float() * 255).round().clamp(0, 255).to(torch.uint8)


def to_host(pictures: Pictures) -> NDArray[Any]:
    """Of either library -> NumPy, contiguous, uint8 or float32."""
    if not isinstance(pictures, np.ndarray):
        pictures = (pictures if is_bytes(pictures) else pictures.float()).detach().contiguous().cpu().numpy()
    return np.ascontiguousarray(pictures)


def to_host_bytes(pictures: Pictures) -> NDArray[Any]:
    """Of either kind and library -> NumPy's uint8, rounded where they lie."""
    return to_host(pictures if is_bytes(pictures) else to_bytes(to_unit(pictures)))


def to_place(pictures: Pictures, like: Pictures) -> Any:
    """Pictures of either library -> of the library and on the device of others, in their own dtype."""
    if isinstance(like, np.ndarray):
        return to_host(pictures)
    return to_device(pictures, str(like.device))


def to_device(pictures: Pictures, device: str) -> Tensor:
    """Pictures of either library -> a tensor on a device, which torch calls so."""
    import torch

    tensor = torch.from_numpy(pictures) if isinstance(pictures, np.ndarray) else pictures
    return tensor.to(device)


def mixed(flat: Any, full: Any, share: float) -> Any:
    """`1 - share` of the one and `share` of the other, of floating pictures of one library."""
    # From the nearer end, so that a share of 1 is exactly the other.
    return flat + share * (full - flat) if share < 0.5 else full - (1 - share) * (full - flat)


def joined(parts: Sequence[Pictures]) -> Any:
    """Several arrays, or tensors, of pictures as one; a single one is itself."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    import torch

    return torch.cat([to_device(part, str(parts[0].device)) for part in parts])


def padded(pictures: Pictures, down: int, right: int) -> Any:
    """So many rows and columns more below and on the right: mirrored, or the edge where there are too few."""
    if not (down or right):
        return pictures
    mirrored = down < pictures.shape[1] and right < pictures.shape[2]
    if isinstance(pictures, np.ndarray):
        sides = ((0, 0), (0, down), (0, right), (0, 0))
        return np.pad(pictures, sides, mode="reflect" if mirrored else "edge")
    from torch.nn import functional as F

    planes = pictures.permute(0, 3, 1, 2).float()  # torch mirrors no bytes
    wide = F.pad(planes, (0, right, 0, down), mode="reflect" if mirrored else "replicate")
    return wide.to(pictures.dtype).permute(0, 2, 3, 1)


def empty(shape: Sequence[int], *, like: Pictures) -> Any:
    """An array or tensor of a shape, of the kind and place of another, with anything in it."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(tuple(shape))
