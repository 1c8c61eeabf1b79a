"""What every indicator that is not a coverage has in common, and the registry of measures.

A measure's keys stand with its computation, in a module of ``indicators``; this room only knows how to find them. The rooms that hold
measures are named in :data:`MEASURE_ROOMS` and looked through when a measure is first asked for: nothing below them imports them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BeforeValidator, SerializeAsAny

from lifecircle.config.entries import Entry
from lifecircle.config.records import Need
from lifecircle.config.schema import Label

MEASURE_ROOMS = ["lifecircle.indicators"]
"""Packages whose modules define measures. Another package joins with :func:`add_measure_room`."""


class IndicatorEntry(Entry):
    """An entry whose ``measure`` says how it is computed; each measure has its own keys."""

    called: ClassVar[Label]
    """What outputs call the measure."""
    may_exempt: ClassVar[bool] = False
    """Whether ``[[exempt]]`` may leave units out of it."""
    is_last: ClassVar[bool] = False
    """Whether it is computed after all others, for it counts what they came to."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The layers and tables it is computed from; without one of them it is not computed, and says which."""
        return ()

    @property
    def of_rules(self) -> tuple[str, ...]:
        """Those of :attr:`after` that must be rules: it asks their travel times."""
        return ()

    @property
    def counts_entries(self) -> tuple[str, ...]:
        """Entries that it counts where they are there, without being computed from them."""
        return ()

    @property
    def counts_policies(self) -> tuple[str, ...]:
        """Policies whose entries it counts."""
        return ()

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The groups of the population it counts."""
        return ()

    @classmethod
    def measure_id(cls) -> str:
        """Return its name in TOML."""
        return str(get_args(cls.model_fields["measure"].annotation)[0])


class InUnit(IndicatorEntry):
    """An entry whose value is in the ``unit`` it states."""

    unit: str = "%"

    @property
    def value_unit(self) -> str:
        """The unit given."""
        return self.unit


def may_exempt(entry: Entry) -> bool:
    """Whether ``[[exempt]]`` may leave units out of an entry."""
    return isinstance(entry, IndicatorEntry) and entry.may_exempt


def add_measure_room(package: str) -> None:
    """Let the modules of a package define measures too."""
    if package not in MEASURE_ROOMS:
        MEASURE_ROOMS.append(package)
        load_measures.cache_clear()


@cache
def load_measures() -> dict[str, type[IndicatorEntry]]:
    """Return every measure by its name in TOML, in the order of the modules that define them.

    Raises
    ------
    ValueError
        Where two modules define measures of one name.
    """
    found: dict[str, type[IndicatorEntry]] = {}
    for room in MEASURE_ROOMS:
        package = import_module(room)
        for module in sorted(part.name for part in pkgutil.iter_modules(package.__path__)):
            for model in _models_of(f"{room}.{module}"):
                name = model.measure_id()
                if found.setdefault(name, model) is not model:
                    raise ValueError(f"两处计算同名 two measures are called {name}: {found[name]}, {model}")
    return found


def _models_of(module: str) -> list[type[IndicatorEntry]]:
    return [
        one
        for one in vars(import_module(module)).values()
        if isinstance(one, type)
        and issubclass(one, IndicatorEntry)
        and one.__module__ == module
        and "measure" in one.model_fields
    ]


def _by_measure(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    model = load_measures().get(str(table.get("measure")))
    if model is None:
        raise ValueError(f"没有这种计算 no such measure: {table.get('measure')}")
    return model.model_validate(table)


Indicator = Annotated[SerializeAsAny[IndicatorEntry], BeforeValidator(_by_measure)]
"""An entry of any measure, told apart by its ``measure``."""
