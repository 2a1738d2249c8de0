"""How a stored picture is to be turned and mirrored to be seen as it was meant: the eight ways of EXIF."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

Array = TypeVar("Array", bound=NDArray[Any])


class Orientation(NamedTuple):
    """First `turns` quarter turns anticlockwise (0..3), then, if `mirrored`, left and right change places."""

    turns: int = 0
    mirrored: bool = False

    def upright(self, stored: Array) -> Array:
        """(H, W, ...) as stored -> as it is seen; a view."""
        turned = np.rot90(stored, self.turns)
        return cast(Array, turned[:, ::-1] if self.mirrored else turned)
