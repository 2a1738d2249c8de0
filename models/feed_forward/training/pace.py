"""How many steps of a training fit into some minutes on this machine, as busy as it is."""

from __future__ import annotations

import time
from typing import Any

from stylize_video.models.training.trainer import Trainer

_UNMEASURED, _MEASURED = 2, 4  # steps: the first ones take memory that the others have
_FOR_THE_REST = 0.06  # of the time goes into loading, previews and measuring


def steps_within(minutes: float, trial: Trainer[Any]) -> int:
    """How many steps can be made.

    Args:
        minutes: for the training, with all around it.
        trial: of which some steps are made; of no use afterwards.
    """
    for _ in range(_UNMEASURED):
        trial.advance()
    began = time.perf_counter()
    for _ in range(_MEASURED):
        trial.advance()
    seconds = (time.perf_counter() - began) / _MEASURED
    return max(1, int((1 - _FOR_THE_REST) * 60 * minutes / seconds))
