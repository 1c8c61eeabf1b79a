"""The benchmark's answers on a small grid, so that its ratios compare like with like."""

from __future__ import annotations

import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("skimage.graph", reason="scikit-image is not installed")

from tests.benchmarks import terrain
from tests.benchmarks.harness import SAME


def test_skimage_gives_the_same_answer_on_ground_of_many_speeds():
    job = terrain.jobs(70, 5)[0]
    job.rounds = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = job.run()
    assert [row.said.split(":")[0] for row in rows if row.contender != "lifecircle"] == [SAME]
