"""A film for a browser's camera, with a time code in each frame, and what reads that back in the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stylize_video.pipeline.live import timecode
from tests import drawing

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 30, 150
PERIOD_MS = 1000 * FRAMES // RATE  # after which it begins anew


@cache
def picture(number: int) -> Any:
    """A frame: (H, W, 3) uint8 RGB."""
    drawn = 255 * np.clip(drawing.numbered_picture(number % FRAMES, WIDTH, HEIGHT), 0, 1)
    return timecode.draw(drawn.astype(np.uint8), round(number * 1000 / RATE))


def film(path: Path) -> Path:
    """As Motion JPEG, which Chromium plays at 30 frames/s."""
    coded = (cv2.imencode(".jpg", picture(number)[..., ::-1])[1].tobytes() for number in range(FRAMES))
    path.write_bytes(b"".join(coded))
    return path


# Reads the time code of what `source` shows, ms; null: there is none. As pipeline/live/timecode.py draws it.
READ = """
window.readCode = (source) => {
  const [width, height] = source.videoWidth === undefined
    ? [source.width, source.height] : [source.videoWidth, source.videoHeight];
  const small = window.codes ??=
    Object.assign(document.createElement("canvas"), { width: 400, height: 40 });
  const pen = small.getContext("2d", { willReadFrequently: true });
  if (!width) return null;
  pen.drawImage(source, 0, 0, width, height * 0.16, 0, 0, 400, 40);
  const { data } = pen.getImageData(0, 0, 400, 40);
  const light = (left, top) => {
    let sum = 0;
    for (let y = top + 6; y < top + 14; y++)
      for (let x = left + 6; x < left + 14; x++)
        for (let channel = 0; channel < 3; channel++) sum += data[4 * (y * 400 + x) + channel];
    return sum;
  };
  let [value, check] = [0, 0];
  for (let bit = 0; bit < 20; bit++) {
    const set = light(20 * bit, 0) > light(20 * bit, 20) ? 1 : 0;
    if (bit < 15) value += set << bit;
    else check += set << (bit - 15);
  }
  return value % 31 === check ? value : null;
};
// How late what is painted is behind the camera, for each painting of some seconds, ms; and how many unread.
// On a busy machine it looks until there are some.
window.delays = (seconds, period) => new Promise((done) => {
  const [camera, painted] = [document.getElementById("video"), document.getElementById("painted")];
  const found = { delays: [], unread: 0, seconds };
  const began = performance.now();
  let last = null;
  const look = () => {
    const spent = performance.now() - began;
    if (spent > seconds * 1000 && (found.delays.length >= 9 || spent > 40000)) return done(found);
    const [shown, now] = [window.readCode(painted), window.readCode(camera)];
    if (shown === null) found.unread++;
    else if (shown !== last && now !== null) {
      last = shown;
      found.delays.push((now - shown + period) % period);
    }
    requestAnimationFrame(look);
  };
  look();
});
// Mean and deviation of colours, below the time code: of the painting, or of the camera's picture ("video").
window.colours = (shown = "painted") => {
  const source = document.getElementById(shown);
  const [width, height] = shown === "video"
    ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  const small = Object.assign(document.createElement("canvas"), { width: 96, height: 48 });
  const pen = small.getContext("2d");
  pen.drawImage(source, 0, height * 0.2, width, height * 0.8, 0, 0, 96, 48);
  const { data } = pen.getImageData(0, 0, 96, 48);
  return [0, 1, 2].flatMap((channel) => {
    const values = Array.from({ length: 96 * 48 }, (_, at) => data[4 * at + channel]);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
  });
};
"""


def colours(painted: Any) -> np.ndarray:
    """The same of a picture here."""
    below = painted[round(painted.shape[0] * 0.2) :]
    small = cv2.resize(below, (96, 48), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(float)
    return np.stack([small.mean(0), small.std(0)], axis=1).ravel()
