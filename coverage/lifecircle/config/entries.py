"""What every entry of a policy says of itself, whatever computes it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, field_validator, model_validator

from lifecircle.config.schema import LEVELS, Frozen, Label, Level, Names
from lifecircle.config.targets import Sense, Target, Targets, check_targets, with_sense

EntryId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


def say_also(assumption: str, zh: str, en: str) -> str:
    """Return an assumption with one more sentence in each language, Chinese first as it stands."""
    end = assumption.rfind("。") + 1
    return f"{assumption[:end]}{zh}{' '.join(part for part in (assumption[end:].strip(), en) if part)}"


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
    applies_to: tuple[str, ...] = ()
    """Where the clause holds, as a policy's own key; everywhere that its policy does where absent."""
    sense: ClassVar[Sense] = "up"
    """Which figure of this measure is the better one, where a target does not say."""

    @field_validator("targets", mode="after")
    @classmethod
    def _as_the_measure_has_it(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        return with_sense(targets, cls.sense)

    @model_validator(mode="after")
    def _targets_fit_together(self) -> Entry:
        check_targets(self.targets, self.value_unit)
        beyond = {level for target in self.targets for level in target.levels} - set(self.levels)
        if beyond:
            raise ValueError(
                f"目标的级别不在条目的级别中 a target of levels that the entry is not reported at: {sorted(beyond)}"
            )
        return self

    def targets_in(self, year: int) -> tuple[Target, ...]:
        """Return the targets as a run of a year reads them; a duty of every year is due in each."""
        del year
        return self.targets

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
