"""What a district says of where it may build: candidates of its own, or how they are made."""

from __future__ import annotations

from pydantic import Field

from lifecircle.config.schema import FacilityKind, Frozen, SourceLayer


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
