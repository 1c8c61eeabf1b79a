"""Every benchmark's answers on small streets, always; the benchmarks themselves on request."""

from __future__ import annotations

import importlib.util

import pytest

if importlib.util.find_spec("lifecircle.travel") is None:
    pytest.skip("there is no lifecircle.travel yet", allow_module_level=True)

from tests.benchmarks import isochrones, nearest, reading, siting, snapping
from tests.benchmarks.__main__ import JOBS, SMALL, run
from tests.benchmarks.harness import SAME, print_table
from tests.benchmarks.networks import RAW, drawn_streets, real_streets

AGREED = (SAME, "not installed", "another question")


@pytest.fixture
def on_request(request: pytest.FixtureRequest) -> None:
    if "benchmark" not in request.config.getoption("-m"):
        pytest.skip("run on request: pytest tests/benchmarks -s -n 0 -m benchmark")


def test_the_same_answer_on_small_streets() -> None:
    streets = drawn_streets(1_000)
    jobs = [
        *nearest.jobs(streets, 10),
        *snapping.jobs(streets, 500),
        *isochrones.jobs(streets, 20, 300),
    ]
    for job in jobs:
        job.rounds = 0
        for row in job.run(lambda name: name.split()[0] in ("scipy", "shapely", "geopandas")):
            assert row.said.startswith(AGREED), row


def test_the_same_sites_on_a_small_square() -> None:
    (job,) = siting.jobs(large=False)
    job.rounds = 0
    for row in job.run():
        assert row.said.startswith(AGREED) or row.contender == "lifecircle", row


@pytest.mark.skipif(not RAW.exists(), reason="needs ../shared/data: real streets")
def test_the_same_answer_on_real_one_way_streets() -> None:
    (job,) = nearest.jobs(real_streets("liechtenstein", "drive"), 20)
    job.rounds = 0
    for row in job.run(lambda name: name.startswith("scipy")):
        assert row.said.startswith(AGREED), row
    (job,) = reading.jobs("liechtenstein")
    job.rounds = 0
    for row in job.run(lambda name: name.startswith("pyosmium")):
        assert row.said.startswith(AGREED), row


@pytest.mark.benchmark
@pytest.mark.usefixtures("on_request")
def test_print_ratios() -> None:
    rows = run(list(JOBS), SMALL)
    print()
    print_table(rows)
