"""What a photograph allows its colours to do: the matting Laplacian, and the term that keeps to it.

Levin, Lischinski & Weiss 2008, "A Closed-Form Solution to Natural Image Matting". A picture costs nothing
where it is, in each small window, an affine function of the photograph's colours there: then edges stay
where they were and what was straight stays straight, while colours may change from place to place.
Luan et al. 2017, "Deep Photo Style Transfer", hold a painting to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from stylize_video.pictures.pictures import Picture

Term = Callable[[Tensor], Tensor]  # (1, 3, H, W) in 0..1 -> scalar loss, weighted

EPSILON = 1e-7  # Levin's and Luan's, for colours in 0..1
# With theirs a photograph's grain, of a variance of 1e-4 or so, may become grain of any strength and colour.
GRAIN = 1e-4


def laplacian(picture: Picture, *, epsilon: float = EPSILON, radius: int = 1) -> sparse.csr_matrix:
    """The matting Laplacian (Levin et al. 2008, equation 12).

    Symmetric, positive semi-definite, and its rows sum to 0. Windows lie wholly inside the picture; one that
    is narrower than a window has none, and the matrix is 0. It takes 0.3 KB a pixel, and 1 KB more while it
    is made: 80 and 300 MB for 512x512 px, in about a second.

    Args:
        picture: (H, W, 3) uint8 RGB.
        epsilon: > 0, added to the colours' variance in a window; with more of it less structure is allowed.
        radius: px, at least 1; a window is (2 radius + 1) squared.

    Returns:
        (H*W, H*W) float64; pixels are counted row by row.
    """
    if not epsilon > 0:
        raise ValueError(f"{epsilon = } must be above 0")
    if radius < 1:
        raise ValueError(f"{radius = } must be at least 1")
    height, width = picture.shape[:2]
    pixels = height * width
    if min(height, width) <= 2 * radius:
        return sparse.csr_matrix((pixels, pixels))
    above = _pairs(picture.astype(np.float64) / 255, epsilon, radius)
    diagonal = above.pop(0).ravel()
    rows = [values.ravel()[: pixels - step] for step, values in above.items()]
    upper = sparse.diags_array(rows, offsets=list(above), shape=(pixels, pixels), format="csr")
    return sparse.csr_matrix(upper + upper.T + sparse.diags_array(diagonal))


def _pairs(colours: NDArray[np.float64], epsilon: float, radius: int) -> dict[int, NDArray[np.float64]]:
    """What the windows say of each pixel and the one that is a step further on, summed: (H, W) for each step.

    Pixels are counted row by row. A loop over the pairs of places in a window, 45 for nine, each of which
    takes all windows at once; places as far apart in a narrow picture may be the same step.
    """
    height, width = colours.shape[:2]
    side = 2 * radius + 1
    places = [(y, x) for y in range(side) for x in range(side)]
    across = (height - side + 1, width - side + 1)  # windows
    from_mean = np.stack([colours[y : y + across[0], x : x + across[1]] for y, x in places])
    from_mean -= from_mean.mean(0)
    covariance = np.einsum("kyxa,kyxb->yxab", from_mean, from_mean) / len(places)
    inverse = np.linalg.inv(covariance + epsilon / len(places) * np.eye(3))
    found: dict[int, NDArray[np.float64]] = {}
    for first, (y, x) in enumerate(places):
        scaled = np.einsum("yxab,yxb->yxa", inverse, from_mean[first])
        for second in range(first, len(places)):
            alike = (1 + np.einsum("yxa,yxa->yx", scaled, from_mean[second])) / len(places)
            step = (places[second][0] - y) * width + places[second][1] - x
            sums = found.setdefault(step, np.zeros((height, width)))
            sums[y : y + across[0], x : x + across[1]] += (first == second) - alike
    return found


def affine_term(picture: Picture, weight: float, *, epsilon: float = GRAIN) -> Term:
    """The photorealism regularisation of Luan et al. 2017 (equation 2): sum_c V_c(O)^T M V_c(O).

    Departures from the paper: it is divided by the number of pixels, so that a weight means the same at
    each size, and epsilon is larger, so that grain isn't painted with. The matrix is made here, once; the
    product is scipy's, in float64 on the CPU, 15 ms for 512x512 px, so that a picture on another device
    goes there and back (3 MB each way).

    Args:
        picture: (H, W, 3) uint8 RGB, the photograph.
        weight: what the term is multiplied by; beside losses that are about 1, 3000 keeps what is straight
            straight.
        epsilon: see `laplacian`.

    Returns:
        A function of (1, 3, H, W) in 0..1, of the photograph's size, with its gradient, 2 M V_c(O).
    """
    matrix = laplacian(picture, epsilon=epsilon)
    height, width = picture.shape[:2]
    scale: float = weight / (height * width)

    def term(images: Tensor) -> Tensor:
        if images.shape != (1, 3, height, width):
            raise ValueError(
                f"{tuple(images.shape) = } must be {(1, 3, height, width)}, as the photograph is"
            )
        energy: Tensor = _Energy.apply(images, matrix)
        return scale * energy

    return term


class _Energy(torch.autograd.Function):
    """sum_c V_c^T M V_c for M symmetric; M V_c is kept, for the gradient is twice that."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, matrix: sparse.csr_matrix) -> Tensor:
        values = images.detach().double().cpu().reshape(3, -1).numpy().T
        product = matrix @ values
        ctx.save_for_backward(images.new_tensor(product.T).view(images.shape))
        energy: Tensor = images.new_tensor((values * product).sum())
        return energy

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (product,) = ctx.saved_tensors
        return 2 * gradient * product, None
