"""What a runtime is, and what it runs. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import nn

    from stylize_video.models.runtimes.devices import Device
    from stylize_video.pictures.arrays import Pictures


Ranges = Mapping[str, tuple[float, float]]  # lowest and highest number, by a convolution's name
Bound = float | tuple[float, ...]  # for all channels, or for each
ChannelRanges = Mapping[str, tuple[Bound, Bound]]


class Program(NamedTuple):
    """What a runtime runs: modules without state, from tensors to one or several, (N, C, H, W) each."""

    build: Callable[[], Mapping[str, nn.Module]]  # by name; imports torch, called only where it has to be
    identity: bytes  # of all that they compute by, but for their code and what they are given
    ranges: Mapping[str, ChannelRanges] = MappingProxyType({})  # by module; what has none stays floating


class Runtime(Protocol):
    """One program on one device. What it takes and gives is (N, H, W, C), as pictures lie in memory."""

    @property
    def device(self) -> Device:
        """Where it runs."""
        ...

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        """Run one of the program's modules, that gives one tensor.

        On the CPU, NumPy's arrays give one of NumPy, elsewhere tensors do.
        """
        ...

    def start(self, section: str, *inputs: Pictures) -> Callable[[], tuple[Pictures, ...]]:
        """Begin to run one; what is returned waits for all it gives, and has to be called.

        Or it has run already.
        """
        ...

    def prepare(self, section: str, *inputs: Pictures) -> None:
        """Do beforehand what takes long when inputs like these are run for the first time."""
        ...

    def forget(self) -> None:
        """Free all memory that only makes the next run faster."""
        ...
