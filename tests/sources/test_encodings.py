"""In which encoding a text is: never wrong in silence, whatever pairs of bytes it is made of."""

from __future__ import annotations

import contextlib

import geopandas as gpd
import openpyxl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.district import CRS, codes, only

from lifecircle.config import SourceLayer
from lifecircle.problems import Problems, UnreadableError
from lifecircle.sources import sheets
from lifecircle.sources.encodings import choose, codec_of, decode_text
from lifecircle.sources.sheets import letters
from lifecircle.sources.vectors import read_layer

SIMPLIFIED = [
    "洞头区", "北岙街道", "东屏街道社区卫生服务中心", "鹿西乡", "南策村", "大瞿村", "灵昆街道",
    "昆鹏街道", "霓屿街道", "大门镇", "海霞村", "后垄村", "银海社区", "中心小学", "敬老院",
]  # fmt: skip
TRADITIONAL = [
    "板橋區", "中和區", "新店區衛生所", "國民小學", "臺北市立聯合醫院", "蘆洲", "鶯歌", "淡水",
    "汐止", "瑞芳", "土城", "泰山", "林口", "圖書館", "長青活動中心", "鄉公所",
]  # fmt: skip
EUROPEAN = ["España", "Málaga", "Cañón", "Zürich", "Müller", "Straße", "Besançon", "Orléans", "Århus", "Malmö", "Évora"]


def table(words):
    return "id,name\n" + "\n".join(f"{number},{word}" for number, word in enumerate(words)) + "\n"


def read(content, stated=None, wanted=()):
    problems = Problems()
    return decode_text(content, stated, wanted, "a.csv", problems), problems


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([("gb18030", SIMPLIFIED), ("big5", TRADITIONAL), ("cp1252", EUROPEAN), ("utf-8", SIMPLIFIED), ("utf-16", TRADITIONAL)]),
    st.data(),
)  # fmt: skip
def test_names_of_places_are_read_in_their_own_encoding(kind, data):
    encoding, words = kind
    text = table(data.draw(st.lists(st.sampled_from(words), min_size=2, max_size=12)))
    found, problems = read(text.encode(encoding))
    assert found == text
    assert codes(problems) == ([] if encoding.startswith("utf") else ["text-encoding"])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=5),
        min_size=6,
        max_size=20,
    )
)
def test_utf8_is_utf8_whatever_it_says(words):
    text = table(words)
    for stated in (None, "utf-8"):
        found, problems = read(text.encode("utf-8"), stated)
        assert found == text
        assert codes(problems) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(SIMPLIFIED), min_size=2, max_size=10),
    st.lists(st.sampled_from(SIMPLIFIED), min_size=2, max_size=10),
)
def test_two_encodings_in_one_file_are_refused(first, second):
    content = table(first).encode("utf-8") + "\n".join(f"9,{word}" for word in second).encode("gb18030")
    with pytest.raises(UnreadableError, match="line"):
        read(content)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(UnreadableError):
        found, _ = read(content)
        assert isinstance(found, str)


@pytest.mark.parametrize("stated", ["big5", "latin-1", "gbk", "utf-8"])
def test_a_stated_encoding_that_makes_no_sense_is_told(stated):
    right = {"big5": "gb18030", "latin-1": "gb18030", "gbk": "big5", "utf-8": "gb18030"}[stated]
    content = table(TRADITIONAL if right == "big5" else SIMPLIFIED).encode(right)
    if stated == "utf-8":
        with pytest.raises(UnreadableError, match=rf"line \d+ .*{right}"):
            read(content, stated)
    else:  # the bytes happen to decode
        assert right in only(read(content, stated)[1], "text-encoding").expected


def test_a_stated_encoding_gives_way_to_what_is_plainly_utf8():
    text = table(SIMPLIFIED)
    found, problems = read(text.encode("utf-8"), "gbk")
    assert found == text
    assert "utf-8" in only(problems, "text-encoding").found


def test_columns_that_are_asked_for_decide():
    """Two readings that are both words: the one that has the column is right."""
    text = "编号,垄\n1,岙\n"
    found, _ = read(text.encode("gb18030"), None, ["编号", "垄"])
    assert found == text


@pytest.mark.parametrize(
    "name", ["936", "GBK", "cp936", "GB2312", "65001", "UTF-8", "BIG5", "950", "ANSI 936", "ISO-8859-1", "Windows-1252"]
)
def test_names_of_encodings_as_they_are_written(name):
    assert codec_of(name) is not None


def test_an_unknown_encoding_is_refused():
    with pytest.raises(UnreadableError, match="unknown encoding"):
        read("编码".encode(), "klingon")


def test_a_byte_order_mark_says_it_all():
    for encoding in ("utf-8-sig", "utf-16"):
        found, problems = read(table(SIMPLIFIED).encode(encoding))
        assert found == table(SIMPLIFIED)
        assert codes(problems) == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_common_characters_at_random_are_never_read_wrongly_in_silence(data):
    """Characters of the first level of GB 2312, drawn without sense: still hardly ever taken for Big5."""
    rows = data.draw(st.lists(st.tuples(st.integers(0xB0, 0xD6), st.integers(0xA1, 0xFE)), min_size=12, max_size=60))
    content = b"id,name\n1," + bytes(byte for pair in rows for byte in pair)
    text = content.decode("gb18030")
    try:
        found = choose(content, None, [], "a.csv", Problems())
    except UnreadableError:
        return
    assert found == "gb18030", f"{text} was taken for {found}"


def test_half_a_character_at_the_end_of_a_field_is_left_out(tmp_path):
    """Programs that count bytes cut a name of many characters in the middle of one."""
    frame = gpd.GeoDataFrame(
        {"name": ["北岙街道社区卫生服务中心" * 2, "鹿西乡"]},
        geometry=[shapely.Point(0, 0), shapely.Point(1, 1)],
        crs=CRS,
    )
    for encoding, codec in (("utf-8", "UTF-8"), ("gb18030", "GBK")):
        frame.to_file(tmp_path / "a.shp", encoding=codec)
        table = tmp_path / "a.dbf"
        content = bytearray(table.read_bytes())
        head, width = int.from_bytes(content[8:10], "little"), content[32 + 16]
        name = ("卫" * width).encode(encoding)
        start = head + 1
        content[start : start + width] = (
            (b"x" + name)[:width] if (width - 1) % len("卫".encode(encoding)) else (b"xx" + name)[:width]
        )
        table.write_bytes(bytes(content))
        problems = Problems()
        layer = SourceLayer(path="a.shp")
        read, _ = read_layer(tmp_path / "a.shp", layer, ["name"], problems)
        assert set(read["name"][0]) == {"x", "卫"}
        assert read["name"][1] == "鹿西乡"
        assert only(problems, "text-cut").count == 1


def test_a_sheet_with_as_many_rows_as_excel_holds_may_be_cut_off(tmp_path, monkeypatch):
    book = openpyxl.Workbook()
    for row in (["id"], ["a"], ["b"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    problems = Problems()
    sheets.read_sheet(tmp_path / "a.xlsx", SourceLayer(path="a.xlsx"), ["id"], problems)
    assert only(problems, "table-row-cap").severity == "warning"


@pytest.mark.parametrize(("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_letters_of_columns(index, name):
    assert letters(index) == name
