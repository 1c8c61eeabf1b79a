"""Tables and text that do not mean what they seem to: encodings, Excel's doings, ragged rows, repeated rows, amounts that cannot be."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd

from tests.bad_inputs.catalogue import Expected, corruption

TRADITIONAL = str.maketrans("卫编码纬启称经", "衛編碼緯啟稱經")


def _edit(path: Path, change: Callable[[str], str]) -> str:
    text = path.read_text("utf-8")
    changed = change(text)
    assert changed != text
    path.write_text(changed, "utf-8", newline="")
    return changed


def _book(path: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(path)


def _shapefile(folder: Path, encoding: str, names: list[str] | None = None) -> None:
    frame = gpd.read_file(folder / "villages.shp")
    if names:
        frame = frame.assign(name=names)
    for part in folder.glob("villages.*"):
        part.unlink()
    frame.to_file(folder / "villages.shp", encoding=encoding)


@corruption("B38", "villages.shp")
def gbk_shapefile_without_cpg(folder: Path) -> Expected:
    _shapefile(folder, "gbk")
    (folder / "villages.cpg").unlink()
    return Expected("text-encoding", "warning", "villages.shp", words=("gb18030",))


@corruption("B38", "villages.shp")
def big5_shapefile_without_cpg(folder: Path) -> Expected:
    _shapefile(folder, "big5", ["板橋區", "中和區衛生所", "新店區", "蘆洲"])
    (folder / "villages.cpg").unlink()
    return Expected("text-encoding", "warning", "villages.shp", words=('encoding = "big5"',))


@corruption("B39", "villages.shp")
def cpg_says_utf8(folder: Path) -> Expected:
    _shapefile(folder, "gbk")
    (folder / "villages.cpg").write_text("UTF-8")
    return Expected("text-encoding", "warning", "villages.shp", words=(".cpg", "UTF-8", "gb18030"))


@corruption("B39", "villages.shp")
def cpg_says_latin(folder: Path) -> Expected:
    _shapefile(folder, "gbk")  # every byte is some letter in Latin-1
    (folder / "villages.cpg").write_text("ISO-8859-1")
    return Expected("text-encoding", "warning", "villages.shp", words=(".cpg", "ISO-8859-1", "gb18030"))


@corruption("B39", "villages.shp")
def cpg_says_big5(folder: Path) -> Expected:
    _shapefile(folder, "gbk")
    (folder / "villages.cpg").write_text("BIG5")
    return Expected("text-encoding", "warning", "villages.shp", words=("BIG5", "gb18030"))


@corruption("B39", "villages.shp")
def cpg_says_gbk_of_utf8(folder: Path) -> Expected:
    (folder / "villages.cpg").write_text("GBK")
    return Expected("text-encoding", "warning", "villages.shp", words=("GBK", "utf-8"))


@corruption("B40", "clinics.csv")
def gbk_csv(folder: Path) -> Expected:
    path = folder / "clinics.csv"
    path.write_bytes(path.read_text("utf-8").encode("gbk"))
    return Expected("text-encoding", "warning", "clinics.csv", words=('encoding = "gb18030"',))


@corruption("B40", "clinics.csv", "district.toml")
def big5_csv(folder: Path) -> Expected:
    toml = folder / "district.toml"
    head, clinics, rest = toml.read_text("utf-8").partition('path = "clinics.csv"')
    own, mark, rest = rest.partition("[[facilities]]")
    toml.write_text(head + clinics + own.translate(TRADITIONAL) + mark + rest, "utf-8")
    path = folder / "clinics.csv"
    path.write_bytes(path.read_text("utf-8").translate(TRADITIONAL).encode("big5"))
    return Expected("text-encoding", "warning", "clinics.csv", words=('encoding = "big5"',))


@corruption("B40", "clinics.csv")
def encodings_mixed(folder: Path) -> Expected:
    path = folder / "clinics.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_bytes(b"\n".join([lines[0].encode(), lines[1].encode(), *(line.encode("gbk") for line in lines[2:])]))
    return Expected("file-unreadable", "error", "clinics.csv", row="3", words=("several encodings", "bytes"))


@corruption("B40", "clinics.csv")
def one_broken_line(folder: Path) -> Expected:
    path = folder / "clinics.csv"
    content = path.read_bytes()
    at = content.index("甲北".encode())
    path.write_bytes(content[: at + 2] + b"\xff" + content[at + 3 :])
    return Expected("file-unreadable", "error", "clinics.csv", row="3", words=("bytes",))


@corruption("B40", "clinics.csv", "district.toml")
def stated_encoding_is_another(folder: Path) -> Expected:
    _edit(
        folder / "district.toml",
        lambda text: text.replace('path = "clinics.csv"', 'path = "clinics.csv"\nencoding = "gbk"'),
    )
    return Expected("text-encoding", "warning", "clinics.csv", words=("gbk", "utf-8"))


@corruption("B41", "clinics.csv")
def utf16_without_mark(folder: Path) -> Expected:
    path = folder / "clinics.csv"
    path.write_bytes(path.read_text("utf-8").encode("utf-16-le"))
    return Expected("text-encoding", "warning", "clinics.csv", words=("utf-16-le",))


@corruption("B42", "clinics.csv")
def ragged_row(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace("甲北卫生室,", "甲北卫生室,西,", 1))
    return Expected("table-ragged", "error", "clinics.csv", row="3", count=1)


@corruption("B43", "clinics.csv")
def one_field_too_many_everywhere(folder: Path) -> Expected:
    def widen(text: str) -> str:
        head, *rows = text.splitlines()
        return "\n".join([head, *(f"x,{row}" for row in rows)]) + "\n"

    _edit(folder / "clinics.csv", widen)
    return Expected("table-ragged", "error", "clinics.csv", count=6)


@corruption("B44", "clinics.csv")
def column_twice(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace("启用年份", "床位", 1))
    return Expected("table-duplicate-column", "error", "clinics.csv", field="床位")


@corruption("B45", "village_facts.csv")
def codes_shortened(folder: Path) -> Expected:
    _edit(folder / "village_facts.csv", lambda text: text.replace("330399001001", "3.30399E+11", 1))
    return Expected("table-shortened-code", "error", "village_facts.csv", row="2", field="代码")


@corruption("B45", "hospitals.xlsx")
def long_codes_as_numbers(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.active["A2"] = 12345678901234567890
    book.save(folder / "hospitals.xlsx")
    return Expected("table-shortened-code", "error", "hospitals.xlsx", row="2", field="id")


@corruption("B47", "hospitals.xlsx")
def date_for_an_id(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.active["A2"] = dt.datetime(2025, 1, 2)
    book.active.append(["h3", "丙医院", 601500, 3080000, 10])
    book.save(folder / "hospitals.xlsx")
    return Expected("table-excel-date", "error", "hospitals.xlsx", row="2", field="id", words=("1-2",))


@corruption("B47", "clinics.csv")
def date_for_beds(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace(",2,2005", ",3月5日,2005"))
    return Expected("table-excel-date", "error", "clinics.csv", row="3", field="床位")


@corruption("B47", "village_facts.csv")
def date_for_households(folder: Path) -> Expected:
    _edit(folder / "village_facts.csv", lambda text: text.replace("330399001001,100", "330399001001,2-Jan"))
    return Expected("table-excel-date", "error", "village_facts.csv", row="2", field="总户数")


@corruption("B48", "hospitals.xlsx")
def formula_never_computed(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.active["E2"] = "=100+100"
    book.save(folder / "hospitals.xlsx")
    return Expected("table-formula-uncached", "error", "hospitals.xlsx", row="E2", field="beds")


@corruption("B48", "hospitals.xlsx")
def merged_downwards(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.active.merge_cells("E2:E3")
    book.save(folder / "hospitals.xlsx")
    return Expected("table-merged", "error", "hospitals.xlsx", row="E2:E3")


@corruption("B49", "hospitals.xlsx")
def error_cell(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.active["E3"] = "#N/A"
    book.save(folder / "hospitals.xlsx")
    return Expected("table-excel-error", "set_aside", "hospitals.xlsx", row="E3", field="beds")


def _beds(value: str, code: str, severity: str) -> None:
    def spoil(folder: Path) -> Expected:
        _edit(folder / "clinics.csv", lambda text: text.replace(",20,2001", f',"{value}",2001'))
        return Expected(code, severity, "clinics.csv", row="2", field="床位", words=(value,))

    spoil.__name__ = f"beds_{value}".replace("-", "minus").replace(",", "")
    corruption("B55" if value.startswith("-") or value.isdigit() else "B50", "clinics.csv")(spoil)


for _value, _code, _severity in (
    ("1,234", "table-repaired-number", "repaired"), ("300人", "table-repaired-number", "repaired"),
    ("约300", "facilities-bad-amount", "set_aside"), ("-200", "facilities-bad-amount", "set_aside"),
    ("9999999", "facilities-odd-amount", "warning"), ("99999999", "facilities-bad-amount", "set_aside"),
):  # fmt: skip
    _beds(_value, _code, _severity)


@corruption("B51", "clinics.csv")
def control_characters(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace("甲卫生院", "甲\x0b卫生院"))
    return Expected("table-control-characters", "repaired", "clinics.csv", row="2", field="名称", count=1)


@corruption("B52", "clinics.csv")
def nul_byte(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace("甲北卫生室", "甲北\x00卫生室"))
    return Expected("file-unreadable", "error", "clinics.csv", row="3", words=("NUL",))


@corruption("B53", "clinics.csv")
def id_twice(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace("k2,", "k1,"))
    return Expected("facilities-duplicate-id", "error", "clinics.csv", words=("k1",), count=2)


@corruption("B53", "clinics.csv")
def row_twice(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text + text.splitlines()[1] + "\n")
    return Expected("table-row-twice", "repaired", "clinics.csv", row="8", count=1)


@corruption("B54", "clinics.csv")
def place_twice(folder: Path) -> Expected:
    def again(text: str) -> str:
        first = text.splitlines()[1].split(",")
        return text + ",".join(["k9", "甲 卫生院", *first[2:]]) + "\n"

    _edit(folder / "clinics.csv", again)
    return Expected("facilities-same-place", "warning", "clinics.csv", row="2/8", words=("k1", "k9"), count=1)


@corruption("B57", "hospitals.xlsx")
def workbook_cut_short(folder: Path) -> Expected:
    path = folder / "hospitals.xlsx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return Expected("file-unreadable", "error", "hospitals.xlsx", words=("cut short", "bytes"))


@corruption("B57", "hospitals.xlsx")
def web_page_as_workbook(folder: Path) -> Expected:
    (folder / "hospitals.xlsx").write_text("<html><table><tr><td>id</td></tr></table></html>")
    return Expected("file-unreadable", "error", "hospitals.xlsx", words=("web page", ".xlsx"))


@corruption("B57", "hospitals.xlsx")
def csv_as_workbook(folder: Path) -> Expected:
    (folder / "hospitals.xlsx").write_text("id,name,x,y,beds\nh1,a,1,2,3\n")
    return Expected("file-unreadable", "error", "hospitals.xlsx", words=("plain text",))


@corruption("B57", "clinics.csv")
def workbook_as_csv(folder: Path) -> Expected:
    (folder / "clinics.csv").write_bytes((folder / "hospitals.xlsx").read_bytes())
    return Expected("file-unreadable", "error", "clinics.csv", words=("workbook",))


@corruption("B57", "hospitals.xlsx")
def archive_as_workbook(folder: Path) -> Expected:
    with zipfile.ZipFile(folder / "hospitals.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return Expected("file-unreadable", "error", "hospitals.xlsx", words=("document",))


@corruption("B58", "hospitals.xlsx")
def locked_workbook(folder: Path) -> Expected:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    (folder / "hospitals.xlsx").write_bytes(head)
    return Expected("file-unreadable", "error", "hospitals.xlsx", words=("password",))


@corruption("B58", "hospitals.xlsx")
def hidden_sheet_beside(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    other = book.create_sheet("旧名单")
    other.append(["id", "name", "x", "y", "beds"])
    other.append(["h9", "旧医院", 601000, 3080000, 5])
    other.sheet_state = "hidden"
    book.save(folder / "hospitals.xlsx")
    return Expected("sheet-hidden", "warning", "hospitals.xlsx", words=("旧名单",))


@corruption("B58", "hospitals.xlsx")
def several_sheets(folder: Path) -> Expected:
    book = _book(folder / "hospitals.xlsx")
    book.create_sheet("二").append(["id", "name", "x", "y", "beds"])
    book.save(folder / "hospitals.xlsx")
    return Expected("sheet-not-named", "error", "hospitals.xlsx", field="sheet", words=("二",))


@corruption("B59", "clinics.csv")
def header_only(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.splitlines()[0] + "\n")
    return Expected("layer-empty", "warning", "clinics.csv", also=("rule-no-match",))


@corruption("B59", "hospitals.xlsx")
def workbook_of_a_header(folder: Path) -> Expected:
    pd.read_excel(folder / "hospitals.xlsx").head(0).to_excel(folder / "hospitals.xlsx", index=False)
    return Expected("layer-empty", "warning", "hospitals.xlsx", also=("rule-no-match",))


@corruption("B59", "parks.geojson")
def no_features(folder: Path) -> Expected:
    (folder / "parks.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    return Expected("layer-empty", "warning", "parks.geojson", also=("rule-no-match",))


@corruption("B59", "clinics.csv")
def nothing_at_all(folder: Path) -> Expected:
    (folder / "clinics.csv").write_text("")
    return Expected("layer-empty", "error", "clinics.csv", also=("rule-no-match",))


@corruption("B59", "townships.gpkg")
def no_units(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "townships.gpkg")
    (folder / "townships.gpkg").unlink()
    frame.head(0).to_file(folder / "townships.gpkg", layer="townships")
    return Expected("layer-empty", "error", "townships.gpkg")


@corruption("B59", "district.toml")
def where_chooses_nothing(folder: Path) -> Expected:
    _edit(
        folder / "district.toml",
        lambda text: text.replace('path = "clinics.csv"', 'path = "clinics.csv"\nwhere = { "名称" = "丙院" }'),
    )
    return Expected("layer-where-empty", "warning", "clinics.csv", words=("丙院", "甲卫生院"), also=("rule-no-match",))


@corruption("B60", "clinics.csv")
def opened_without_a_year(folder: Path) -> Expected:
    _edit(folder / "clinics.csv", lambda text: text.replace(",2001", ",改革开放前"))
    return Expected("facilities-no-year", "warning", "facilities", words=("改革开放前",))


@corruption("B53", "village_facts.csv")
def village_twice_in_a_register(folder: Path) -> Expected:
    _edit(folder / "village_facts.csv", lambda text: text + "330399001001,70,60\n")
    return Expected("tables-unit-twice", "warning", "village_facts.csv", field="代码", words=("330399001001",), count=2)


@corruption("B11", "villages.shp", "village_facts.csv")
def village_of_another_township(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "villages.shp")
    frame.loc[0, "code"] = "330399101203"
    frame.to_file(folder / "villages.shp", encoding="UTF-8")
    _edit(folder / "village_facts.csv", lambda text: text.replace("330399001001", "330399101203"))
    return Expected(
        "units-code-elsewhere", "warning", "villages.shp", row="330399101203", words=("甲街道", "乙镇"), count=1
    )


@corruption("B45", "village_facts.csv", "villages.shp")
def leading_zeros_lost(folder: Path) -> Expected:
    frame = gpd.read_file(folder / "villages.shp")
    frame = frame.assign(code=["0" + code[1:] for code in frame["code"]])  # codes of a country whose own begin with 0
    frame.to_file(folder / "villages.shp", encoding="UTF-8")
    _edit(
        folder / "village_facts.csv",
        lambda text: text.replace("330399001001,", "30399001001,").replace("330399", "030399"),
    )
    return Expected("tables-unknown-unit", "set_aside", "village_facts.csv", row="2", words=("zeros lost",), count=1)


@corruption("B40", "parks.geojson")
def geojson_in_gbk(folder: Path) -> Expected:
    path = folder / "parks.geojson"
    path.write_bytes(path.read_text("utf-8").encode("gbk"))
    return Expected("file-unreadable", "error", "parks.geojson", words=("UTF-8", "bytes"), also=("rule-no-match",))


def _people_of(folder: Path, toml: str) -> None:
    path = folder / "district.toml"
    head, _, rest = path.read_text("utf-8").partition("[population]")
    path.write_text(f"{head}{toml}\n[[facilities]]{rest.partition('[[facilities]]')[2]}", "utf-8")


@corruption("B47", "district.toml")
def date_for_people_of_a_zone(folder: Path) -> Expected:
    (folder / "zones.csv").write_text("code,n\n330399001,100\n330399101,1月2日\n", "utf-8")
    _people_of(
        folder, '[population]\nsource = "zones"\npath = "zones.csv"\nid = "code"\npeople = "n"\nlevel = "township"\n'
    )
    return Expected("table-excel-date", "error", "zones.csv", row="3", field="n")


@corruption("B53", "district.toml")
def people_with_one_id_and_less_than_nobody(folder: Path) -> Expected:
    rows = "".join(
        f"{name},{count},{600100 + 10 * at},3080010\n"
        for at, (name, count) in enumerate([("a", 5), ("b", -3), ("b", 4)])
    )
    (folder / "people.csv").write_text(f"id,n,x,y\n{rows}", "utf-8")
    _people_of(
        folder,
        '[population]\nsource = "points"\npath = "people.csv"\nid = "id"\npeople = "n"\nx = "x"\ny = "y"\ncrs = "EPSG:4549"\n',
    )
    return Expected(
        "population-duplicate-id", "error", "people.csv", row="3, 4", count=2, also=("population-negative",)
    )
