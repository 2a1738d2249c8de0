"""The sample's music: plucked chords, one a scene, over a soft pad."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48000  # samples/s

Samples = NDArray[np.float64]  # (2, N) left and right, in -1..1

# (start s, MIDI notes from the lowest to the highest)
CHORDS = (
    (0.0, (48, 55, 60, 64, 67, 71)),  # C major seventh
    (1.5, (45, 52, 57, 60, 64, 67)),  # A minor seventh
    (3.0, (41, 53, 57, 60, 64, 69)),  # F major seventh, for the street
    (4.0, (43, 50, 55, 59, 62, 67)),  # G major
)
PATTERN = (0, 2, 3, 4, 5, 4, 3, 2)  # which note of the chord, an eighth each
STEP = 0.1875  # s


def compose(seconds: float) -> Samples:
    """The whole piece, faded at both ends."""
    music = np.zeros((2, round(seconds * RATE)))
    ends = [start for start, _ in CHORDS[1:]] + [seconds]
    for (start, notes), end in zip(CHORDS, ends, strict=True):
        for note in notes[1:4]:
            _add(music, start, _pad(_pitch(note), end - start + 0.4) * 0.05, side=0.5)
        _add(music, start, _pluck(_pitch(notes[0]), 2.0) * 0.28, side=0.5)
        for index in range(int((end - start) / STEP)):
            note = notes[PATTERN[index % len(PATTERN)]]
            _add(music, start + index * STEP, _pluck(_pitch(note), 1.2) * 0.16, side=note / 12 % 1)
    return _finish(_echo(music))


def _pitch(note: int) -> float:
    """Frequency of a MIDI note, Hz."""
    return 440.0 * float(2.0 ** ((note - 69) / 12))


def _pluck(frequency: float, seconds: float) -> Samples:
    """A string: overtones that fade the faster the higher they are."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(
        np.sin(2 * np.pi * frequency * k * t) * np.exp(-t * (2.2 + 1.6 * k)) / k**1.4 for k in range(1, 8)
    )
    return np.asarray(tone * np.minimum(1, t / 0.004))


def _pad(frequency: float, seconds: float) -> Samples:
    """A held note that swells and dies away, two voices slightly apart."""
    t = np.arange(round(seconds * RATE)) / RATE
    swell = np.sin(np.pi * t / seconds) ** 0.7
    voices = [np.sin(2 * np.pi * frequency * detune * t) for detune in (0.998, 1.002, 2.001)]
    return np.asarray((voices[0] + voices[1] + 0.3 * voices[2]) * swell)


def _add(music: Samples, start: float, sound: Samples, *, side: float) -> None:
    """Mix a sound in; `side` is 0 for left, 1 for right."""
    begin = round(start * RATE)
    sound = sound[: music.shape[1] - begin]
    spread = 0.25 + 0.5 * side
    music[0, begin : begin + len(sound)] += sound * (1 - spread)
    music[1, begin : begin + len(sound)] += sound * spread


def _echo(music: Samples) -> Samples:
    """A room: four echoes that change sides."""
    wet = music.copy()
    for index, delay in enumerate((0.061, 0.097, 0.151, 0.233)):
        shift = round(delay * RATE)
        wet[:, shift:] += music[::-1, :-shift] * 0.3 * 0.7**index
    return wet


def _finish(music: Samples) -> Samples:
    """As loud as it may be, with soft ends."""
    fade = round(0.5 * RATE)
    music[:, -fade:] *= np.linspace(1, 0, fade) ** 1.5
    return np.asarray(music / np.abs(music).max() * 0.8)
