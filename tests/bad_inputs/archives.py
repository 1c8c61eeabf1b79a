"""B87-B91: files in parts, cut short, packed, linked or held by another program."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd

from tests.bad_inputs.catalogue import Expected, corruption
from tests.bad_inputs.polygons import edit_toml

TOWNSHIPS, VILLAGES = "townships.gpkg", "villages.shp"


def cut(path: Path, share: float) -> None:
    """Keep the beginning of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


@corruption("B87", VILLAGES)
def no_shx(folder: Path) -> Expected:
    (folder / "villages.shx").unlink()
    return Expected("file-unreadable", "error", VILLAGES, words=(".shx",))


@corruption("B87", VILLAGES)
def no_dbf(folder: Path) -> Expected:
    (folder / "villages.dbf").unlink()
    return Expected("file-unreadable", "error", VILLAGES, words=(".dbf", "copy all files"))


@corruption("B87", VILLAGES)
def shp_cut(folder: Path) -> Expected:
    cut(folder / VILLAGES, 0.66)
    return Expected("file-unreadable", "error", VILLAGES, words=("truncated",))


@corruption("B87", VILLAGES)
def dbf_cut(folder: Path) -> Expected:
    cut(folder / "villages.dbf", 0.9)
    return Expected("file-unreadable", "error", VILLAGES, words=("truncated",))


@corruption("B87", VILLAGES)
def parts_in_other_case(folder: Path) -> Expected:
    (folder / "villages.dbf").rename(folder / "Villages.DBF")
    (folder / "villages.shx").rename(folder / "VILLAGES.Shx")
    return Expected("shapefile-names", "repaired", VILLAGES, words=("Villages.DBF",))


def _cut_geopackage(share: float) -> None:
    def spoil(folder: Path) -> Expected:
        cut(folder / TOWNSHIPS, share)
        return Expected("file-unreadable", "error", TOWNSHIPS, words=("bytes",))

    spoil.__name__ = f"geopackage_cut_at_{share:g}"
    corruption("B88", TOWNSHIPS)(spoil)


for _share in (0.0, 0.001, 0.3, 0.95):
    _cut_geopackage(_share)


@corruption("B88", TOWNSHIPS)
def geopackage_zeroed(folder: Path) -> Expected:
    content = bytearray((folder / TOWNSHIPS).read_bytes())
    content[4096 : len(content) // 2] = bytes(len(content) // 2 - 4096)
    (folder / TOWNSHIPS).write_bytes(bytes(content))
    return Expected("file-unreadable", "error", TOWNSHIPS)


@corruption("B88", TOWNSHIPS)
def hot_journal(folder: Path) -> Expected:
    (folder / "townships.gpkg-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + bytes(512))
    return Expected("file-unreadable", "error", TOWNSHIPS, words=("townships.gpkg-journal", "QGIS"))


def pack(folder: Path, name: str = "villages.zip") -> Path:
    """Put the villages into a zip file and let the configuration name it."""
    archive = folder / name
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(folder.glob("villages.*")):
            if part != archive:
                packed.write(part, part.name)
                part.unlink()
    edit_toml(folder, 'path = "villages.shp"', f'path = "{name}"')
    return archive


@corruption("B89", VILLAGES, "district.toml")
def zip_of_two_layers(folder: Path) -> Expected:
    archive = pack(folder)
    with zipfile.ZipFile(archive, "a") as packed:
        packed.write(folder / "parks.geojson", "parks.geojson")
    return Expected("archive-layer", "error", "villages.zip", words=("villages.shp", "parks.geojson"))


@corruption("B89", VILLAGES, "district.toml")
def zip_names_a_layer_it_lacks(folder: Path) -> Expected:
    pack(folder)
    edit_toml(folder, 'path = "villages.zip"', 'path = "villages.zip/village.shp"')
    return Expected("archive-layer", "error", "villages.zip/village.shp", words=("villages.shp",))


@corruption("B89", VILLAGES, "district.toml")
def zip_bomb(folder: Path) -> Expected:
    with zipfile.ZipFile(pack(folder), "a", zipfile.ZIP_DEFLATED) as packed, packed.open("roads.tif", "w") as written:
        for _ in range(40):
            written.write(bytes(1 << 20))
    return Expected("archive-unreadable", "error", "villages.zip", words=("absurdly large", "roads.tif"))


@corruption("B89", VILLAGES, "district.toml")
def zip_leads_elsewhere(folder: Path) -> Expected:
    with zipfile.ZipFile(pack(folder), "a") as packed:
        packed.writestr("../../evil.shp", "x")
    return Expected("archive-unreadable", "error", "villages.zip", words=("../../evil.shp",))


@corruption("B89", VILLAGES, "district.toml")
def zip_with_a_link(folder: Path) -> Expected:
    link = zipfile.ZipInfo("passwords.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(pack(folder), "a") as packed:
        packed.writestr(link, "/etc/passwd")
    return Expected("archive-unreadable", "error", "villages.zip", words=("link", "passwords.csv"))


@corruption("B89", VILLAGES, "district.toml")
def zip_cut_short(folder: Path) -> Expected:
    cut(pack(folder), 0.7)
    return Expected("archive-unreadable", "error", "villages.zip", words=("cut short",))


@corruption("B90", VILLAGES, "district.toml")
def folder_for_a_file(folder: Path) -> Expected:
    (folder / "layers").mkdir()
    for part in sorted(folder.glob("villages.*")):
        part.rename(folder / "layers" / part.name)
    edit_toml(folder, 'path = "villages.shp"', 'path = "layers"')
    return Expected("file-is-folder", "error", "layers", words=("villages.shp",))


@corruption("B90", "parks.geojson")
def link_out_of_the_folder(folder: Path) -> Expected:
    elsewhere = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, elsewhere, ignore_errors=True)
    (folder / "parks.geojson").rename(elsewhere / "parks.geojson")
    (folder / "parks.geojson").symlink_to(elsewhere / "parks.geojson")
    return Expected("file-outside", "warning", "parks.geojson", words=(str(elsewhere),))


@corruption("B90", "district.toml")
def device_name(folder: Path) -> Expected:
    edit_toml(folder, 'path = "parks.geojson"', 'path = "NUL.geojson"')
    return Expected("file-device-name", "error", "NUL.geojson", words=("NUL",))


@corruption("B90", "district.toml")
def path_too_long(folder: Path) -> Expected:
    edit_toml(folder, 'path = "parks.geojson"', f'path = "{"p" * 5000}.geojson"')
    return Expected("file-missing", "error", "ppp", words=("parks.geojson",))


@corruption("B90", "district.toml")
def name_in_other_case(folder: Path) -> Expected:
    edit_toml(folder, 'path = "parks.geojson"', 'path = "Parks.geojson"')
    return Expected("file-missing", "error", "Parks.geojson", words=('"parks.geojson"',))


@corruption("B91", TOWNSHIPS)
def locked(folder: Path) -> Expected:
    held = sqlite3.connect(folder / TOWNSHIPS, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    atexit.register(held.close)
    return Expected("file-unreadable", "error", TOWNSHIPS, words=("locked", "close it in QGIS"))


@corruption("B88", "parks.geojson")
def geojson_cut(folder: Path) -> Expected:
    cut(folder / "parks.geojson", 0.5)
    return Expected("file-unreadable", "error", "parks.geojson", words=("bytes",))


class WindowsName(zipfile.ZipInfo):
    """An entry whose name is written in GBK, as Windows in Chinese does, without the flag of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


def zip_that_is_right(folder: Path) -> None:
    """Pack villages and clinics, with Chinese names as Windows writes them: not a word may be said of it."""
    pack(folder)
    (folder / "clinics.csv").rename(folder / "卫生机构.csv")
    archive = folder / "supply.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr(WindowsName("卫生机构.csv"), (folder / "卫生机构.csv").read_bytes())
    (folder / "卫生机构.csv").unlink()
    edit_toml(folder, 'path = "clinics.csv"', 'path = "supply.zip/卫生机构.csv"')
    assert len(gpd.read_file(f"zip://{folder / 'villages.zip'}")) == 4
