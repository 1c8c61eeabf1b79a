"""The page: a folium map without folium's files, Leaflet inlined, our own panels, one block of JSON.

Nothing of the data is markup. Names and quotes stand in the JSON block only, with ``<``, ``>`` and ``&`` escaped, and the script
puts them in with ``textContent``. A Content-Security-Policy forbids every request, and every script but the ones written here,
each known by its hash: were a name ever to become markup, it still could not run.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure
from jinja2 import Template
from xstatic.pkg import leaflet

from lifecircle.outputs.wording import DIGITS

WORDS = ("words.json", "words_planning.json")


@dataclass(frozen=True, slots=True)
class PageKind:
    """What one kind of page is made of: files of this folder."""

    layout: str
    scripts: tuple[str, ...]
    """Its own, after those that every page has; in the order they need each other."""
    styles: tuple[str, ...]


COVERAGE = PageKind(
    "layout.html",
    (
        *(
            "core.js",
            "map.js",
            "areas.js",
            "gaps.js",
            "curve.js",
            "sites.js",
            "diverging.js",
            "scenarios.js",
            "panels.js",
        ),
        *("table.js", "search.js", "notes.js", "board.js", "board_csv.js", "app.js"),
    ),
    ("board.css",),
)
SITES = PageKind("layout_beside.html", ("curve.js", "sites.js", "beside.js", "sites_page.js"), ())
COMPARISON = PageKind(
    "layout_beside.html", ("diverging.js", "compare.js", "compare_panel.js", "beside.js", "compare_page.js"), ()
)
SHARED_SCRIPTS = ("base.js", "csv.js", "frame.js", "places.js", "basemap.js", "facilities.js", "fragment.js")
SHARED_STYLES = ("page.css", "panels.css", "lists.css", "print.css")

# None of these holds anything jinja or JSON would change.
POLICY_TOKEN, TITLE_TOKEN, DATA_TOKEN = "@policy@", "@title@", "@data@"


class OfflineMap(folium.Map):
    """A folium map that names no file of anyone's: no tiles, no jQuery, no icons, an id that is always the same."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012  (folium's own form)
    default_css: list[tuple[str, str]] = []  # noqa: RUF012
    _template = Template(
        """
        {%- macro html(this, kwargs) %}
        <div id="{{ this.get_name() }}" class="map" role="region"></div>
        {%- endmacro %}
        {%- macro script(this, kwargs) %}
        const {{ this.get_name() }} = L.map("{{ this.get_name() }}", {{ this.options | tojson }});
        {%- endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__(tiles=None)
        self._id = "view"
        self.options = {
            "attributionControl": False,
            "boxZoom": True,
            "center": [0, 0],
            "zoom": 10,
            "zoomControl": False,
            "zoomDelta": 0.5,
            "zoomSnap": 0.25,
        }


class Verbatim(Element):
    """Text that is no template: branca's own element would read braces in a script as jinja."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_: Any) -> str:
        """Return the text as it is."""
        return self.text


class PageScripts(Element):
    """The page's own scripts, which come after the map's."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def render(self, **_: Any) -> str:
        """Add the scripts to the figure."""
        script = "\n".join(_read(name) for name in self.names)
        root: Any = self.get_root()
        root.script.add_child(Verbatim(_guard(script)), name="page")
        return ""


def write_page(described: dict[str, Any], kind: PageKind, title: str, path: Path) -> None:
    """Write the page of a kind to ``path``; the same description gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(render_page(described, kind, title).encode("utf-8"))


def render_page(described: dict[str, Any], kind: PageKind, title: str) -> str:
    """Return the page of a kind over what is described; ``title`` stands until the page's own script has named it."""
    skeleton = _render_skeleton(kind)
    hashes = [_hash(script) for script in re.findall(r"<script>(.*?)</script>", skeleton, flags=re.DOTALL)]
    page = skeleton.replace(POLICY_TOKEN, _policy(hashes)).replace(TITLE_TOKEN, html.escape(title))
    before, _, after = page.partition(DATA_TOKEN)
    words = {key: text for name in WORDS for key, text in json.loads(_read(name)).items()}
    return before + encode_json({**described, "words": words, "digits": DIGITS}) + after


def _render_skeleton(kind: PageKind) -> str:
    """Return the page without a word of data in it."""
    figure = Figure()
    header = figure.header
    header.add_child(Verbatim(f'<meta http-equiv="Content-Security-Policy" content="{POLICY_TOKEN}">'), name="policy")
    header.add_child(Verbatim('<meta name="viewport" content="width=device-width, initial-scale=1">'), name="viewport")
    header.add_child(Verbatim(f"<title>{TITLE_TOKEN}</title>"), name="title")
    for name, style in {
        "leaflet": _read_leaflet_style(),
        **{name: _read(name) for name in (*SHARED_STYLES, *kind.styles)},
    }.items():
        header.add_child(Verbatim(f"<style>\n{_guard(style)}</style>"), name=name)
    header.add_child(Verbatim(f"<script>{_guard(_read_leaflet_script())}</script>"), name="script")
    figure.html.add_child(Verbatim(_read("patterns.html") + _read(kind.layout)), name="layout")
    figure.html.add_child(Verbatim(f'<script id="study" type="application/json">{DATA_TOKEN}</script>'), name="study")
    figure.add_child(OfflineMap(), name="map")
    figure.add_child(PageScripts((*SHARED_SCRIPTS, *kind.scripts)), name="scripts")
    rendered: str = figure.render()
    return rendered.replace("<html>", '<html lang="zh-CN">', 1)


def encode_json(value: Any) -> str:
    """Return JSON that can stand in a script element: nothing in it opens or closes a tag or a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _policy(hashes: Iterable[str]) -> str:
    scripts = " ".join(f"'sha256-{value}'" for value in hashes)
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _read(name: str) -> str:
    return (files("lifecircle.outputs.webmap") / name).read_text(encoding="utf-8")


def _read_leaflet_script() -> str:
    """Return Leaflet without the name of its source map, and without the link of a credit that the page gives in its notes."""
    script = (Path(leaflet.BASE_DIR) / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=.*", "", script)
    return re.sub(r'<a href="https://leafletjs\.com"', "<a", script)


def _read_leaflet_style() -> str:
    """Return Leaflet's style without the pictures of controls and markers that the page does not have."""
    style = (Path(leaflet.BASE_DIR) / "leaflet.css").read_text(encoding="utf-8")
    return re.sub(r"url\([^)]*\)", "none", style)


def _guard(text: str) -> str:
    """Return a script or style that cannot close its own element."""
    return re.sub(r"</(?=script|style)", r"<\\/", text, flags=re.IGNORECASE)
