"""The examples in the docstrings of what analysts call run, and print what they say."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = (
    "lifecircle.api", "lifecircle.siting.backup_covering", "lifecircle.siting.capacitated_covering", "lifecircle.siting.covering",
    "lifecircle.siting.p_center", "lifecircle.siting.p_median",
)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried > 0
    assert failed == 0
