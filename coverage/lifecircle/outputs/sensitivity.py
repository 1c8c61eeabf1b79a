"""What a run says of its conclusions: what was assumed otherwise, and how many of them hold."""

from __future__ import annotations

from lifecircle.model import Study


def sensitivity_lines(study: Study) -> list[str]:
    """Return the assumptions tried, defaults too, and how many passes and ranks are the same under all of them."""
    table, tried = study.tables["sensitivity"], study.details["sensitivity"]
    if not len(table):
        return []
    factors = {
        name: " ".join(f"×{one:g}" for one in tried[name]) or "不变 as they are" for name in ("speeds", "limits")
    }
    people = "、".join(tried["populations"]) or "不变 as they are"
    judged = table[table["passes"].notna()]
    passes, ranks = int(judged["pass_holds"].sum()), int(table["rank_holds"].sum())
    return [
        f"假设 assumptions: 速度 speeds {factors['speeds']}；限值 limits {factors['limits']}；人口 people {people}",
        f"都成立 hold in all: 达标与否 passes {passes}/{len(judged)}，名次 ranks {ranks}/{len(table)}，见 see sensitivity.csv",
    ]
