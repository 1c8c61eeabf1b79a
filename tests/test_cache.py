"""What was prepared comes back as it was, or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifecircle import cache as cache_room
from lifecircle.cache import NO_CACHE, Cache, make_key, open_cache
from lifecircle.model import Roads, Sailing
from lifecircle.outputs.publish import publish_study
from lifecircle.study import run_district
from lifecircle.travel.join import SegmentGrid
from lifecircle.travel.legs import PartWindow, StreetPieces
from lifecircle.travel.network import Network
from lifecircle.travel.obstacles import Obstacles
from lifecircle.travel.segments import LeftOut
from tests.tiny import write_tiny
from tests.travel.made import make_network, make_roads

NODES = [(0, 0), (300, 0), (600, 10), (600, 700)]
WAYS = [([0, 1, 2], {"name": '海 霞路 "a"', "oneway": "yes"}), ([2, 3], {})]
CLASSES = (Network, SegmentGrid, StreetPieces, PartWindow, Obstacles, LeftOut)


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
        return True
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, item.name), getattr(other, item.name)) for item in fields(one)
        )
    return type(one) is type(other) and one == other


@pytest.fixture
def made_roads() -> Roads:
    return make_roads(NODES, WAYS, (Sailing("渡", (0.0, 0.1), (1 / 3, float("inf")), 60.0, ("walk",)),))


def test_roads_come_back_as_they_were(made_roads, tmp_path):
    cache = Cache(tmp_path / "deep" / "folder")
    key = make_key("roads", made_roads)
    assert cache.recall("roads", key, (Roads, Sailing)) is None
    cache.keep("roads", key, made_roads)
    assert cache.outcomes == {"roads": "made"}
    assert same(made_roads, cache.recall("roads", key, (Roads, Sailing)))
    assert cache.outcomes == {"roads": "recalled"}


def test_a_network_comes_back_as_it_was(made_roads, tmp_path):
    network = make_network(made_roads)
    cache, key = Cache(tmp_path), make_key("network", 1)
    cache.keep("network", key, network, {"mode": network.mode})
    found = cache.recall("network", key, CLASSES, {"mode": network.mode})
    assert same(network, found)
    for item in fields(network):  # an array that two fields share is shared again
        for other in fields(network):
            if getattr(network, item.name) is getattr(network, other.name):
                assert getattr(found, item.name) is getattr(found, other.name)


def test_an_empty_map_comes_back(tmp_path):
    cache, empty = Cache(tmp_path), make_roads([], [])
    cache.keep("roads", "k", empty)
    assert same(empty, cache.recall("roads", "k", (Roads,)))


@pytest.mark.parametrize("change", ["x", "tags", "way_id", "sailings", "way_node"])
def test_every_part_of_the_roads_is_in_the_key(made_roads, change):
    from dataclasses import replace

    tags = made_roads.tags.copy()
    tags["highway"] = pd.Categorical(["primary", "residential"])
    other = {
        "x": made_roads.x + 1e-9,
        "tags": tags,
        "way_id": np.array(["w0", "w2"], dtype=object),
        "sailings": (),
        "way_node": made_roads.way_node[::-1].copy(),
    }
    assert make_key(made_roads) == make_key(replace(made_roads))
    assert make_key(made_roads) != make_key(replace(made_roads, **{change: other[change]}))


def test_keys_tell_values_apart():
    values = [None, 0, 0.0, False, "", "0", (), [0], [[0]], ["a", "b"], ["ab"], {"a": 1}, {"a": None}, {"a": {"b": 1}}, np.zeros(0), np.zeros(1),
              np.zeros(1, dtype=np.float32), np.zeros((1, 1)), [np.zeros(1), 1], [np.zeros(1)]]  # fmt: skip
    assert len({make_key(value) for value in values}) == len(values)
    assert make_key(1, 2) != make_key([1, 2])


def test_terrain_is_part_of_a_key():
    from rasterio import Affine

    from lifecircle.model import TerrainLayers

    def terrain(height_m: float, left: float = 0.0) -> TerrainLayers:
        known = np.ones((2, 2), dtype=bool)
        return TerrainLayers(
            Affine(30, 0, left, 0, -30, 0), "EPSG:4549", np.full((2, 2), height_m, np.float32), None, known
        )

    assert make_key(terrain(1.0)) == make_key(terrain(1.0))
    assert len({make_key(each) for each in (terrain(1.0), terrain(2.0), terrain(1.0, 5.0))}) == 3
    with pytest.raises(cache_room.UnkeepableError):
        make_key(object())


def test_other_code_is_another_key(monkeypatch):
    before = make_key("x")
    monkeypatch.setattr(cache_room, "code_fingerprint", lambda: "other code")
    assert make_key("x") != before


@pytest.mark.parametrize("size", [0, 10, 500, -1, -30])
def test_a_file_cut_short_is_absent_and_is_written_again(made_roads, tmp_path, size):
    cache = Cache(tmp_path)
    cache.keep("roads", "k", made_roads)
    path = tmp_path / "k.npz"
    path.write_bytes(path.read_bytes()[:size])
    assert cache.recall("roads", "k", (Roads, Sailing)) is None
    cache.keep("roads", "k", made_roads)
    assert same(made_roads, cache.recall("roads", "k", (Roads, Sailing)))


def test_bytes_that_changed_are_found_out(made_roads, tmp_path):
    cache = Cache(tmp_path)
    cache.keep("roads", "k", made_roads)
    path = tmp_path / "k.npz"
    whole = path.read_bytes()
    spoilt = sum(
        _recall_spoilt(cache, path, whole, place) is None for place in range(0, len(whole), max(len(whole) // 150, 1))
    )
    assert spoilt > 50, "most bytes are content"


def _recall_spoilt(cache, path, whole, place):
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
    found = cache.recall("roads", "k", (Roads, Sailing))
    good = make_roads(NODES, WAYS, (Sailing("渡", (0.0, 0.1), (1 / 3, float("inf")), 60.0, ("walk",)),))
    assert found is None or same(good, found), f"byte {place} changed the roads unnoticed"
    return found


def test_foreign_files_are_absent(tmp_path):
    cache = Cache(tmp_path)
    (tmp_path / "text.npz").write_text("nothing of ours")
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "list.npz", content=np.frombuffer(b"[1, 2]", dtype=np.uint8))
    (tmp_path / "folder.npz").mkdir()
    cache.keep("roads", "mine", make_roads(NODES, WAYS))
    shutil.copy(tmp_path / "mine.npz", tmp_path / "renamed.npz")
    for key in ("text", "one", "other", "list", "folder", "renamed"):
        assert cache.recall("roads", key, (Roads,)) is None
    assert cache.outcomes == {"roads": "made"}


def test_pickles_are_never_read(tmp_path):
    @dataclass
    class Held:
        array: np.ndarray

    cache = Cache(tmp_path)
    cache.keep("held", "k", Held(np.array([{"a": 1}], dtype=object)))
    assert cache.outcomes == {"held": "made, not kept"}
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_no_error(made_roads, tmp_path):
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "folder")
    assert cache.recall("roads", "k", (Roads, Sailing)) is None
    cache.keep("roads", "k", made_roads)
    assert cache.outcomes == {"roads": "made, not kept"}


def test_the_longest_unused_goes_first(made_roads, tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    cache.keep("roads", "a", made_roads)
    size = (tmp_path / "a.npz").stat().st_size
    monkeypatch.setattr(cache_room, "MOST_BYTES", int(3.5 * size))
    for age, key in ((300, "a"), (200, "b"), (100, "c")):
        cache.keep("roads", key, made_roads)
        then = (tmp_path / f"{key}.npz").stat().st_mtime - age
        os.utime(tmp_path / f"{key}.npz", (then, then))
    assert cache.recall("roads", "a", (Roads, Sailing)) is not None  # used just now
    cache.keep("roads", "d", made_roads)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "c", "d"]
    monkeypatch.setattr(cache_room, "MOST_BYTES", 1)
    cache.keep("roads", "e", made_roads)
    assert [path.stem for path in tmp_path.iterdir()] == ["e"], "what was just written stays"


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("LIFECIRCLE_CACHE", "")
    assert open_cache().folder is None
    monkeypatch.setenv("LIFECIRCLE_CACHE", str(tmp_path))
    assert open_cache().folder == tmp_path
    monkeypatch.delenv("LIFECIRCLE_CACHE")
    # Else where the system keeps what can be made anew: under the user's own folders, and named after the program.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = open_cache().folder
    assert found is not None
    assert "lifecircle" in found.parts
    if sys.platform.startswith("linux"):
        assert found == tmp_path / "lifecircle"


def published(folder: Path, out: Path, cache: Cache) -> dict[str, bytes]:
    publish_study(run_district(folder, cache=cache), out, with_map=True, progress=lambda _: None)
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "manifest.json"  # it has the timings, and says where networks came from
    }


def test_a_second_run_writes_the_same_bytes(tmp_path):
    """From a layer that has something to say, so that what was said is said again."""
    folder = write_tiny(tmp_path / "tiny")
    import geopandas as gpd

    roads = gpd.read_file(folder / "roads.gpkg")
    roads.loc[1] = {"highway": None, "geometry": roads.geometry[0]}
    roads.to_file(folder / "roads.gpkg", layer="roads")
    runs = [
        (NO_CACHE, {}),
        *((Cache(tmp_path / "cache"), {"roads": how, "network walk": how}) for how in ("made", "recalled")),
    ]
    results = []
    for index, (cache, outcomes) in enumerate(runs):
        results.append(published(folder, tmp_path / f"out{index}", cache))
        assert cache.outcomes == outcomes
    assert results[0] == results[1] == results[2]
    assert any("roads-no-class" in content.decode("utf-8", "ignore") for content in results[0].values())


def test_other_roads_or_another_speed_are_prepared_anew(tmp_path):
    folder, where = write_tiny(tmp_path / "tiny"), tmp_path / "cache"
    run_district(folder, cache=Cache(where))
    toml = folder / "district.toml"
    toml.write_text(toml.read_text("utf-8").replace("speed_kph = 3.6", "speed_kph = 3.7", 1), "utf-8")
    faster = Cache(where)
    study = run_district(folder, cache=faster)
    assert faster.outcomes == {"roads": "recalled", "network walk": "made"}
    assert study.results["clinic-walk-15"].nearest.cost[2] == pytest.approx(1500 / (3.7 / 3.6) / 60)
    import geopandas as gpd

    roads = gpd.read_file(folder / "roads.gpkg")
    roads.geometry = roads.translate(0, 1)
    roads.to_file(folder / "roads.gpkg", layer="roads")
    moved = Cache(where)
    run_district(folder, cache=moved)
    assert moved.outcomes == {"roads": "made", "network walk": "made"}


def test_a_cache_that_is_all_broken_changes_nothing(tmp_path):
    folder, where = write_tiny(tmp_path / "tiny"), tmp_path / "cache"
    first = published(folder, tmp_path / "out1", Cache(where))
    for path in where.iterdir():
        path.write_bytes(path.read_bytes()[:-200])
    again = Cache(where)
    assert published(folder, tmp_path / "out2", again) == first
    assert again.outcomes == {"roads": "made", "network walk": "made"}
