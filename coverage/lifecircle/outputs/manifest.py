"""``manifest.json``: what went in, what was decided, what came out."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from lifecircle import __version__
from lifecircle.indicators.figures import FAST, SLOW
from lifecircle.model import Study
from lifecircle.outputs.gaps import summarise_gaps
from lifecircle.outputs.layers import summarise_areas
from lifecircle.outputs.summary import count_targets

LIBRARIES = (
    "exactextract",
    "geopandas",
    "numba",
    "numpy",
    "osmium",
    "pandas",
    "pyarrow",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
    "xlsxwriter",
)


def write_manifest(study: Study, folder: Path, outputs: dict[str, Path]) -> Path:
    """Write ``manifest.json``; ``outputs`` maps each path as published to the file that holds it now."""
    path = folder / "manifest.json"
    path.write_text(
        json.dumps(_content(study, outputs), ensure_ascii=False, indent=1, default=_plain) + "\n", encoding="utf-8"
    )
    return path


def _content(study: Study, outputs: dict[str, Path]) -> dict[str, Any]:
    district = study.district
    return {
        "lifecircle": __version__,
        "district": district.model_dump(mode="json"),
        "year": study.year,
        "demonstration": district.demonstration.model_dump() if district.demonstration else None,
        "settings": _describe_settings(study),
        "inputs": [asdict(source) for source in study.inputs],
        "configuration": {
            "units": [layer.model_dump(mode="json", exclude_defaults=True) for layer in study.configuration.units],
            "population": study.configuration.population.model_dump(mode="json")
            if study.configuration.population
            else None,
            "facilities": [
                layer.model_dump(mode="json", exclude_defaults=True) for layer in study.configuration.facilities
            ],
            "tables": [table.model_dump(mode="json", exclude_defaults=True) for table in study.configuration.tables],
            "layers": [layer.model_dump(mode="json", exclude_defaults=True) for layer in study.configuration.layers],
            "roads": study.configuration.roads.model_dump(mode="json") if study.configuration.roads else None,
            "ferries": [ferry.model_dump(mode="json", by_alias=True) for ferry in study.configuration.ferries],
            "scenarios": [one.model_dump(mode="json", exclude_defaults=True) for one in study.configuration.scenarios],
            "terrain": study.configuration.terrain.model_dump(mode="json"),
        },
        "parameters": {
            "modes": {key: mode.model_dump(mode="json") for key, mode in study.modes.items()},
            "indicators": {
                entry.id: entry.model_dump(mode="json", exclude_defaults=True)
                for entry in study.configuration.indicators
            },
            "water": study.configuration.water.model_dump(mode="json"),
            "rules": {key: result.rule.model_dump(mode="json") for key, result in study.results.items()},
            "low_speed_factor": SLOW,
            "high_speed_factor": FAST,
        },
        "not_computed": dict(study.not_computed),
        "conservation": {key: dict(sums) for key, sums in study.conservation.items()},
        "closed": [asdict(closure) for closure in study.closures],
        "areas": summarise_areas(study),
        "gaps": summarise_gaps(study),
        "network_parts": [asdict(part) for part in study.parts],
        "details": dict(study.details),
        "targets": count_targets(study),
        "issues": _count_issues(study),
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in LIBRARIES},
        },
        "timings_s": {name: round(seconds, 3) for name, seconds in study.timings_s.items()},
        "outputs": {name: hash_file(path) for name, path in sorted(outputs.items())},
    }


def _describe_settings(study: Study) -> dict[str, str]:
    """Return the SHA-256 of what decided: the district's configuration, the policies it answers to, and the package's own data."""
    package = Path(str(files("lifecircle")))
    named = {f"policies/{name}.toml" for name in study.district.policies} | {
        path.name for path in package.glob("*.toml")
    }
    own = {name: hash_file(package / name) for name in sorted(named) if (package / name).is_file()}
    return {"district.toml": hash_file(study.folder / "district.toml")} | {
        f"lifecircle/{name}": own[name] for name in own
    }


def _count_issues(study: Study) -> dict[str, int]:
    counts: dict[str, int] = {}
    for problem in study.problems:
        counts[problem.severity] = counts.get(problem.severity, 0) + problem.count
    return counts


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    """Return numpy's numbers as JSON has them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
