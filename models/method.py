"""What a way of painting is: a `Method` makes a `Plan` of a look, and the plan builds what paints.

A method is an object in a folder of its own and a row in `models/methods.py`. Nobody else knows its name:
what it takes and what it needs is asked of it. Importing one brings no torch; building a plan may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stylize_video.models.look import Look
from stylize_video.models.mixture import Ingredient, Mixture
from stylize_video.models.steadying_options import SteadyingOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stylize_video.models.canvas import Canvas
    from stylize_video.models.float_pictures import FloatPicture
    from stylize_video.pictures.arrays import Pictures
    from stylize_video.pictures.pictures import Picture


class Anchor(NamedTuple):
    """What a painting should agree with: that of another frame, brought here along the motion."""

    painting: FloatPicture
    weights: NDArray[np.float32]  # (H, W) in 0..1, how far the motion there is trusted


class Step(NamedTuple):
    """How far a picture is that takes many steps."""

    number: int  # of evaluations of loss and gradient, in all sizes
    of: int  # at most
    loss: float  # L_total


OnStep = Callable[[Step], None]
FlowEstimator = Callable[["Picture", "Picture"], Any]  # see models/motion/composed_flow.py


@dataclass(frozen=True)
class Needs:
    """What a method asks of the film that it paints."""

    cuts: bool = False  # to be told where shots begin, whether the film is steadied or not
    held_frames: bool = False  # frames are held back until the next keyframe, one at a time
    motion: bool = False  # what moved between neighbouring frames, whether the film is steadied or not
    pairs: bool = False  # two frames at a time, where a CPU has a core for each


@dataclass(frozen=True)
class Keeping:
    """What of a painting is kept until the film is done, since it takes so long to make."""

    settings: Mapping[str, object]  # all that decides it, but for files


class Plan(Protocol):
    """What is to be painted and how: plain data that can be pickled."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All that it will be made of."""
        ...

    @property
    def networks(self) -> tuple[str, ...]:
        """The manifest's names of the bundled networks that it needs; other networks are among its files."""
        ...

    @property
    def keeping(self) -> Keeping | None:
        """What is to be kept of it; None: nothing."""
        ...

    def build(self, device: Any, *, exact: bool = False, on_step: OnStep | None = None) -> AnyPainter:
        """Load the networks and pictures.

        Args:
            device: where to paint, a `Device` of models/runtimes/devices.py.
            exact: compute in float32 wherever the device can, for films of more than 8 bits.
            on_step: told of each step of a painter that takes many for a picture.

        Raises:
            StylizeVideoError: weights or pictures that can't be read.
        """
        ...


class Artist(Protocol):
    """Paints one picture, slowly."""

    def paint(
        self, original: Picture, *, start: FloatPicture | None = None, anchors: Sequence[Anchor] = ()
    ) -> FloatPicture:
        """Paint (H, W, 3) uint8 RGB.

        Args:
            start: what to begin with, instead of the usual.
            anchors: paintings of other keys, warped here, the nearest key's first.
        """
        ...


@dataclass(frozen=True)
class KeyframePainter:
    """What paints a few frames, to be carried to those between."""

    artist: Artist
    interval: int | None  # frames from one to the next; None: where the motion asks for one
    estimator: FlowEstimator
    filler: Callable[[Picture], FloatPicture] | None  # paints what no keyframe shows; None: nothing does


@dataclass(frozen=True)
class GuidePainter:
    """Frames that are painted already, to be carried to the others."""

    folder: Path
    estimator: FlowEstimator


class PaintsOnCanvas(Protocol):
    """Paints pictures, each on a canvas that says where in a field of noise it lies."""

    notes: list[str]  # what a user should know of it, read when all is painted

    def new_canvas(self, height: int, width: int) -> Canvas:
        """That of a shot's first picture, whose sides are so many px."""
        ...

    def looked_up(self, canvas: Canvas) -> Canvas:
        """The same with what `paint` would look up for it first, so that others can do so meanwhile."""
        ...

    def new_shot(self) -> Any:
        """What else is known before a shot's first picture; None if each is painted by itself."""
        ...

    def prepare(self, height: int, width: int, style: Any, *, at_once: int = 1) -> None:
        """Do what the first pictures of that size, so many of bytes at once, would wait for; or nothing."""
        ...

    def paint(self, images: Pictures, canvases: Sequence[Canvas], style: Any, known: Any, /) -> Pictures:
        """(N, H, W, 3) RGB, uint8 or float in 0..1 -> the same size and kind, painted; new arrays.

        Args:
            images: the next of a shot.
            canvases: theirs.
            style: of the painter's own kind; another costs neither conversion nor compilation.
            known: from `new_shot`; changed in place.
        """
        ...


# As `PaintsOnCanvas.paint`; what is returned waits for the paintings, and has to be called.
Begin = Callable[["Pictures", "Sequence[Canvas]", Any, Any], Callable[[], "Pictures"]]


@dataclass(frozen=True)
class CanvasPainter:
    """What paints each frame as it comes, on a canvas that is carried along."""

    paints: PaintsOnCanvas
    style: Any  # that of the plan, as `paints` takes it
    stroke_size: float
    load_style: Callable[[Any], Any]  # another plan of the same method -> its style
    begin: Begin | None = None  # paints, too, and may be asked for the next pictures before these are done


AnyPainter = CanvasPainter | KeyframePainter | GuidePainter


class Method(Protocol):
    """One way of painting."""

    @property
    def name(self) -> str:
        """As it is asked for."""
        ...

    @property
    def summary(self) -> str:
        """What it does, as a sentence without its full stop."""
        ...

    @property
    def title(self) -> str:
        """What messages call it."""
        ...

    @property
    def advice(self) -> str:
        """How one asks for it, as the end of a sentence."""
        ...

    @property
    def options(self) -> type[Any]:
        """The dataclass of its own options; see `stylize_video.option`."""
        ...

    @property
    def refuses(self) -> Mapping[str, str]:
        """Options of others that it can't heed, by their names, and why."""
        ...

    @property
    def needs(self) -> Needs:
        """What it asks of the film."""
        ...

    @property
    def stability(self) -> float | None:
        """0..1, of the frame before that the stabiliser keeps; None: its films are steady as they are."""
        ...

    @property
    def blends(self) -> bool:
        """Whether a look's strength is its own affair; else the painting is mixed with the original."""
        ...

    def is_draft(self, options: Any) -> bool:
        """Whether its films may be worse, if only they are made sooner; `options` is of its own type."""
        ...

    def refusal(self, ingredient: Ingredient) -> str:
        """Why it can't paint in such a style; empty: it can."""
        ...

    def check(self, style: Mixture, options: Any) -> None:
        """See whether all files and names are there, without loading any.

        Raises:
            UsageError: no such style.
            InputError: another file is missing.
        """
        ...

    def plan(self, look: Look, style: Mixture, options: Any, steadying: SteadyingOptions) -> Plan:
        """How one of a look's styles is painted; `options` is of the method's own type."""
        ...
