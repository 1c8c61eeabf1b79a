"""For all tests: nothing is taken from, or left in, the user's own cache."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_users():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIFECIRCLE_CACHE", "")
        yield
