"""What a district says of where it may build: candidates of its own, or how they are made."""

from __future__ import annotations

from pydantic import Field, model_validator

from lifecircle.config.entries import EntryId
from lifecircle.config.schema import FacilityKind, Frozen, Label, Names, SourceLayer


class CandidateLayer(SourceLayer):
    """Places where a facility may be built: parcels, village halls, schools to open."""

    id: str | None = None
    name: str | None = None
    cost: str | None = None
    """Column of the yuan it takes to build there."""
    rules: tuple[str, ...] = ()
    """The rules whose facility may stand there; any where absent."""


class SitingOptions(Frozen):
    """The district's ``[siting]``: how candidates are made where none are given, and what is kept clear."""

    spacing_m: float = Field(default=400.0, gt=0)
    """One candidate a square of this side, at the cell where most of its people live."""
    hosts: tuple[FacilityKind, ...] = ()
    """Kinds of facility that may host another: a clinic window in a village hall."""
    exclude: tuple[FacilityKind, ...] = ()
    """Kinds of ``[[layers]]`` areas where nothing may be built."""
    cost_yuan: float = Field(default=0.0, ge=0)
    """Of a site where its layer gives none; 0 where money is not asked about."""
    made_links: int = Field(default=0, ge=0)
    """For so many of a rule's largest gaps that are cut off, a straight way to the facility that is near as the crow flies is weighed
    beside ``[[links]]``: a bridge where it crosses a barrier, else a footpath. To be looked at on the ground."""
    footpath_yuan_per_m: float = Field(default=0.0, ge=0)
    """Of such a footpath; 0 where money is not asked about."""
    bridge_yuan_per_m: float = Field(default=0.0, ge=0)


class Question(Frozen):
    """Where to build for a rule: one of ``count``, ``target`` and ``budget_yuan`` leads; a budget may hold beside a count."""

    rule: EntryId
    count: int | None = Field(default=None, ge=1)
    """The most sites (and links) to build."""
    target: float | None = Field(default=None, gt=0, le=1)
    """Share of the people that the rule counts: as few as reach it, or the cheapest where all have a cost."""
    budget_yuan: float | None = Field(default=None, ge=0)
    floor: float | None = Field(default=None, gt=0, le=1)
    """Least share of every township's people."""
    cost_yuan: float | None = Field(default=None, ge=0)
    """Of a site where its layer gives none, in place of ``[siting] cost_yuan``."""
    links: bool = True
    """Weigh ``[[links]]`` too, where the district has any that carry the rule's mode."""
    seconds: float = Field(default=60.0, gt=0)
    """To solve; then the best found stands, with its proven gap."""

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Question:
        if self.target is None and self.count is None and self.budget_yuan is None:
            raise ValueError("须给出 count、target 或 budget_yuan 之一 give one of count, target and budget_yuan")
        if self.target is not None and (self.count is not None or self.budget_yuan is not None):
            raise ValueError("target 不与 count、budget_yuan 同用 target stands without count and budget_yuan")
        return self


class Plan(Question):
    """A question that every run answers: one of ``[[plans]]``."""

    id: EntryId
    label: Names | None = None

    @property
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)
