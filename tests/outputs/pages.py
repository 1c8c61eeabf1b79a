"""What the tests of pages share: reading a page's description, its texts, and what it asked of anyone."""

from __future__ import annotations

import html
import json
import re

from tests.outputs.test_webmap import open_in_chromium
from tests.outputs.test_webmap_board import with_script

ASKED = """
  document.title = JSON.stringify(performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => !name.startsWith("data:")));
"""
"""A script that puts into the title what the page asked for."""


def described(page):
    """Return the page's block of JSON."""
    text = page.read_text("utf-8")
    return json.loads(re.search(r'<script id="study" type="application/json">(.*?)</script>', text, re.DOTALL).group(1))


def open_part(page, fragment, part, tmp_path):
    """Open a page and return the text of one of its elements, by id; the console must stay silent."""
    dom, console = open_in_chromium(page, fragment, tmp_path)
    assert not console
    return text_of(dom, part), dom


def text_of(dom, part):
    """Return the text of an element, tags taken away; it ends where the next element with an id begins."""
    rest = dom[dom.index(f'id="{part}"') :]
    inner = rest[rest.index(">") + 1 :]
    end = re.search(r'<(section|footer|div class="panel|article|aside)\b', inner)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", inner[: end.start()] if end else inner)))


def answer_of(page, fragment, script, tmp_path):
    """Return what a script puts into the title of an opened page, as JSON."""
    dom, console = open_in_chromium(with_script(page, script, tmp_path), fragment, tmp_path)
    assert not console
    return json.loads(html.unescape(re.search(r"<title>(.*?)</title>", dom).group(1)))
