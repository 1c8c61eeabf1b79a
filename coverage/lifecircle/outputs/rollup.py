"""Cities and provinces to files: the same columns as a district's, beside a scorecard and what could not be added up."""

from __future__ import annotations

from pathlib import Path

from lifecircle.indicators.rollup import Rollup
from lifecircle.outputs.lock import Held
from lifecircle.outputs.publish import publish_files, target_folders
from lifecircle.outputs.tables import write_csv


def publish_rollup(rollup: Rollup, out: Path, identity: str, year: int, *, held: Held | None = None) -> list[Path]:
    """Write ``indicators.csv``, ``indicators.parquet``, ``scorecard.csv`` and ``left_out.csv`` and return the paths."""

    def write(tables: Path, _maps: Path) -> list[Path]:
        named = {"indicators": rollup.indicators, "scorecard": rollup.scorecard, "left_out": rollup.left_out}
        for name, table in named.items():
            write_csv(table, tables / f"{name}.csv")
        rollup.indicators.to_parquet(tables / "indicators.parquet", index=False)
        return [*(tables / f"{name}.csv" for name in named), tables / "indicators.parquet"]

    return publish_files(*target_folders(out, identity, year), write, held=held)


def rollup_lines(rollup: Rollup) -> list[str]:
    """Return what a roll-up says at its end: each larger unit's scorecard."""
    lines = [
        f"{row['unit_name']} ({row['level']}): 监测 {row['monitored']}，有目标 {row['with_target']}，"
        f"如期或提前 {row['ahead'] + row['on_schedule']}; {row['monitored']} monitored, {row['with_target']} with a target, "
        f"{row['ahead'] + row['on_schedule']} met or ahead"
        for row in rollup.scorecard.to_dict("records")
    ]
    left = len(rollup.left_out)
    return [
        *lines,
        *([f"{left} 行未能相加或不全，见 left_out.csv; {left} could not be added up, or not from all"] if left else []),
    ]
