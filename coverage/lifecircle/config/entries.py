"""What every entry of a policy says of itself, whatever computes it; and what a clause asks of a unit, by when, measured against what."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from lifecircle.config.schema import LEVELS, Frozen, Label, Level, Names

TargetKind = Literal["at_least", "at_most", "all", "hold", "improve", "not_below", "count", "qualitative"]
NEEDS_VALUE: tuple[TargetKind, ...] = ("at_least", "at_most", "hold", "count")
NEEDS_NO_VALUE: tuple[TargetKind, ...] = ("all", "improve", "qualitative")
Sense = Literal["up", "down", "zero"]
"""Which figure is the better one: the larger, the smaller, or of a signed difference the one nearer to zero."""


class Base(Frozen):
    """Where the district stood in an earlier year, in the indicator's unit (shares 0-1)."""

    year: int = Field(ge=1949, le=2100)
    value: float


class Target(Frozen):
    """What the clause asks of a unit. Of an indicator in %, ``value`` is a share, 0-1; of any other it is in the indicator's unit.

    ======================  =====================================================================================
    ``at_least, at_most``   no less, no more than ``value`` by ``year``
    ``all``                 every one: 100 %
    ``hold``                ``value`` must stand from the first of the targets' years on
    ``improve``             better than in the base year; a direction, which has no due year unless its own sentence gives one
    ``not_below``           no worse than a reference, such as the province's mean (``[[references]]``, or ``value``)
    ``count``               so many things; unlike a share it means the district as a whole
    ``qualitative``         words without a figure: monitored, and judged by nobody
    ======================  =====================================================================================
    """

    kind: TargetKind
    value: float | None = Field(default=None, ge=0)
    year: int | None = Field(default=None, ge=1949, le=2100)
    """By when; where the clause states none, a target that is not met is under way and never missed."""
    base: Base | None = None
    """Of the district; the units' own come from ``[[baselines]]``."""
    sense: Sense | None = None
    """Of ``improve`` and ``not_below``: which figure is better; where absent as the measure has it (fewer minutes, less inequality, a
    difference nearer to zero), else ``up``. Of ``at_most`` ``zero``: the figure may be so far from zero, on either side."""
    levels: tuple[Level, ...] = ()
    """The levels the clause speaks of: units of others are judged by nobody. All that the entry is reported at where absent; of ``count``
    the district."""
    text: Names | None = None
    """The target in words, where it has no figure."""

    @model_validator(mode="after")
    def _each_kind_says_what_it_needs(self) -> Target:
        if self.kind in NEEDS_VALUE and self.value is None:
            raise ValueError(f"{self.kind} 须给出 value（份额写 0-1） needs a value (a share is between 0 and 1)")
        if self.kind in NEEDS_NO_VALUE and self.value is not None:
            raise ValueError(f"{self.kind} 不写 value; has no value")
        is_free = self.kind in ("improve", "not_below") or (self.kind == "at_most" and self.sense == "zero")
        if self.sense is not None and not is_free:
            raise ValueError(f"{self.kind} 不写 sense; its sense is known")
        return self

    @property
    def is_less_better(self) -> bool:
        """Whether a smaller figure (of :attr:`is_near_zero_better` a smaller distance from zero) is the better one."""
        return self.kind == "at_most" or self.sense in ("down", "zero")

    @property
    def is_near_zero_better(self) -> bool:
        """Whether the figure is signed and the one nearer to zero is the better one."""
        return self.sense == "zero"

    def speaks_of(self, level: Level) -> bool:
        """Whether the clause asks this of units of a level: so many of something, of the district as a whole where it does not say."""
        return level in (self.levels or (("district",) if self.kind == "count" else (level,)))


def _as_targets(value: Any) -> Any:
    return (value,) if isinstance(value, (dict, Target)) else value


Targets = Annotated[tuple[Target, ...], BeforeValidator(_as_targets)]
"""One or several, a year each."""


def with_sense(targets: tuple[Target, ...], sense: Sense) -> tuple[Target, ...]:
    """Return targets that say nothing of it with the sense that their measure has.

    A signed difference is judged by its distance from zero whether a clause says "less" or nothing: from -5 to -10 is no improvement.
    """
    is_signed = sense == "zero"
    of_kind = ("improve", "not_below", "at_most") if is_signed else ("improve", "not_below")
    unsaid = (None, "down") if is_signed else (None,)
    return tuple(
        target.model_copy(update={"sense": sense}) if target.kind in of_kind and target.sense in unsaid else target
        for target in targets
    )


def check_targets(targets: tuple[Target, ...], unit: str) -> None:
    """Check what no target can see alone.

    Raises
    ------
    ValueError
        Where a share is not between 0 and 1, or two targets are of one year.
    """
    years = [target.year for target in targets]
    if len(years) != len(set(years)):
        raise ValueError("同一年有两个目标 two targets of one year")
    for target in targets:
        stated = [value for value in (target.value, target.base.value if target.base else None) if value is not None]
        if unit == "%" and any(value > 1 for value in stated):
            raise ValueError(f"份额写 0-1 之间 a share is between 0 and 1: {stated}")


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
