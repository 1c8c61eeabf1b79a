"""The old complete set or the new complete set, never a mixture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.tiny import write_tiny

from lifecircle.outputs import publish
from lifecircle.outputs.manifest import hash_file as publish_hash
from lifecircle.sources.files import describe_file
from lifecircle.study import run_district


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return run_district(write_tiny(tmp_path_factory.mktemp("district") / "tiny"))


class KilledError(BaseException):
    """Stands for the power going off."""


def publish_quietly(study, out):
    return publish.publish_study(study, out, with_map=True, progress=lambda _: None)


def read_set(out):
    tables, maps = publish.target_folders(out, "tiny", 2025)
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for folder in (tables, maps)
        for path in sorted(folder.glob("*"))
    }


@pytest.mark.parametrize("fatal", range(1, 12))
def test_killed_at_any_move(study, tmp_path, monkeypatch, fatal):
    """Kill the n-th rename; whatever stands then, the next run finds one complete set and leaves one complete set."""
    publish_quietly(study, tmp_path)
    tables, maps = publish.target_folders(tmp_path, "tiny", 2025)
    for folder in (tables, maps):
        (folder / "old.txt").write_text("old")
    calls = 0
    rename, replace = Path.rename, Path.replace

    def counted(real):
        def move(self, target):
            nonlocal calls
            calls += 1
            if calls == fatal:
                raise KilledError
            return real(self, target)

        return move

    monkeypatch.setattr(Path, "rename", counted(rename))
    monkeypatch.setattr(Path, "replace", counted(replace))
    try:
        publish_quietly(study, tmp_path)
        survived = True
    except KilledError:
        survived = False
    monkeypatch.undo()
    publish.finish_publishing(tables)
    olds = [(folder / "old.txt").exists() for folder in (tables, maps)]
    assert olds in ([True, True], [False, False]), "never a mixture"
    assert (tables / "manifest.json").exists()
    assert (maps / "index.html").exists()
    if survived:
        assert olds == [False, False]
    publish_quietly(study, tmp_path)
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]


def test_a_failing_output_leaves_the_old_set(study, tmp_path, monkeypatch):
    publish_quietly(study, tmp_path)
    before = read_set(tmp_path)
    import lifecircle.outputs.layers

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lifecircle.outputs.layers, "write_layers", no_space)
    with pytest.raises(OSError, match="No space"):
        publish_quietly(study, tmp_path)
    assert read_set(tmp_path) == before
    assert not list(tmp_path.rglob(".*.new-*"))


def test_the_manifest_hashes_what_is_published(study, tmp_path):
    publish_quietly(study, tmp_path)
    from lifecircle.outputs.manifest import hash_file

    tables, _ = publish.target_folders(tmp_path, "tiny", 2025)
    outputs = json.loads((tables / "manifest.json").read_text("utf-8"))["outputs"]
    assert len(outputs) == 16
    for name, digest in outputs.items():
        assert hash_file(tmp_path / name) == digest


def test_the_manifest_names_every_file_and_what_decided(study, tmp_path):
    """Each part of a layer of several files with its own hash; the district's configuration and the policies beside them."""
    publish_quietly(study, tmp_path)
    manifest = json.loads((tmp_path / "data/processed/tiny/2025/manifest.json").read_text("utf-8"))
    assert manifest["settings"]["district.toml"] == publish_hash(study.folder / "district.toml")
    assert {"lifecircle/modes.toml", "lifecircle/kinds.toml"} <= set(manifest["settings"])
    for name in ("town.dbf", "town.shp", "town.shx"):
        (tmp_path / name).write_bytes(name.encode())
    found = describe_file(tmp_path, tmp_path / "town.shp", "units")
    assert {name: digest for name, _, digest in found.parts} == {
        name: publish_hash(tmp_path / name) for name in ("town.dbf", "town.shp", "town.shx")
    }
    assert found.size_bytes == sum(size for _, size, _ in found.parts)
