"""What every entry of a policy says of itself, whatever computes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from lifecircle.config.schema import LEVELS, Frozen, Label, Level, Names
from lifecircle.config.targets import Targets, check_targets

EntryId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Entry(Frozen):
    """One indicator: its id, its words, where it is from, and what is asked of it."""

    id: EntryId
    label: Names | None = None
    statement: str = ""
    """The statement of its policy that it answers; clause and quote are then the statement's."""
    levels: tuple[Level, ...] = LEVELS
    targets: Targets = Field(default=(), alias="target")
    policy: str = ""
    clause: str = ""
    quote: str = ""
    source: str = ""
    assumption: str = ""
    """What the clause leaves open and this entry fills in; shown wherever the entry is."""

    @model_validator(mode="after")
    def _targets_fit_together(self) -> Entry:
        check_targets(self.targets, self.value_unit)
        return self

    @property
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)

    @property
    def value_unit(self) -> str:
        """The unit of its value: ``%`` for shares, whose targets are written 0-1."""
        return "%"

    @property
    def after(self) -> tuple[str, ...]:
        """Ids of the entries it is computed from."""
        return ()
