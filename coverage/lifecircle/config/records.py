"""Which records count: facilities, places of a layer, rows of a table, by any of their attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from lifecircle.config.conditions import Condition, as_conditions, as_tuple
from lifecircle.config.schema import FacilityKind, Frozen

TableName = Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]


class FacilityFilter(Frozen):
    """Which facilities count: a kind (or several), and any attribute of theirs."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Annotated[tuple[FacilityKind, ...], BeforeValidator(as_tuple)]

    @model_validator(mode="after")
    def _conditions_can_be_read(self) -> FacilityFilter:
        as_conditions(self.model_extra or {})
        return self

    @property
    def attributes(self) -> dict[str, Condition]:
        """Attribute to what it must be."""
        return as_conditions(self.model_extra or {})


Filters = Annotated[tuple[FacilityFilter, ...], BeforeValidator(as_tuple)]
"""Any of these."""


class TableFilter(Frozen):
    """Which rows of a table (``[[tables]]``) count."""

    model_config = ConfigDict(extra="allow", frozen=True)

    table: TableName

    @model_validator(mode="after")
    def _conditions_can_be_read(self) -> TableFilter:
        as_conditions(self.model_extra or {})
        return self

    @property
    def attributes(self) -> dict[str, Condition]:
        """Column to what it must be."""
        return as_conditions(self.model_extra or {})


def _as_records(value: Any) -> Any:
    return (value,) if isinstance(value, (dict, FacilityFilter, TableFilter)) else value


def _table_or_kind(value: Any) -> str:
    has_table = "table" in value if isinstance(value, dict) else isinstance(value, TableFilter)
    return "table" if has_table else "kind"


_Record = Annotated[
    Annotated[TableFilter, Tag("table")] | Annotated[FacilityFilter, Tag("kind")], Discriminator(_table_or_kind)
]


def _all_of_one_sort(records: tuple[TableFilter | FacilityFilter, ...]) -> tuple[TableFilter | FacilityFilter, ...]:
    if len({isinstance(one, TableFilter) for one in records}) > 1:
        raise ValueError("table 与 kind 不能混用，各写一条指标 rows of tables and places cannot be counted together")
    return records


Records = Annotated[
    tuple[_Record, ...], BeforeValidator(_as_records), Field(min_length=1), AfterValidator(_all_of_one_sort)
]
"""Any of these: facilities (or places of a layer), or rows of a table."""


@dataclass(frozen=True, slots=True)
class Need:
    """A layer or a table that an indicator is computed from, and the columns it must have."""

    name: str
    """A kind of ``[[facilities]]`` or ``[[layers]]``, or a ``[[tables]]`` name."""
    columns: tuple[str, ...] = ()
    is_table: bool = False
    choice: str = ""
    """Needs of one choice stand for each other: one of them is enough, and what the others would add is said."""

    @property
    def section(self) -> str:
        """Where it is described in ``district.toml``."""
        return "[[tables]]" if self.is_table else "[[facilities]]/[[layers]]"


def needs_of(records: Sequence[TableFilter | FacilityFilter], *columns: str | None) -> tuple[Need, ...]:
    """Return what records need: their kinds or tables, with the columns of their conditions and these."""
    asked = tuple(column for column in columns if column)
    listed = [
        (name, tuple(dict.fromkeys((*wanted.attributes, *asked))), isinstance(wanted, TableFilter))
        for wanted in records
        for name in ((wanted.table,) if isinstance(wanted, TableFilter) else wanted.kind)
    ]
    choice = "/".join(name for name, _, _ in listed) if len(listed) > 1 else ""
    return tuple(Need(name, own, is_table, choice) for name, own, is_table in listed)
