"""What a district says of what it may build: candidates of its own or how they are made, and links between places."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from lifecircle.config.conditions import as_tuple
from lifecircle.config.entries import EntryId
from lifecircle.config.schema import FacilityKind, Frozen, Label, LonLat, ModeId, Names, SourceLayer

LinkField = Literal["id", "name", "kind", "cost_yuan", "minutes", "headway_minutes"]
LINK_FIELDS: tuple[LinkField, ...] = get_args(LinkField)


class LinkKind(Frozen):
    """A kind of link: its names, the words for it in tables, and what holds where nothing else is said."""

    id: str
    zh: str
    en: str
    words: tuple[str, ...]
    modes: tuple[ModeId, ...]
    highway: str = ""
    """The class of way whose speed a mode goes at; none for a ferry, which has its own minutes."""

    @property
    def names(self) -> Label:
        """In both languages."""
        return Label(zh=self.zh, en=self.en)


class LinkTerms(Frozen):
    """What is said of one link, or of all those of a layer that do not say it themselves."""

    kind: str = "footpath"
    modes: Annotated[tuple[ModeId, ...], BeforeValidator(as_tuple)] = ()
    """Who may use it; as its kind has it where absent."""
    highway: str = ""
    """The class of way whose speed a mode goes at; as its kind has it where absent."""
    minutes: float | None = Field(default=None, gt=0)
    """From end to end, whatever the mode; by length and speed where absent. A ferry must have it."""
    headway_minutes: float = Field(default=0.0, ge=0)
    """Of a ferry: half of it is waited."""
    cost_yuan: float | None = Field(default=None, ge=0)


class LinkEntry(LinkTerms):
    """One link, ends in lon, lat (WGS-84) as ``[[ferries]]`` have them."""

    id: str = Field(min_length=1)
    name: str = ""
    from_: LonLat = Field(alias="from")
    via: tuple[LonLat, ...] = ()
    to: LonLat


class LinkLayer(SourceLayer, LinkTerms):
    """A layer of lines, one a link."""

    fields: dict[LinkField, str] = Field(default_factory=dict)
    """Ours to the file's column; ``id`` is asked for."""

    @model_validator(mode="after")
    def _has_ids(self) -> LinkLayer:
        if "id" not in self.fields:
            raise ValueError('须写明编号列 name the column of ids: fields = { id = "编号" }')
        return self


def link_model(entry: Any) -> type[LinkEntry] | type[LinkLayer]:
    """Return the model of an entry of ``[[links]]``: a layer where it has a path."""
    return LinkLayer if isinstance(entry, dict) and "path" in entry else LinkEntry


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


Objective = Literal["coverage", "p_median", "p_center", "capacitated", "backup"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)


class Question(Frozen):
    """Where to build for a rule: one of ``count``, ``target`` and ``budget_yuan`` leads; a budget may hold beside a count."""

    objective: Objective = "coverage"
    """What the choice makes best. ``coverage``: the most people within the limit, or the fewest sites for a share of them. ``p_median``: the
    least mean minutes (metres). ``p_center``: the least greatest. ``capacitated``: the most people who find a place. ``backup``: the most
    people with two facilities within the limit."""
    capacity: str | None = None
    """Of ``capacitated``: the attribute that says how many a facility that stands can serve; blank is unlimited."""
    new_capacity: float | None = Field(default=None, ge=0)
    """Of ``capacitated``: how many a new site can serve."""
    per_person: float = Field(default=1.0, gt=0)
    """Of ``capacitated``: what one person takes of it."""

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
        if self.objective != "coverage" and (self.target is not None or self.floor is not None):
            raise ValueError(
                f'target、floor 只用于 objective = "coverage"; {self.objective} takes count or budget_yuan, no target and no floor'
            )
        if (self.objective == "capacitated") != (self.new_capacity is not None):
            raise ValueError(
                'objective = "capacitated" 须给出 new_capacity（别的不用）needs new_capacity, and no other does'
            )
        return self


class Plan(Question):
    """A question that every run answers: one of ``[[plans]]``."""

    id: EntryId
    label: Names | None = None

    @property
    def names(self) -> Label:
        """The label, or the id where there is none."""
        return self.label or Label(zh=self.id, en=self.id)
