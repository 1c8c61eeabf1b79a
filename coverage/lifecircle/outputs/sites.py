"""Sites to files and to the terminal: what to build, in which order, the proof, and the removal loss."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from lifecircle.model import IntArray, SitesFound
from lifecircle.outputs.layers import link_layer, sites_layer, write_sites
from lifecircle.outputs.lock import Held
from lifecircle.outputs.publish import publish_files, target_folders
from lifecircle.outputs.tables import issue_table, write_csv
from lifecircle.outputs.wording import OBJECTIVE_NAMES, SITING_STATUS, figure_text, share_text, work_names
from lifecircle.problems import Problem

if TYPE_CHECKING:
    from rich.table import Table

    from lifecircle.outputs.webmap.places import Drawn


def publish_sites(
    found: SitesFound,
    drawn: Drawn,
    serving: IntArray,
    problems: Sequence[Problem],
    out: Path,
    *,
    held: Held | None = None,
) -> list[Path]:
    """Write the sites of a rule, their map and workbook under ``sites-<rule>`` and return the paths.

    Parameters
    ----------
    drawn
        The layers that the question was asked of.
    serving
        Rows of the facilities that serve the rule and stand.
    held
        The place, where the caller holds it already.
    """
    district = drawn.district

    def write(tables: Path, maps: Path) -> list[Path]:
        from lifecircle.outputs.webmap import draw_sites
        from lifecircle.outputs.workbook import write_sites_workbook

        paths = [*write_sites([found], district.crs, tables), *_write_layers(found, district.crs, tables)]
        for name, table in (
            ("curve", found.curve), ("targets", found.targets), ("issues", issue_table(problems)),
        ):  # fmt: skip
            paths.append(tables / f"{name}.csv")
            write_csv(table, paths[-1])
        paths.append(tables / "summary.json")
        paths[-1].write_text(json.dumps(sites_json(found), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        paths.append(maps / "选址.xlsx")
        write_sites_workbook(found, district, paths[-1])
        paths.append(maps / "index.html")
        draw_sites(found, drawn, serving, paths[-1])
        return paths

    return publish_files(*target_folders(out, district.id, sites_name(found.rule.id)), write, held=held)


def sites_name(rule_id: str) -> str:
    """Return the name of the set of a rule's sites."""
    return f"sites-{rule_id}"


def _write_layers(found: SitesFound, crs: str, tables: Path) -> list[Path]:
    """Write ``sites.gpkg``: the works as points, and the links among them as lines."""
    layers = {"sites": sites_layer([found], crs), "site_links": link_layer([found])}
    path = tables / "sites.gpkg"
    for name, layer in layers.items():
        if layer is not None and len(layer):
            layer.to_file(path, layer=name)
    return [path] if path.exists() else []


def sites_json(found: SitesFound) -> dict[str, Any]:
    """Return the answer for machines: what was asked, what came of it, the bound."""
    siting, question = found.siting, found.question
    return {
        "rule": found.rule.id, "count": question.count, "target_share": question.target, "budget_yuan": question.budget_yuan,
        "floor_share": question.floor, "candidates": found.candidates, "links": found.links, "spacing_m": found.spacing_m,
        "objective_name": question.objective, "objective_unit": found.objective_unit, "objective_before": _number(found.objective[0]),
        "objective_after": _number(found.objective[1]), "objective_bound": _number(found.objective[2]),
        "status": siting.status, "sites": len(found.sites),
        "people": found.people, "covered_before": found.covered_before, "covered_after": siting.people_covered,
        "objective": _number(siting.objective), "bound": _number(siting.bound), "gap": _number(siting.gap), "cost_yuan": siting.cost_yuan,
        "chosen": found.sites["candidate_id"].tolist() if len(found.sites) else [],
    }  # fmt: skip


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def sites_lines(found: SitesFound) -> list[str]:
    """Return the answer in words: before and after, whether proven, and how many works each share takes."""
    siting, total = found.siting, found.people
    before, after = (f"{_pct(people, total)}" for people in (found.covered_before, siting.people_covered))
    people = f"{found.covered_before:,.0f} → {siting.people_covered:,.0f} / {total:,.0f} 人 people"
    beside = f"，连接 links {found.links}" if found.links else ""
    lines = [
        f"{found.names.both}：候选 candidates {found.candidates}{_how(found)}{beside}，{SITING_STATUS[siting.status]}",
        f"覆盖 covered: {people} ({before} → {after})",
    ]
    if found.question.objective != "coverage":
        lines.insert(1, objective_text(found))
    if siting.status != "infeasible" and siting.gap > 0:
        lines.append(
            f"界 bound {figure_text(found.objective[2], found.objective_unit)}，差距 gap {100 * siting.gap:.2f}%"
        )
    gained = siting.people_covered - found.covered_before
    if siting.cost_yuan > 0 and gained > 0:
        lines.append(
            f"造价 cost {siting.cost_yuan:,.0f} 元 yuan，每万元 per 10,000 yuan: {_per_yuan(gained / (siting.cost_yuan / 10_000))} 人 people"
        )
    told = [
        f"{row['share_pct']:g}%: " + ("做不到 impossible" if pd.isna(row["sites"]) else f"{row['sites']:.0f} 处 works")
        for row in found.targets.to_dict("records")
    ]
    lines.append(f"达到 to reach {'；'.join(told)}")
    others = [row for row in found.assumptions.to_dict("records") if row["assumption"] != "base"]
    if others:
        shares = [f"{row['assumption']} {row['share_pct']:.1f}% ({_best(row)})" for row in others]
        lines.append(
            f"其他假设下此方案的覆盖（括号内为该假设的最优）this plan otherwise, and the best there: {'；'.join(shares)}"
        )
    return lines


def objective_text(found: SitesFound) -> str:
    """Return what was made best, before and with the sites: people, or the mean or greatest minutes or metres of those who reach any."""
    before, after, _ = (figure_text(value, found.objective_unit, missing="n/a") for value in found.objective)
    left = found.siting.people_unreachable
    apart = f"；不可达 unreachable {left:,.0f} 人" if left > 0 else ""
    return f"{OBJECTIVE_NAMES[found.question.objective].both}: {before} → {after}{apart}"


def _best(row: Mapping[Any, Any]) -> str:
    return "无解 none" if pd.isna(row["best_covered"]) else _pct(row["best_covered"], row["people"])


def _how(found: SitesFound) -> str:
    if found.spacing_m is None:
        return ""
    return f"（每 {found.spacing_m:g} 米方格人口最多处，[siting] spacing_m；one a square of this side）"


def _pct(people: float, total: float) -> str:
    return share_text(100 * people / total) if total > 0 else "n/a"


def price_words(found: SitesFound, price: float) -> str:
    """Return what leaving a work out costs, in words: people, or more works or yuan where a share is asked for."""
    if np.isinf(price):
        return "不可替代 needed"
    if pd.isna(price):
        return "-"
    if found.question.target is None:
        sign = "+" if found.objective_unit != "人" else ""
        return sign + figure_text(price, found.objective_unit)
    return f"{price:,.0f} " + ("元 yuan" if found.siting.cost_yuan else "处 works")


def _per_yuan(people: float) -> str:
    """Return people per 10,000 yuan, with a decimal where there are few."""
    return f"{people:,.0f}" if people >= 10 else f"{people:.2g}"


def sites_summary(found: SitesFound) -> Table | None:
    """Return the chosen works as a table for the terminal; None where there is none."""
    from rich import box
    from rich.table import Table

    if not len(found.sites):
        return None
    is_priced, has_links, names = found.siting.cost_yuan > 0, found.links > 0, work_names()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    heads: dict[str, Literal["left", "right"]] = {
        "序\n#": "right", "工程\nwork": "left", "候选\ncandidate": "left", "所在\nplace": "left", "新增\ngained": "right",
        "累计\ncovered": "right", "造价\nyuan": "right", "每万元\nper 10k": "right", "不选该点的影响\nremoval loss": "right",
        "改选\ninstead": "left", "敏感性检验\nholds": "right",
    }  # fmt: skip
    left_out = ({1} if not has_links else set()) | ({6, 7} if not is_priced else set())
    shown = [at for at in range(len(heads)) if at not in left_out]
    for at, (heading, side) in enumerate(heads.items()):
        if at in shown:
            table.add_column(heading, justify=side, no_wrap=at not in (3, 9), overflow="fold")
    for row in found.sites.to_dict("records"):
        cells = (
            str(row["order"]), names[row["work"]].both, str(row["candidate_id"]), str(row["name"]), f"{row['people_gained']:,.0f}",
            f"{row['cumulative_share_pct']:.1f}%", f"{row['cost_yuan']:,.0f}", _per_yuan(row["people_per_10k_yuan"]),
            price_words(found, row["price_of_no"]), str(row["instead"]).replace("、", "\n"), str(row["holds_in"]),
        )  # fmt: skip
        table.add_row(*(cells[at] for at in shown))
    return table


def plans_summary(plans: Sequence[SitesFound]) -> Table | None:
    """Return the plans of a run as a table for the terminal; None where there is none."""
    from rich import box
    from rich.table import Table

    if not plans:
        return None
    title = "选址方案 Plans（逐处见 site by site: sites.csv）"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("方案\nplan", "工程\nworks", "覆盖\ncovered", "新增\ngained", "造价\nyuan", "证明\nproof"):
        table.add_column(heading, justify="left" if heading[:2] in ("方案", "证明") else "right", overflow="fold")
    for found in plans:
        siting = found.siting
        links = int((found.sites["work"] != "site").sum())
        works = f"{len(found.sites) - links} 新址 sites" + (f"\n{links} 连接 links" if links else "")
        proof = SITING_STATUS[siting.status] + (
            f"\n差距 gap {100 * siting.gap:.2f}%" if np.isfinite(siting.gap) and siting.gap > 0 else ""
        )
        before, after = _pct(found.covered_before, found.people), _pct(siting.people_covered, found.people)
        is_there = siting.status != "infeasible" and not np.isnan(siting.objective)
        table.add_row(
            f"{found.names.zh}\n[dim]{found.id}[/dim]", works if is_there else "-", f"{before} → {after}" if is_there else before,
            f"{siting.people_covered - found.covered_before:,.0f} 人" if is_there else "-",
            f"{siting.cost_yuan:,.0f}" if siting.cost_yuan > 0 else "-", proof,
        )  # fmt: skip
    return table
