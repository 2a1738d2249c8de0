"""Painting by the user: frames painted by hand, carried through the film. Needs no torch before that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.models.look import Look
from stylize_video.models.method import GuidePainter, Keeping, Needs
from stylize_video.models.mixture import Ingredient, Mixture, PaintedFrames
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.option import flag
from stylize_video.pictures.picture_names import READ


@dataclass(frozen=True)
class GuidedOptions:
    """There is nothing that only this method can be told: its folder is the look's."""


@dataclass(frozen=True)
class GuidedPlan:
    """A folder of painted frames, carried along the motion."""

    folder: Path
    flow: str

    @property
    def files(self) -> tuple[Path, ...]:
        """See `Plan`."""
        return tuple(self.folder.iterdir())

    @property
    def networks(self) -> tuple[str, ...]:
        """None: nothing is painted."""
        return ()

    @property
    def keeping(self) -> Keeping | None:
        """Nothing: the user has it all."""
        return None

    def build(self, device: Device, *, exact: bool = False, on_step: object = None) -> GuidePainter:  # noqa: ARG002 - nothing is computed but motion
        """See `Plan`."""
        from stylize_video.models.motion import choice

        return GuidePainter(self.folder, choice.for_long_ways(self.flow, device))


class Guided:
    """See `Method`."""

    name = "guided"
    summary = "frames that you painted are carried through the film"
    title = "painted frames"
    options: type[Any] = GuidedOptions
    refuses: Mapping[str, str] = {
        "region": f"they are carried over the whole frame; use {flag('mask')}",
        "batch_size": "they are carried frame by frame",
        "stability": "what is carried is steady by itself",
        "stroke_size": "your strokes stay as they are",
        "seed": "your strokes stay as they are",
    }
    needs = Needs(cuts=True, held_frames=True)
    stability = None
    blends = False

    @property
    def advice(self) -> str:
        """See `Method`."""
        return f"give {flag('guide')} and a folder"

    def is_draft(self, options: GuidedOptions) -> bool:  # noqa: ARG002 - it has no drafts
        """See `Method`."""
        return False

    def refusal(self, ingredient: Ingredient) -> str:
        """See `Method`."""
        if isinstance(ingredient, PaintedFrames):
            return ""
        return f"{flag('method')} {self.name} carries frames that you painted; {self.advice} of them"

    def check(self, style: Mixture, options: GuidedOptions) -> None:  # noqa: ARG002 - there are none
        """See `Method`."""
        for ingredient in style.ingredients:
            if isinstance(ingredient, PaintedFrames):
                _check_folder(ingredient.folder)

    def plan(
        self,
        look: Look,  # noqa: ARG002 - all that is asked of it is the folder
        style: Mixture,
        options: GuidedOptions,  # noqa: ARG002 - there are none
        steadying: SteadyingOptions,
    ) -> GuidedPlan:
        """See `Method`."""
        [ingredient] = style.ingredients
        assert isinstance(ingredient, PaintedFrames)  # else it was refused
        return GuidedPlan(ingredient.folder, steadying.flow)


def _check_folder(folder: Path) -> None:
    """Refuse what is no folder, and a pipe that is called like a painted frame: to open it would be to wait.

    Raises:
        InputError: one of the two.
    """
    if not paths.is_folder(folder):
        raise InputError(f"{folder}: no such folder; {flag('guide')} takes one of painted frames")
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: can't be looked through ({error.strerror})") from error
    for picture in found:
        is_frame = picture.suffix.lower() in READ and picture.name[0] != "."
        if is_frame and (why_not := paths.why_no_file(picture)):
            raise InputError(f"{picture}: {why_not}; a guide's painted frames are pictures")
