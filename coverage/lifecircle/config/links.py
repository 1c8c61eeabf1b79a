"""What might be built to link places: footpaths, gates, bridges, ferries; candidates beside new sites, and parts of scenarios."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from lifecircle.config.conditions import as_tuple
from lifecircle.config.schema import Frozen, Label, LonLat, ModeId, SourceLayer

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
