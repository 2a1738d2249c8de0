"""When Python looks for objects that hold each other in circles, which nobody else lets go of.

With its own threshold of 700 new objects a tenth of the time in which a job starts is spent on that: modules,
which are no such circles, are looked through again and again. Standard library only.
"""

from __future__ import annotations

import gc

_AT_THE_START = 100_000  # objects; what a job imports makes half as many
_USUAL = 10_000  # objects; what holds frames must not wait for long

_is_put_off = False


def put_off() -> None:
    """While a process starts; until `as_usual`."""
    global _is_put_off
    _is_put_off = True
    gc.set_threshold(_AT_THE_START)


def as_usual() -> None:
    """From now on, if it was put off; what there is by now is never looked through again."""
    global _is_put_off
    if _is_put_off:
        _is_put_off = False
        gc.freeze()
        gc.set_threshold(_USUAL)
