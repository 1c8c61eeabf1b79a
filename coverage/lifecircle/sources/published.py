"""What earlier runs published, read back: the indicators of several districts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifecircle.problems import Problems


def read_published(folders: list[Path], problems: Problems) -> pd.DataFrame:
    """Return the rows of ``indicators.parquet`` of several runs together.

    A folder without one, and two folders of one district, are errors: nothing may be counted twice.
    """
    frames: list[pd.DataFrame] = []
    seen: dict[str, Path] = {}
    for folder in folders:
        path = folder / "indicators.parquet"
        if not path.is_file():
            problems.error("rollup-no-run", str(path), "没有这一年的结果 no such run",
                           mend="先运行 run it first: lifecircle run <区县 district> --year", expected="已完成的结果 a finished run")  # fmt: skip
            continue
        frame = pd.read_parquet(path)
        own = frame[frame["level"] == "district"]
        code = str(own["unit_code"].iloc[0]) if len(own) else folder.parent.name
        if code in seen:
            problems.error(
                "rollup-twice",
                str(path),
                f"区县重复 district given twice: {code}",
                expected=str(seen[code]),
                mend="每个区县写一次 name each district once",
            )
            continue
        seen[code] = path
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
