"""Where compiled functions are kept when the installation, the home, or neither can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lifecircle import compilation
from lifecircle.compilation import VARIABLE, choose_compiled_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _variable_is_put_back(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")


def close(monkeypatch, *closed):
    """Let nothing below these folders be written: as root, modes close nothing."""
    real = compilation.can_write
    monkeypatch.setattr(
        compilation,
        "can_write",
        lambda folder: not any(Path(folder).is_relative_to(one) for one in closed) and real(folder),
    )


def test_the_package_where_it_can_be_written(tmp_path):
    assert choose_compiled_folder(tmp_path).kept == "package"
    assert VARIABLE not in os.environ


def test_the_users_folder_where_the_package_is_closed(tmp_path, monkeypatch):
    close(monkeypatch, tmp_path / "package")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = choose_compiled_folder(tmp_path / "package")
    assert (found.kept, found.line) == ("user", "")
    assert os.environ[VARIABLE] == str(found.folder)
    assert found.folder.is_relative_to(tmp_path / "cache")


def test_a_temporary_folder_where_there_is_no_home_and_it_is_said(tmp_path, monkeypatch):
    close(monkeypatch, tmp_path / "package", tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = choose_compiled_folder(tmp_path / "package")
    assert found.kept == "temporary"
    assert str(found.folder) in found.line
    assert VARIABLE in found.line


def test_a_folder_that_others_may_write_is_not_taken(tmp_path, monkeypatch):
    close(monkeypatch, tmp_path / "package", tmp_path / "cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"lifecircle-compiled-{os.getuid()}").mkdir(mode=0o777)
    (tmp_path / f"lifecircle-compiled-{os.getuid()}").chmod(0o777)
    monkeypatch.setattr(compilation, "_keep_nothing", lambda: None)
    assert choose_compiled_folder(tmp_path / "package").kept == "nowhere"


def test_where_nothing_can_be_kept_kernels_still_run():
    """In a process of its own, with every folder closed."""
    script = (
        "import lifecircle.compilation as c; c.can_write = lambda folder: False\n"
        "found = c.choose_compiled_folder(c.Path('package')); assert found.kept == 'nowhere', found\n"
        "from numba import njit\n"
        "@njit(cache=True)\n"
        "def twice(x): return 2 * x\n"
        "assert twice(4) == 8\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "coverage")}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
