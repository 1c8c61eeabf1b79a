"""The gap map: one page, offline, that says what the study says, whatever the names in it are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from tests.chain_district import CHAIN, HEAD, write_chain
from tests.tiny import write_tiny

from lifecircle.outputs.webmap import describe_study, write_webmap
from lifecircle.outputs.webmap.places import encode_polygons, to_degrees
from lifecircle.outputs.webmap.surfaces import BEYOND_COLOURS, UNREACHABLE_COLOURS, encode_png
from lifecircle.study import run_district

HOSTILE = [
    "</script><script>document.title='ran'</script>",
    "`${document.title='ran'}`<img src=x onerror=\"document.title='ran'\">",
]
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = write_tiny(tmp_path_factory.mktemp("map") / "tiny")
    townships = gpd.read_file(folder / "townships.gpkg")
    townships["name"] = HOSTILE
    townships.to_file(folder / "townships.gpkg", layer="townships")
    clinics = pd.read_csv(folder / "clinics.csv")
    clinics["name"] = HOSTILE[0]
    clinics.to_csv(folder / "clinics.csv", index=False)
    return run_district(folder)


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "index.html"
    write_webmap(study, path)
    return path


class Links(HTMLParser):
    """Everything a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - html.parser names its arguments
        self.found += [value for key, value in attrs if key in ("src", "href", "srcset", "data", "action") and value]


def test_the_page_asks_no_one_for_anything(page):
    text = page.read_text("utf-8")
    links = Links()
    links.feed(text)
    assert not [link for link in links.found if not link.startswith(("data:", "#"))]
    styles = " ".join(re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL))
    assert "@import" not in styles
    assert "url(http" not in styles.replace('"', "").replace("'", "")
    assert "default-src 'none'" in text


def test_the_page_says_what_the_study_says(study, page):
    block = re.search(
        r'<script id="study" type="application/json">(.*?)</script>', page.read_text("utf-8"), flags=re.DOTALL
    )
    shown = json.loads(block.group(1))
    assert shown["levels"]["township"]["name"] == HOSTILE
    rule = "clinic-walk-15"
    figures = shown["figures"][rule]
    rows = study.indicators[study.indicators["indicator"] == rule].set_index("unit_code")
    assert figures["township"]["covered"] == rows.loc[["330399001", "330399002"], "numerator"].tolist()
    assert figures["district"]["share"] == [50]
    assert figures["district"]["unreachable"] == [20]
    assert figures["township"]["groups"][0]["id"] == "age60"
    assert [entry["id"] for entry in shown["rules"]] == list(study.results)
    assert sum(shown["surfaces"]["people"][rule]) == 100
    assert shown["facilities"]["serving"][rule]["people_within"] == [100]


def test_the_same_study_gives_the_same_page(study, page, tmp_path):
    write_webmap(study, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_nothing_in_the_description_is_not_json(study):
    json.dumps(describe_study(study), allow_nan=False)


def test_neighbours_share_their_border_on_the_page(study):
    from lifecircle.outputs.webmap.places import simplify_units

    left, right = (
        encode_polygons(shape)
        for shape in to_degrees(simplify_units(study.units["township"].geometry), study.district.crs)
    )
    corners = [
        set(zip(np.cumsum(ring[0::2]).tolist(), np.cumsum(ring[1::2]).tolist(), strict=True))
        for ((ring,),) in (left, right)
    ]
    assert len(corners[0] & corners[1]) == 2


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_a_picture_of_an_odd_width_is_a_whole_png():
    png = encode_png(np.array([[0, 1, 2], [8, 0, 1]], dtype=np.uint8), BEYOND_COLOURS + UNREACHABLE_COLOURS)
    from rasterio.io import MemoryFile

    with MemoryFile(png) as memory, memory.open() as picture:
        assert (picture.width, picture.height) == (3, 2)
        assert picture.read(1).tolist() == [[0, 1, 2], [8, 0, 1]]


def open_in_chromium(page, fragment, tmp_path):
    """Return the page's DOM after its scripts have run, and what it said on the console."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: .ci/run installs it")
        pytest.skip("no Chromium on this machine; .ci/run installs it")
    done = subprocess.run(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--window-size=1366,768",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom", f"{page.as_uri()}{fragment}",
        ],
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=True,
    )  # fmt: skip
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console


@pytest.mark.browser
@pytest.mark.parametrize(
    ("fragment", "limit", "share"),
    [
        ("", "步行 15 分", "50.0%"),
        ("#rule=clinic-walk-1000m", "步行 1,000 米", "75.0%"),
        ("#lang=en", "15 min", "50.0%"),
    ],
)
def test_in_a_browser_the_legend_follows_the_rule(page, tmp_path, fragment, limit, share):
    dom, console = open_in_chromium(page, fragment, tmp_path)
    assert not console
    legend = re.search(r'id="legend-title">(.*?)</h2>', dom).group(1)
    assert limit in legend
    card = re.search(r'id="card"(.*?)</article>', dom, flags=re.DOTALL).group(1)
    assert share in card
    assert dom.count('class="leaflet-interactive"') + dom.count("leaflet-interactive") >= 2, "units are drawn"
    title = re.search(r"<title>(.*?)</title>", dom).group(1)
    assert title != "ran", "a name must never run"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "card_says", "notes_say"),
    [
        (
            "zh",
            ["平均反应 5.0 分钟", "平均全程 18.0 分钟"],
            "含准备 3 分钟（接警 1, 出车 2），由设施出发，现场 10 分钟，再转运到 医院（thrombolysis，救护车），交接 2 分钟",
        ),
        ("en", ["mean response 5.0 min", "mean in all 18.0 min"], "on scene 10 min"),
    ],
)
def test_in_a_browser_a_chain_says_its_parts(tmp_path, language, card_says, notes_say):
    path = tmp_path / "index.html"
    write_webmap(run_district(write_chain(tmp_path / "chain", HEAD + CHAIN)), path)
    dom, console = open_in_chromium(path, f"#rule=stroke&unit=330399001&lang={language}", tmp_path)
    assert not console
    card = re.search(r'id="card"(.*?)</article>', dom, flags=re.DOTALL).group(1)
    assert all(text in card for text in card_says)
    assert notes_say in dom


@pytest.mark.browser
@pytest.mark.parametrize(("rule", "bands"), [("clinic-walk-15", 3), ("clinic-walk-1000m", 2)])
def test_in_a_browser_isochrones_are_switched_on_and_the_legend_follows(study, page, tmp_path, rule, bands):
    dom, console = open_in_chromium(page, f"#rule={rule}&layers=gif&lang=en&facility=k1", tmp_path)
    assert not console
    assert dom.count('<path class="band"') == bands
    assert dom.count('<path class="within"') == 2
    assert dom.count('<path class="catchment"') == 1
    assert "Isochrones" in re.search(r'id="legend-title">(.*?)</h2>', dom).group(1)
    assert "the cells decide the figures" in re.search(r'id="legend-note">(.*?)</p>', dom).group(1)
    legend = re.search(r'id="legend-coverage"(.*?)</table>', dom, flags=re.DOTALL).group(1)
    assert legend.count("<th") == bands
    share = study.indicators.set_index(["indicator", "level"]).loc[(rule, "district"), "value"]
    assert f"{share:.1f}%" in legend
    assert re.search(r'id="layer-bands"', dom)


@pytest.mark.browser
def test_in_a_browser_without_isochrones_units_have_their_colours(page, tmp_path):
    dom, console = open_in_chromium(page, "#layers=gf", tmp_path)
    assert not console
    assert '<path class="band"' not in dom
    assert "has-bands" not in dom.split("</style>")[-1].split("<script")[0]
    assert "覆盖率" in re.search(r'id="legend-title">(.*?)</h2>', dom).group(1)


def test_bands_on_the_page_lie_in_one_another_and_are_what_was_drawn_within_the_district(study):
    areas = describe_study(study)["areas"]["clinic-walk-15"]
    assert areas["limits"] == [5, 10, 15]
    shown = [
        shapely.multipolygons([shapely.Polygon(decode(shell), list(map(decode, holes))) for shell, *holes in band])
        for band in areas["bands"]
    ]
    place = 1e-5
    for smaller, larger in pairwise(shown):
        assert shapely.difference(smaller, larger).buffer(-place).is_empty
    land = shapely.union_all(study.units["township"].geometry)
    drawn = [shapely.intersection(band.polygon, land) for band in study.areas["clinic-walk-15"].bands]
    expected = to_degrees(np.array(drawn, dtype=object), study.district.crs)
    np.testing.assert_allclose(shapely.area(shown), shapely.area(expected), rtol=0.02)


def decode(flat):
    return np.column_stack([np.cumsum(flat[0::2]), np.cumsum(flat[1::2])]) / 1e5
