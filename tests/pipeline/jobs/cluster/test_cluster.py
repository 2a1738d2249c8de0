"""What a cluster is asked for, has room for, and how files get there; a real one is in test_cli_ray.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from stylize_video.errors import DeviceError, UsageError
from stylize_video.pipeline.jobs.cluster import connection, parcel
from stylize_video.pipeline.jobs.cluster.connection import Room, Share
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.request import PaintRequest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ray_workers": 2}, "`ray_workers` is of use with `ray` only"),
        ({"ray": "ray://10.0.0.1:10001"}, "by its plain address, HOST:PORT"),
        ({"ray": " "}, "takes an address, or auto"),
        ({"ray": "auto", "gpus_per_worker": -1.0}, "gpus per worker -1"),
    ],
)
def test_what_makes_no_sense_is_said(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ClusterOptions(**options)


def node(**resources: float) -> dict[str, Any]:
    return {"Alive": True, "Resources": resources}


@pytest.mark.parametrize(
    ("nodes", "options", "room"),
    [
        ([node(CPU=16), node(CPU=16)], {}, Room(Share(4, 0.0), 8)),
        ([node(CPU=2), node(CPU=64)], {}, Room(Share(2, 0.0), 33)),
        ([node(CPU=16, GPU=2), node(CPU=16)], {}, Room(Share(4, 1.0), 2)),
        ([node(CPU=16, GPU=1)], {"gpus_per_worker": 0.25, "cpus_per_worker": 2}, Room(Share(2, 0.25), 4)),
        ([node(CPU=16, GPU=1)], {"gpus_per_worker": 0.0}, Room(Share(4, 0.0), 4)),
        ([node(CPU=8), {"Alive": False, "Resources": {"CPU": 8}}], {}, Room(Share(4, 0.0), 2)),
        ([node(memory=1)], {}, Room(Share(4, 0.0), 1)),  # it may grow
        ([node(CPU=8)], {"ray_workers": 5}, Room(Share(4, 0.0), 5)),
    ],
)
def test_as_many_workers_as_there_is_room_for(
    nodes: list[dict[str, Any]], options: dict[str, Any], room: Room
) -> None:
    assert connection.room(nodes, ClusterOptions(ray="auto", **options)) == room


def test_an_address_where_nobody_answers_is_said_at_once() -> None:
    for address, error in (("nowhere", UsageError), ("127.0.0.1:1", DeviceError)):
        with pytest.raises(error, match=address):
            connection._see_that_it_answers(address)


@pytest.mark.skipif(not Path("/tmp").is_dir(), reason="no /tmp here")
def test_sockets_find_room_however_long_the_usual_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = tmp_path / ("long" * 10)
    usual.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(usual))
    with connection._folder() as folder:
        assert Path(folder).is_dir()
        assert len(folder) <= 36
    assert not Path(folder).exists()


def test_files_lie_there_under_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "BLOCK", 4)
    film, style = tmp_path / "film.mp4", tmp_path / "style.png"
    film.write_bytes(b"0123456789")
    style.write_bytes(b"picture")
    request = PaintRequest.of(film, tmp_path / "out.mp4", style=style)
    store: list[bytes] = []
    packer = parcel.Packer(lambda block: store.append(block) or len(store) - 1)
    found = packer.pack(request)
    packer.pack(request)
    assert store.count(b"pict") == 1  # the style is sent once, the film for each
    assert store.count(b"0123") == 2
    root = tmp_path / "root"
    parcel.unpack(found, root, store.__getitem__)
    there = parcel.moved(request, root)
    assert there.source.input.read_bytes() == film.read_bytes()
    assert [path.read_bytes() for plan in there.plans() for path in plan.files] == [b"picture"]
    assert there.target == root / (tmp_path / "out.mp4").relative_to("/")
    back = parcel.with_paths(there, lambda path: Path("/") / path.relative_to(root))
    assert back == request
