"""The panels of the main job's --help, in the order in which people need them; the rare ones last."""

from __future__ import annotations

PROGRAM = "Messages"

PANELS = (
    "Style",
    "Steadiness",
    "Regions",
    "Output",
    "Which part of the film",
    "Any picture",
    "Keyframes",
    "Speed and memory",
    "Interruptions",
    PROGRAM,
    "How the film is written",
    "Painting by optimisation",
)
