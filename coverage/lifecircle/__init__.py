"""lifecircle (生活圈): who can reach what within the rule a district's plan cites, and who cannot.

The functions of :mod:`lifecircle.api` are the package's own, imported when first asked for. Importing the package answers one question,
which numba must have answered before anything imports it: where compiled functions can be kept.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecircle.compilation import choose_compiled_folder

__version__ = "0.2.0"
COMPILED = choose_compiled_folder(Path(__file__).parent)
"""Where numba keeps what it compiled."""

if TYPE_CHECKING:
    from lifecircle.api import (
        InputError,
        check,
        compare,
        policies,
        reach,
        read_district,
        rollup,
        run,
        sites,
        verify,
    )

__all__ = ["InputError", "check", "compare", "policies", "reach", "read_district", "rollup", "run", "sites", "verify"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("lifecircle.api"), name)
    raise AttributeError(f"module 'lifecircle' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
