"""Minimises a loss over the pixels of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

_HISTORY = 20  # steps that L-BFGS knows the curvature by
_FIRST = 0.03  # its first step, mean over all values; PyTorch's is 1 in all, which is as good as none
# The sum of its gradient's absolute values where it begins, to which the loss is scaled. PyTorch's L-BFGS
# takes products of steps and gradients below 1e-10 for rounding, and where the gradient is large the line
# search overflows float32: from a sum of some 1e13 on its steps were no numbers.
_STEEP = 1e6
_TINY = 1e-30
_LEARNING_RATE = 0.03  # Adam's at its peak, of 1

Loss = Callable[[Tensor], Tensor]  # (1, 3, H, W) -> scalar
OnLoss = Callable[[int, float], None]  # called with the number of evaluations so far, and the loss


def minimise(
    loss: Loss, start: Tensor, *, optimizer: str, evaluations: int, on_loss: OnLoss | None = None
) -> Tensor:
    """The best picture found.

    Args:
        loss: what is to be small; differentiable.
        start: where to begin.
        optimizer: "lbfgs" (Liu & Nocedal 1989, with a line search for the strong Wolfe conditions) or "adam"
            (Kingma & Ba 2015, with a step that falls to nothing along half a cosine).
        evaluations: of loss and gradient, at most.
        on_loss: told of each.

    Returns:
        Of the start's shape; finite if the start's loss is: a step to where it is not is not taken.
    """
    unit = _FIRST * start.numel() if optimizer == "lbfgs" else 1.0
    values = (start.detach() / unit).contiguous().requires_grad_()
    best, least = start.detach().clone(), math.inf
    evaluated = 0
    scale: Tensor | None = None

    def closure() -> Tensor:
        nonlocal best, least, evaluated, scale
        values.grad = None
        picture = values * unit
        value = loss(picture)
        value.backward()  # type: ignore[no-untyped-call]
        assert values.grad is not None
        if scale is None:
            scale = _STEEP / values.grad.abs().sum().clamp_min(_TINY)
        values.grad *= scale
        found = value.item()
        evaluated += 1
        if found < least:
            best, least = picture.detach(), found
        if on_loss is not None:
            on_loss(min(evaluated, evaluations), found)
        return value.detach() * scale

    if optimizer == "lbfgs":
        _lbfgs(values, evaluations, closure)
    else:
        _adam(values, evaluations, closure)
    return best


def _lbfgs(values: Tensor, evaluations: int, closure: Callable[[], Tensor]) -> None:
    lbfgs = torch.optim.LBFGS(
        [values],
        max_iter=evaluations,
        max_eval=evaluations,
        tolerance_grad=0,
        tolerance_change=0,
        history_size=_HISTORY,
        line_search_fn="strong_wolfe",
    )
    lbfgs.step(closure)  # type: ignore[no-untyped-call]


def _adam(values: Tensor, evaluations: int, closure: Callable[[], Tensor]) -> None:
    adam = torch.optim.Adam([values], lr=_LEARNING_RATE)
    for step in range(evaluations):
        adam.param_groups[0]["lr"] = _LEARNING_RATE * (1 + math.cos(math.pi * step / evaluations)) / 2
        adam.step(closure)
