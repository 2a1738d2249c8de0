"""The panels of the main job's --help, in the order in which people need them; the rare ones last."""

from __future__ import annotations

PROGRAM = "Messages"

PANELS = (
    "Style",
    "Output",
    "Steadiness",
    "Regions",
    "Which part of the film",
    "Speed and memory",
    PROGRAM,
    "Any picture",
    "Keyframes",
    "Painting by optimisation",
)
