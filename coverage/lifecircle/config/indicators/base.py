"""What every indicator that is not a coverage has in common."""

from __future__ import annotations

from lifecircle.config.entries import Entry
from lifecircle.config.records import Need


class IndicatorEntry(Entry):
    """An entry whose ``measure`` says how it is computed; each measure has its own keys."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The layers and tables it is computed from; without one of them it is not computed, and says which."""
        return ()

    @property
    def of_rules(self) -> tuple[str, ...]:
        """Those of :attr:`after` that must be rules: it asks their travel times."""
        return ()

    @property
    def needs_groups(self) -> tuple[str, ...]:
        """The groups of the population it counts."""
        return ()


class InUnit(IndicatorEntry):
    """An entry whose value is in the ``unit`` it states."""

    unit: str = "%"

    @property
    def value_unit(self) -> str:
        """The unit given."""
        return self.unit
