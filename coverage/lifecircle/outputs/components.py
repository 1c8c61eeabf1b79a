"""The parts of each network: a table for machines, a short one for the terminal, and what the map says."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lifecircle.model import Closure, NetworkPart, Study
from lifecircle.outputs.tables import write_csv

if TYPE_CHECKING:
    from rich.table import Table


SHOWN = 4
"""Parts of a mode that are named in the terminal; the rest are added up."""
NAME_WIDTH = 30
"""What 80 columns leave for it."""
JOINED = {
    "main": ("主网", "main"),
    "ferry": ("轮渡", "ferry"),
    "none": ("不连通", "none"),
    "no_street": ("无路", "no street"),
}


def part_table(study: Study) -> pd.DataFrame:
    """Return one row a mode and part, people without a street near (``part`` -1) after each mode's; they add up to all people.

    ``<kind>__facilities`` counts the facilities that the mode's rules ask for and that are entered in the part.
    """
    kinds = sorted({kind for part in study.parts for kind in part.facilities})
    rows = [
        {
            "district": study.district.id, "year": study.year, "mode": part.mode, "part": part.part, "name": part.name,
            "joined": part.joined, "length_km": part.length_km, "people": part.people,
            "facilities": sum(part.facilities.values()),
            **{f"{kind}__facilities": part.facilities.get(kind, 0) for kind in kinds},
        }
        for part in study.parts
    ]  # fmt: skip
    first = ["district", "year", "mode", "part", "name", "joined", "length_km", "people", "facilities"]
    return pd.DataFrame(rows, columns=[*first, *(f"{kind}__facilities" for kind in kinds)])


def write_parts(study: Study, folder: Path) -> Path:
    """Write ``network_parts.csv``."""
    path = folder / "network_parts.csv"
    write_csv(part_table(study), path)
    return path


def describe_parts(study: Study, *, most: int) -> list[dict[str, Any]]:
    """Return for each mode the parts that hold people or facilities, at most ``most``, and the rest added up.

    A mode whose network is in one part, with nobody away from its streets, has nothing to say and is left out.
    """
    described = []
    for mode, of_mode in groupby(study.parts, key=lambda part: part.mode):
        peopled = sorted(
            (part for part in of_mode if part.people or part.facilities),
            key=lambda part: (part.joined == "no_street", part.joined != "main", -part.people, part.part),
        )
        if len(peopled) < 2:
            continue
        streets = [part for part in peopled if part.joined != "no_street"]
        rows = [_row(part.name, part.joined, [part]) for part in streets[:most]]
        if len(streets) > most:
            rows.append(_row("", "", streets[most:]))
        rows += [_row(part.name, part.joined, [part]) for part in peopled if part.joined == "no_street"]
        described.append({"mode": mode, "parts": rows})
    return described


def _row(name: str, joined: str, parts: list[NetworkPart]) -> dict[str, Any]:
    return {
        "name": name,
        "joined": joined,
        "count": len(parts),
        "people": sum(part.people for part in parts),
        "facilities": sum(sum(part.facilities.values()) for part in parts),
        "length_km": sum(part.length_km for part in parts),
    }


def summary_parts(study: Study) -> Table | None:
    """Return the parts as a table for the terminal, narrow enough for 80 columns; None where every network is whole."""
    described = describe_parts(study, most=SHOWN)
    if not described:
        return None
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = "路网分块（不计轮渡） Parts of the networks, ferries apart"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("主要在\nmostly in", no_wrap=True)
    for heading in ("人\npeople", "设施\nfacilities", "公里\nkm"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("连主网\nlink to main", no_wrap=True)
    for entry in described:
        table.add_row(Text(study.modes[entry["mode"]].label.both, style="bold"))
        for row in entry["parts"]:
            name = Text(f" {row['name']}" if row["joined"] else f" 其余 {row['count']} 块 others")
            name.truncate(NAME_WIDTH, overflow="ellipsis")
            table.add_row(
                name,
                f"{row['people']:,.0f}",
                f"{row['facilities']:,}",
                f"{row['length_km']:,.1f}" if row["joined"] != "no_street" else "-",
                " ".join(JOINED[row["joined"]]) if row["joined"] else "",
            )
    return table


def closure_lines(closures: Iterable[Closure]) -> list[str]:
    """Return what this run does without, one line each."""
    return [
        f"停用 closed: {closure.name}"
        if closure.why == "closed"
        else f"此时不开航 not sailing at this time: {closure.name} ({closure.hours})"
        for closure in closures
    ]
