"""Which channel of sound is which, and where each goes when an encoder has no place for it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout

# Layouts in which every channel comes out of a player where it went in. Of others FFmpeg's AAC keeps the
# number of channels only. Its Opus swaps channels of 5.0 and 6.1.
_LAYOUTS = {
    "aac": ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"),
    "libopus": ("mono", "stereo", "3.0", "quad", "5.1", "7.1"),
}
# What so many channels without names are taken for. None for a low frequency effect, where an encoder
# would leave out all that is higher, but where the number means hardly anything else.
_UNNAMED = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "7.0", 8: "7.1"}
# Where a channel goes that the layout lacks: to its twin, which is the same speaker by another name, or
# to the first neighbours that are there.
_TWINS = {"SL": "BL", "SR": "BR", "BL": "SL", "BR": "SR", "DL": "FL", "DR": "FR"}
_NEIGHBOURS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "SL": [("BL",)], "SR": [("BR",)], "BL": [("SL",)], "BR": [("SR",)], "BC": [("BL", "BR")],
    "FLC": [("FL",)], "FRC": [("FR",)], "WL": [("FL",)], "WR": [("FR",)], "LFE2": [("LFE",)],
    "TFL": [("FL",)], "TFC": [("FC",)], "TFR": [("FR",)], "TC": [("FL", "FR")],
    "TBL": [("BL",)], "TBC": [("BL", "BR")], "TBR": [("BR",)],
    "TSL": [("SL",), ("BL",)], "TSR": [("SR",), ("BR",)],
    "SDL": [("SL",), ("BL",)], "SDR": [("SR",), ("BR",)],
    "SSL": [("SL",), ("BL",)], "SSR": [("SR",), ("BR",)],
    "BFL": [("FL",)], "BFC": [("FC",)], "BFR": [("FR",)], "DL": [("FL",)], "DR": [("FR",)],
}  # fmt: skip

# FFmpeg's own order, in which its filters number channels, whatever order they lie in.
_ORDER = (
    "FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL",
    "TBC", "TBR", "DL", "DR", "WL", "WR", "SDL", "SDR", "LFE2", "TSL", "TSR", "BFC", "BFL", "BFR",
    "SSL", "SSR",
)  # fmt: skip

_OWN_ORDER = " channels ("  # in FFmpeg's description of channels without a common layout

Matrix = dict[str, dict[int, float]]  # gain of each source channel in each channel of the layout


@dataclass(frozen=True)
class Layout:
    """Channels of a stream of sound.

    Attributes:
        name: FFmpeg's name of the layout.
        channels: FFmpeg's names of the channels, in order.
    """

    name: str
    channels: tuple[str, ...]

    @property
    def is_named(self) -> bool:
        """Whether it is known which channel is which."""
        return "NONE" not in self.channels

    @property
    def in_order(self) -> str:
        """The same channels in FFmpeg's own order, as its filters take it; the name if it has no other.

        Raises:
            ValueError: some have no place in that order.
        """
        if _OWN_ORDER not in self.name:
            return self.name
        return "+".join(sorted(self.channels, key=_ORDER.index))


def layout_of(context: AudioCodecContext) -> Layout:
    """The channels of a stream."""
    return layout_from(_kept(context.layout))


def safe(frame: AudioFrame) -> AudioFrame:
    """`frame` as a decoder made it, so that it can be let go of."""
    _kept(frame.layout)
    return frame


def _kept(layout: AudioLayout) -> AudioLayout:
    """`layout`, never to be freed if its channels lie in an order of their own.

    PyAV's object shares the list of that order with FFmpeg's, and each would free it.
    """
    if _OWN_ORDER in layout.name:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))
    return layout


def layout_from(layout: AudioLayout) -> Layout:
    """What PyAV's object says."""
    return Layout(layout.name, tuple(channel.name for channel in layout.channels))


def named(name: str) -> Layout:
    """The layout that FFmpeg calls `name`."""
    return layout_from(AudioLayout(name))


def ordered(layout: Layout) -> Layout:
    """`layout` as FFmpeg's filters number its channels.

    Raises:
        ValueError: some have no place in that order.
    """
    return layout if layout.in_order == layout.name else named(layout.in_order)


def pan(source: Layout, target: str) -> str | None:
    """Arguments of FFmpeg's filter "pan" from one layout to another; None if there is nothing to do.

    Raises:
        ValueError: a channel has no place in `target`.
    """
    if source.name == target:
        return None
    matrix = _matrix(source, named(target).channels)
    if matrix is None:
        raise ValueError(f"{source.name} has channels that {target} has no place for")
    outputs = [
        f"{channel}=" + "+".join(f"{gain:.6f}*c{index}" for index, gain in gains.items())
        for channel, gains in matrix.items()
        if gains
    ]
    return "|".join([target, *outputs])


def target(source: Layout, encoder: str) -> str | None:
    """The layout that keeps most of the channels apart, and the smallest of those."""
    known = _LAYOUTS.get(encoder)
    if known is None:
        return source.name if source.is_named else _UNNAMED.get(len(source.channels), source.name)
    found = []
    for name in known:
        matrix = _matrix(source, named(name).channels)
        if matrix is not None:
            found.append((_mixed(matrix), len(matrix), name))
    return min(found)[2] if found else None


def _matrix(source: Layout, target: Sequence[str]) -> Matrix | None:
    """Where each channel goes; None if one has no place. Nothing gets louder than full scale."""
    channels = source.channels
    if not source.is_named:
        name = _UNNAMED.get(len(channels))
        if name is None:
            return None
        channels = named(name).channels
    matrix: Matrix = {name: {} for name in target}
    for index, channel in enumerate(channels):
        places = _places(channel, channels, target)
        if places is None:
            return None
        for place in places:
            matrix[place][index] = 1 / sqrt(len(places))
    loudest = max(sum(gains.values()) for gains in matrix.values())
    return {name: {n: gain / max(loudest, 1) for n, gain in gains.items()} for name, gains in matrix.items()}


def _places(channel: str, channels: Sequence[str], target: Sequence[str]) -> tuple[str, ...] | None:
    if channel in target:
        return (channel,)
    twin = _TWINS.get(channel, "")
    if twin in target and twin not in channels:
        return (twin,)
    for places in _NEIGHBOURS.get(channel, ()):
        if all(place in target for place in places):
            return places
    return None


def _mixed(matrix: Matrix) -> int:
    """How many entries are more than a channel each on its own."""
    shared = sum(len(gains) - 1 for gains in matrix.values() if gains)
    homes = [index for gains in matrix.values() for index in gains]
    return shared + len(homes) - len(set(homes))


def remark(source: Layout, target: str) -> str:
    """What becomes of the channels, for people; "" if each stays what it is."""
    if source.name == target:
        return ""
    channels = named(target).channels
    if not source.is_named:
        # One or two channels are always these.
        return "" if len(source.channels) <= 2 else f"{source.name} without names taken for {target}"
    matrix = _matrix(source, channels)
    if matrix is None or _mixed(matrix):
        return f"{source.name} mixed to {target}"
    if len(channels) > len(source.channels):
        return f"{source.name} in {target}, whose other channels are silent"
    return ""
