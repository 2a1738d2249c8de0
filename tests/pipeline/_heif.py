"""AVIF photographs in tiles, written box by box after ISO/IEC 23008-12; only the tiles are OpenCV's."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

GRID, FIRST_TILE = 1, 2  # item numbers


def box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I4s", 8 + len(data), kind) + data


def full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def tiled(
    path: Path,
    picture: NDArray[np.uint8],
    rows: int,
    columns: int,
    side: int,
    properties: Sequence[bytes] = (),
    *,
    in_meta: bool = False,
) -> Path:
    """`picture` (H, W, 3 RGB) in square tiles; what juts out repeats the edge.

    `properties`: further boxes of the whole, "irot" and "imir". `in_meta`: the grid lies in "idat".
    """
    height, width = picture.shape[:2]
    padded = np.pad(picture, ((0, rows * side - height), (0, columns * side - width), (0, 0)), mode="edge")
    files = [
        cv2.imencode(".avif", np.ascontiguousarray(tile[..., ::-1]), [cv2.IMWRITE_AVIF_QUALITY, 100])[
            1
        ].tobytes()
        for band in np.split(padded, rows, 0)
        for tile in np.split(band, columns, 1)
    ]
    payloads = [file[file.index(b"mdat") + 4 :] for file in files]
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    items = [grid, *payloads]
    at = files[0].index(b"av1C") - 4
    config = files[0][at : at + struct.unpack(">I", files[0][at : at + 4])[0]]
    whole_size, tile_size = (
        full(b"ispe", 0, 0, struct.pack(">II", *s)) for s in ((width, height), (side, side))
    )
    boxes = [whole_size, tile_size, config, full(b"pixi", 0, 0, b"\3\x08\x08\x08"), *properties]
    head = box(b"ftyp", b"avif", bytes(4), b"avifmif1miaf")

    def meta(start: int) -> bytes:
        places, place = [], start
        for number, item in enumerate(items):
            inside = in_meta and number == 0
            places.append(
                struct.pack(">HHHHII", number + 1, int(inside), 0, 1, 0 if inside else place, len(item))
            )
            place += 0 if inside else len(item)
        kinds = [b"grid", *[b"av01"] * len(payloads)]
        infos = [
            full(b"infe", 2, 0, struct.pack(">HH4s", n, 0, kind), b"\0") for n, kind in enumerate(kinds, 1)
        ]
        links = [
            struct.pack(">HB", GRID, 2 + len(properties)),
            bytes([1, 4, *(0x80 | n for n in range(5, 5 + len(properties)))]),
        ]
        links += [struct.pack(">HBBBB", FIRST_TILE + n, 3, 2, 3 | 0x80, 4) for n in range(len(payloads))]
        tiles = struct.pack(
            f">HH{len(payloads)}H", GRID, len(payloads), *range(FIRST_TILE, len(payloads) + 2)
        )
        return full(
            b"meta", 0, 0,
            full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full(b"pitm", 0, 0, struct.pack(">H", GRID)),
            full(b"iloc", 1, 0, b"\x44\0", struct.pack(">H", len(items)), *places),
            full(b"iinf", 0, 0, struct.pack(">H", len(items)), *infos),
            full(b"iref", 0, 0, box(b"dimg", tiles)),
            box(b"iprp", box(b"ipco", *boxes), full(b"ipma", 0, 0, struct.pack(">I", len(items)), *links)),
            *([box(b"idat", grid)] if in_meta else []),
        )  # fmt: skip

    start = len(head) + len(meta(0)) + 8
    stored = items[1:] if in_meta else items
    path.write_bytes(head + meta(start) + box(b"mdat", *stored))
    return path
