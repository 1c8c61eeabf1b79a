"""Work cut into slices comes back whole and in order, however many workers there are."""

from __future__ import annotations

import pytest

from lifecircle import compilation as threads


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 33, 1000])
def test_slices_cover_the_range_in_order(monkeypatch, workers, count):
    monkeypatch.setattr(threads, "count_workers", lambda: workers)
    slices = threads.map_slices(lambda first, last: (first, last), count, smallest=16)
    assert [number for first, last in slices for number in range(first, last)] == list(range(count))
    assert len(slices) == 1 or min(last - first for first, last in slices) >= 16
