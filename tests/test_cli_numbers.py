"""Numbers of the command line outside what means something: status 2, with what was found, what is expected and a mend."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lifecircle.cli import app

SITES = ["sites", "dongtou", "--rule", "clinic-15min-walk"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ([*SITES, "--target", "0.0"], ("0", "share")),
        ([*SITES, "--target", "95"], ("95", "0.95")),
        ([*SITES, "--target", "nan"], ("nan", "share")),
        ([*SITES, "--target", "-0.5"], ("-0.5", "share")),
        ([*SITES, "--count", "0"], ("0", "sites")),
        ([*SITES, "--count", "-3"], ("-3", "sites")),
        ([*SITES, "--budget", "0"], ("0", "yuan")),
        ([*SITES, "--budget", "inf"], ("inf", "yuan")),
        ([*SITES, "--count", "1", "--floor", "80"], ("80", "0.8")),
        ([*SITES, "--count", "1", "--seconds", "0"], ("0", "seconds")),
        ([*SITES, "--count", "1", "--cost", "-1"], ("-1", "yuan")),
        (["run", "dongtou", "--year", "99999"], ("99999", "2100")),
        (["check", "dongtou", "--year", "0"], ("0", "1949")),
        (["rollup", "dongtou", "--year", "20251"], ("20251", "2100")),
        (["compare", "dongtou", "2022", "99999"], ("99999",)),
        (["rollup", "dongtou", "--year", "2025", "--id", "../x"], ("../x",)),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_number_that_means_nothing_is_refused(call, words):
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 2, done.output
    assert not isinstance(done.exception, (ValueError, TypeError)), done.exception
    assert [word for word in words if word not in done.output] == [], done.output
