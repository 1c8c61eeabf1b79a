"""For all tests: nothing is taken from, or left in, the user's own cache; and what takes longest begins first."""

from __future__ import annotations

import pytest
from hypothesis import settings

# No test is about how long an example takes: this machine may be busy.
settings.register_profile("lifecircle", deadline=None)
settings.load_profile("lifecircle")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, so that no core waits at the end for the other; elsewhere as collected."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_users():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIFECIRCLE_CACHE", "")
        yield
