"""A number in, a damaged file and a command line out: always the same ones for a seed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzzing import sources
from tests.fuzzing.mutations import lie_in_json, mutate

# Twenty slots, over and over: of every 20 cases 12 are films.
_SCHEDULE = (
    "film", "weights", "film", "input", "film", "film", "style", "film", "text", "film",
    "film", "keys", "film", "mask", "film", "film", "weights", "film", "guide", "film",
)  # fmt: skip
_FILMS_A_ROUND = _SCHEDULE.count("film")
_CHEAP = ("--max-size", str(sources.LONGER_SIDE), "--no-stabilize", "--device", "cpu", "--json")
_OLD = b"an output that was there before\n"


@dataclass(frozen=True)
class Case:
    """What one run is given."""

    number: int
    kind: str  # one of _SCHEDULE
    what: str  # the file that was damaged
    damage: str
    arguments: tuple[str, ...]  # the command's, in the case's folder
    output: str
    replaces: bool  # whether the output was there before
    must_fail: bool = False  # it can't be painted, whatever was damaged


@dataclass
class _Bench:
    """Where a case is put together."""

    sources: Path
    folder: Path
    number: int
    rng: Random

    def take(self, *names: str) -> None:
        for name in names:
            shutil.copyfile(self.sources / name, self.folder / name)

    def damage(self, name: str, mutation: Callable[[bytes, Random], tuple[bytes, str]] = mutate) -> str:
        """Damage a file in the folder; how."""
        path = self.folder / name
        data, said = mutation(path.read_bytes(), self.rng)
        path.write_bytes(data)
        return said


def prepare(number: int, seed: int, source_folder: Path, folder: Path) -> Case:
    """Put case `number` into an empty folder.

    Args:
        number: from 0.
        seed: of the whole run.
        source_folder: where `sources.make` was.
        folder: empty; the command has to run there.
    """
    kind = _SCHEDULE[number % len(_SCHEDULE)]
    bench = _Bench(source_folder, folder, number, Random(f"{seed}/{number}"))
    what, damage, arguments, output = _MAKERS[kind](bench)
    replaces = bench.rng.random() < 0.5
    if replaces:
        (folder / output).write_bytes(_OLD)
        arguments += ("--overwrite",)
    return Case(
        number, kind, what, damage, (*arguments, *_CHEAP, "-o", output), output, replaces, kind == "text"
    )


def unharmed(case: Case, folder: Path) -> bool:
    """Whether the output that was there before is still what it was."""
    path = folder / case.output
    return path.read_bytes() == _OLD if case.replaces and path.is_file() else not case.replaces


_Made = tuple[str, str, tuple[str, ...], str]


def _film(bench: _Bench) -> _Made:
    films_before = _SCHEDULE[: bench.number % len(_SCHEDULE)].count("film")
    turn = bench.number // len(_SCHEDULE) * _FILMS_A_ROUND + films_before
    what = list(sources.FILMS)[turn % len(sources.FILMS)]
    bench.take(what, sources.WEIGHTS)
    own = Path(what).suffix[1:]
    kept = own if own in ("mp4", "mov", "mkv", "webm", "avi", "ts", "gif") else "mkv"
    output = f"out.{bench.rng.choice((kept, kept, 'mp4', 'mkv', 'mov', 'avi', 'webm', 'ts'))}"
    return what, bench.damage(what), (what, "--style", f"{sources.WEIGHTS}#red"), output


def _weights(bench: _Bench) -> _Made:
    bench.take(sources.FILM, sources.WEIGHTS, sources.STATISTICS, sources.PAINTING)
    what = bench.rng.choice((sources.WEIGHTS, sources.WEIGHTS, sources.STATISTICS))
    damage = bench.damage(what, bench.rng.choice((mutate, lie_in_json)))
    if what == sources.WEIGHTS:
        style = bench.rng.choice((f"{what}#red", f"{what}#red:0.5,{what}#blue:0.5"))
        return what, damage, (sources.FILM, "--style", style), "out.mp4"
    style = bench.rng.choice((sources.PAINTING, f"{what}#red"))
    return what, damage, (sources.FILM, "--style", style, "--wct-weights", what), "out.mp4"


def _input(bench: _Bench) -> _Made:
    what = bench.rng.choice(sources.PICTURES)
    bench.take(what, sources.WEIGHTS)
    output = f"out.{bench.rng.choice(('png', 'jpg', 'webp'))}"
    return what, bench.damage(what), (what, "--style", f"{sources.WEIGHTS}#red"), output


def _style(bench: _Bench) -> _Made:
    what = bench.rng.choice(sources.PICTURES)
    bench.take(what, sources.FILM, sources.STATISTICS)
    arguments = (sources.FILM, "--style", what, "--wct-weights", sources.STATISTICS)
    return what, bench.damage(what), arguments, "out.mkv"


def _mask(bench: _Bench) -> _Made:
    what = bench.rng.choice(sources.MASKS)
    bench.take(what, sources.FILM, sources.WEIGHTS)
    one, other = f"{sources.WEIGHTS}#red", f"{sources.WEIGHTS}#blue"
    way = bench.rng.choice((("--style", one, "--mask", what), ("--region", f"{what}={other}")))
    return what, bench.damage(what), (sources.FILM, *way), "out.mp4"


def _guide(bench: _Bench) -> _Made:
    bench.take(sources.FILM)
    (bench.folder / "guide").mkdir()
    for name in sources.GUIDES:
        shutil.copyfile(bench.sources / name, bench.folder / "guide" / name)
    what = f"guide/{bench.rng.choice(sources.GUIDES)}"
    return what, bench.damage(what), (sources.FILM, "--guide", "guide"), "out.mp4"


def _keys(bench: _Bench) -> _Made:
    shutil.copytree(bench.sources / sources.KEYS, bench.folder, dirs_exist_ok=True)
    files = sorted(path.relative_to(bench.folder) for path in bench.folder.glob("*.keyframes/*"))
    what = str(bench.rng.choice(files))
    arguments = (
        sources.FILM, "--style", sources.PAINTING, "--method", "gatys",
        "--iterations", str(sources.ITERATIONS), "--keyframe-interval", "1",
    )  # fmt: skip
    return what, bench.damage(what), arguments, "out.mp4"


_TEXTS = {
    "live.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nfilm.mp4\n",
    "whole.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nfilm.mp4\n#EXT-X-ENDLIST\n",
    "master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n",
    "concat.ffconcat": "ffconcat version 1.0\nfile film.mp4\n",
    "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"><Period>'
    '<AdaptationSet><Representation id="1"><BaseURL>film.mp4</BaseURL></Representation></AdaptationSet>'
    "</Period></MPD>",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "smil.rtsp": "RTSP/1.0 200 OK\n\n",
    "page.html": "<html><img src=film.mp4></html>",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="film.mp4"/></svg>',
    "words.srt": "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    "words.ass": "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,,,,,,,Hi\n",
    "notes.txt": "This is no film.\n" * 40,
    "picture.txt": "\x1b[0;31m\u2588\u2588\x1b[0m\n" * 40,
    "imf.xml": '<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>',
    "key.json": '{"a": [1, 2, 3]}\n' * 9,
    "empty": "",
}  # what names other files, or is made of words


def _text(bench: _Bench) -> _Made:
    name = bench.rng.choice(sorted(_TEXTS))
    what = Path(name).stem + bench.rng.choice((Path(name).suffix, ".mp4", ".mkv", ".ts", ".png"))
    bench.take(sources.FILM, sources.WEIGHTS)
    (bench.folder / what).write_text(_TEXTS[name], "utf-8")
    damage = bench.damage(what) if bench.rng.random() < 0.3 else f"{name} as it is"
    return what, damage, (what, "--style", f"{sources.WEIGHTS}#red"), "out.mp4"


_MAKERS: dict[str, Callable[[_Bench], _Made]] = {
    "film": _film,
    "weights": _weights,
    "input": _input,
    "style": _style,
    "mask": _mask,
    "guide": _guide,
    "keys": _keys,
    "text": _text,
}
