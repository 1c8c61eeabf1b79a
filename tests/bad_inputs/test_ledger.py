"""Rows in = used + repaired + set aside: checked by the program itself, for every file, clean or spoiled."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from lifecircle.model import InputFile
from lifecircle.problems import LedgerError, Problems
from lifecircle.sources.files import ReadLayer
from lifecircle.study import check_district
from tests.bad_inputs import polygons, positions
from tests.bad_inputs.catalogue import CORRUPTIONS, Corruption
from tests.bad_inputs.district import TOML, write_clean

ROWS = {
    "townships.gpkg": 2,
    "villages.shp": 4,
    "clinics.csv": 6,
    "hospitals.xlsx": 2,
    "parks.geojson": 1,
    "village_facts.csv": 4,
}
SPOILED = [
    one for one in CORRUPTIONS
    if one.spoil.__module__ in (polygons.__name__, positions.__name__) and one.row in ("B06", "B07", "B14", "B24", "B31", "B33", "B34")
]  # fmt: skip


def ledger(folder: Path) -> dict[str, InputFile]:
    """Return the manifest's line of every file; empty where the run is refused."""
    problems = Problems()
    layers = check_district(folder, problems)
    return {Path(file.path).name: file for file in layers.inputs} if layers is not None else {}


def test_every_row_of_a_clean_district_is_used(tmp_path: Path) -> None:
    files = ledger(write_clean(tmp_path / "clean"))
    assert {name: files[name].rows for name in ROWS} == ROWS
    assert {name: files[name].used for name in ROWS} == ROWS
    assert [file for file in files.values() if file.rows != file.used + file.repaired + file.set_aside] == []


@pytest.mark.parametrize("one", SPOILED, ids=lambda one: one.name)
def test_no_row_of_a_spoiled_district_is_lost(one: Corruption, tmp_path: Path) -> None:
    folder = write_clean(tmp_path / "spoiled")
    expected = one.spoil(folder)
    files = ledger(folder)
    if expected.severity == "error":
        assert files == {}
        return
    file = files[expected.file]
    assert file.rows == file.used + file.repaired + file.set_aside
    assert file.rows == _rows_in(folder / expected.file)
    if expected.severity in ("set_aside", "repaired") and expected.count is not None:
        assert getattr(file, expected.severity) == expected.count


def _rows_in(path: Path) -> int:
    if path.suffix == ".csv":
        return len(pd.read_csv(path, dtype=str))
    return len(pd.read_excel(path)) if path.suffix == ".xlsx" else len(gpd.read_file(path))


@pytest.mark.parametrize("parts", [(9, 0, 0), (8, 1, 0), (10, 1, 0), (11, 0, -1)])
def test_rows_that_do_not_add_up_stop_the_run_and_name_the_file(parts: tuple[int, int, int]) -> None:
    used, repaired, set_aside = parts
    with pytest.raises(LedgerError, match=r"people\.csv \(population\): 10"):
        InputFile("people.csv", "", 0, "population", rows=10, used=used, repaired=repaired, set_aside=set_aside)


def test_a_reader_that_loses_a_row_is_found_out() -> None:
    read = ReadLayer("a.csv", "", pd.DataFrame({"a": [1, 2, 3]}), None, InputFile("a.csv", "", 0, "table"))
    assert read.counted(kept=2, set_aside=1).used == 2
    with pytest.raises(LedgerError, match=r"a\.csv"):
        read.counted(kept=2)


def test_rows_that_where_leaves_out_are_counted_beside_the_ledger(tmp_path):
    toml = TOML.replace('path = "clinics.csv"\n', 'path = "clinics.csv"\nwhere = { "编码" = ["k1", "k2"] }\n')
    folder = write_clean(tmp_path / "clean")
    (folder / "district.toml").write_text(toml, encoding="utf-8")
    file = ledger(folder)["clinics.csv"]
    assert (file.rows, file.used, file.not_chosen) == (2, 2, 4)
