"""For all tests: nothing is taken from, or left in, the user's own cache."""

from __future__ import annotations

import pytest
from hypothesis import settings

# No test is about how long an example takes: this machine may be busy.
settings.register_profile("lifecircle", deadline=None)
settings.load_profile("lifecircle")


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_users():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIFECIRCLE_CACHE", "")
        yield
