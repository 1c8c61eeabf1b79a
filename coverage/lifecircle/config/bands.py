"""How isochrones are cut into bands."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lifecircle.config.rules import Rule
from lifecircle.config.schema import Frozen


class Bands(Frozen):
    """How an isochrone is cut into nested bands: into the first number of parts whose bands all end on whole numbers, else the last."""

    parts: tuple[Annotated[int, Field(gt=0)], ...] = Field(min_length=1)
    whole_minutes: float = Field(gt=0)
    whole_metres: float = Field(gt=0)

    def cut(self, rule: Rule) -> tuple[float, ...]:
        """Return the bands' limits from small to large, in the rule's unit; the last is the rule's. Readiness is in every band."""
        travelled = rule.limit - rule.ready_minutes
        whole = self.whole_metres if rule.is_distance else self.whole_minutes
        steps = [travelled / parts / whole for parts in self.parts]
        fits = [abs(step - round(step)) < 1e-9 and step > 0.5 for step in steps]
        parts = self.parts[fits.index(True)] if any(fits) else self.parts[-1]
        return (*(rule.ready_minutes + travelled * part / parts for part in range(1, parts)), rule.limit)
