"""Sites to files and to the terminal: what to build, in which order, the proof, and the price of no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lifecircle.config import District
from lifecircle.outputs.publish import publish_files
from lifecircle.outputs.tables import write_csv
from lifecircle.outputs.words import SITING_STATUS
from lifecircle.planning.found import SitesFound

if TYPE_CHECKING:
    from rich.table import Table


def publish_sites(found: SitesFound, district: District, out: Path) -> list[Path]:
    """Write the sites of a rule under ``data/processed/<id>/sites-<rule>/`` and return the paths."""

    def write(tables: Path, _maps: Path) -> list[Path]:
        places = found.sites.to_crs("EPSG:4326") if len(found.sites) else found.sites
        point = places.geometry.representative_point() if len(places) else None
        listed = pd.DataFrame(found.sites.drop(columns="geometry"))
        if point is not None:
            listed["lon"], listed["lat"] = point.x.round(6), point.y.round(6)
        write_csv(listed, tables / "sites.csv")
        write_csv(found.curve, tables / "curve.csv")
        write_csv(found.targets, tables / "targets.csv")
        found.sites.assign(rule=found.rule.id, bound=found.siting.bound, gap=found.siting.gap).to_parquet(
            tables / "sites.parquet"
        )
        paths = [tables / name for name in ("sites.csv", "curve.csv", "targets.csv", "sites.parquet", "summary.json")]
        paths[-1].write_text(json.dumps(sites_json(found), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if len(found.sites):
            found.sites.to_file(tables / "sites.gpkg", layer="sites")
            paths.append(tables / "sites.gpkg")
        return paths

    base = out / "data" / "processed" / district.id / f"sites-{found.rule.id}"
    return publish_files(base, out / "maps" / district.id / f"sites-{found.rule.id}", write)


def sites_json(found: SitesFound) -> dict[str, Any]:
    """Return the answer for machines: what was asked, what came of it, the bound."""
    siting, question = found.siting, found.question
    return {
        "rule": found.rule.id, "count": question.count, "target_share": question.share, "budget_yuan": question.budget,
        "floor_share": question.floor, "candidates": found.candidates, "spacing_m": found.spacing_m, "status": siting.status, "sites": len(found.sites),
        "people": found.people, "covered_before": found.covered_before, "covered_after": siting.people_covered,
        "objective": _number(siting.objective), "bound": _number(siting.bound), "gap": _number(siting.gap), "cost_yuan": siting.cost_yuan,
        "chosen": found.sites["candidate_id"].tolist() if len(found.sites) else [],
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def sites_lines(found: SitesFound) -> list[str]:
    """Return the answer in words: before and after, whether proven, and how many sites each share takes."""
    siting, total = found.siting, found.people
    before, after = (f"{_pct(people, total)}" for people in (found.covered_before, siting.people_covered))
    people = f"{found.covered_before:,.0f} → {siting.people_covered:,.0f} / {total:,.0f} 人 people"
    lines = [
        f"{found.rule.names.both}：候选 {found.candidates}{_how(found)}，{SITING_STATUS[siting.status]}",
        f"覆盖 covered: {people} ({before} → {after})",
    ]
    if siting.status != "infeasible" and siting.gap > 0:
        lines.append(f"上界 bound {siting.bound:,.1f}，差距 gap {100 * siting.gap:.2f}%")
    told = [
        f"{row['share_pct']:g}%: " + ("做不到 impossible" if pd.isna(row["sites"]) else f"{row['sites']:.0f} 处 sites")
        for row in found.targets.to_dict("records")
    ]
    return [*lines, f"达到 to reach {'；'.join(told)}"]


def _how(found: SitesFound) -> str:
    if found.spacing_m is None:
        return ""
    return f"（每 {found.spacing_m:g} 米方格人口最多处，[siting] spacing_m；one a square of this side）"


def _pct(people: float, total: float) -> str:
    return f"{100 * people / total:.1f}%" if total > 0 else "n/a"


def sites_table(found: SitesFound) -> Table | None:
    """Return the chosen sites as a table for the terminal; None where there is none."""
    from rich import box
    from rich.table import Table

    if not len(found.sites):
        return None
    is_share = found.question.share is not None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    heads = ("序\n#", "候选\ncandidate", "所在\nplace", "新增\ngained", "累计\ncovered", "否决代价\nprice of no")
    for place, heading in enumerate(heads):
        table.add_column(heading, justify="left" if place in (1, 2) else "right", no_wrap=place != 2)
    for row in found.sites.to_dict("records"):
        price = row["price_of_no"]
        unit = ("元 yuan" if found.siting.cost_yuan else "处 sites") if is_share else "人"
        told = "不可替代 needed" if np.isinf(price) else "-" if pd.isna(price) else f"{price:,.0f} {unit}"
        table.add_row(
            str(row["order"]), str(row["candidate_id"]), str(row["name"]), f"{row['people_gained']:,.0f}",
            f"{row['cumulative_share_pct']:.1f}%", told,
        )  # fmt: skip
    return table
