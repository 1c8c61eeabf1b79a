"""PySAL's ``inequality``, where it is installed: the same without weights."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lifecircle.indicators.inequality_indices import gini, theil_decomposition, theil_t

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gini_peer = pytest.importorskip("inequality.gini", reason="PySAL's inequality is not installed")
    theil_peer = pytest.importorskip("inequality.theil", reason="PySAL's inequality is not installed")

VALUES = np.random.default_rng(11).gamma(0.8, 900.0, size=400)
REGIONS = np.random.default_rng(12).integers(0, 7, size=400)


def test_gini_as_pysal():
    assert gini(VALUES) == pytest.approx(gini_peer.Gini(VALUES).g, abs=1e-12)


def test_theil_as_pysal():
    some_none = np.where(VALUES < 100, 0.0, VALUES)
    assert theil_t(some_none) == pytest.approx(theil_peer.Theil(some_none).T, abs=1e-12)


def test_parts_of_theil_as_pysal():
    peer, found = theil_peer.TheilD(VALUES, REGIONS), theil_decomposition(VALUES, None, REGIONS)
    assert (found.between, found.within) == pytest.approx((peer.bg.item(), peer.wg.item()), abs=1e-12)
