"""The Python door: read a district, check it, run it, ask where to build and what changed, and get frames.

What comes back are pandas and geopandas frames with ids as index, their CRS set and the field names of the files; each call returns a copy, so
that nothing that is done to it changes the study. Paths are ``str`` or ``Path``; options are by keyword. A wrong input raises
:class:`lifecircle.problems.InputError`, whose ``table`` lists every problem at once.

>>> import lifecircle as lc
>>> study = lc.run("data/raw/dongtou", rules=["clinic-15min-walk"], areas=False, plans=False)  # doctest: +SKIP
>>> study.coverage("clinic-15min-walk", level="township")[["unit_name", "value"]]  # doctest: +SKIP
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.cache import NO_CACHE, Cache, open_cache
from lifecircle.config import Question, load_policies
from lifecircle.config.schema import Level
from lifecircle.model import SitesFound, Study
from lifecircle.outputs.gaps import gap_table
from lifecircle.outputs.layers import area_layers
from lifecircle.outputs.tables import cell_table, facility_table, issue_table
from lifecircle.problems import InputError, Problems
from lifecircle.study import evaluate_district
from lifecircle.study.frames import DistrictFrames, Reach, reach_frames, unit_frames

if TYPE_CHECKING:
    import folium

    from lifecircle.comparison.decomposition import Comparison
    from lifecircle.study.routing import Routing

__all__ = [
    "ComparisonFrames",
    "DistrictFrames",
    "InputError",
    "Reach",
    "Sites",
    "StudyFrames",
    "check",
    "compare",
    "policies",
    "reach",
    "read_district",
    "rollup",
    "run",
    "sites",
    "verify",
]

PathLike = str | Path
Progress = Callable[[str], None]
_LOG = logging.getLogger("lifecircle")


def _tell(progress: Progress | None) -> Progress:
    """Return who is told how far a run is: the log, and a callback where one is given."""

    def tell(text: str) -> None:
        if text:
            _LOG.info(text)
            if progress is not None:
                progress(text)

    return tell


def _cache(use: bool) -> Cache:
    return open_cache() if use else NO_CACHE


class StudyFrames:
    """One run of a district, as frames."""

    def __init__(self, result: Study, routing: Routing) -> None:
        self._result = result
        self._routing = routing

    @property
    def id(self) -> str:
        """The district's."""
        return self._result.district.id

    @property
    def year(self) -> int:
        """The year of the run."""
        return self._result.year

    @property
    def crs(self) -> str:
        """The district's projected CRS, that of every geometry."""
        return self._result.district.crs

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that were computed."""
        return tuple(self._result.results)

    @property
    def not_computed(self) -> dict[str, str]:
        """Rules and indicators that could not be computed, and what each would need."""
        return dict(self._result.not_computed)

    @property
    def problems(self) -> pd.DataFrame:
        """The columns of ``issues.csv``."""
        return issue_table(self._result.problems)

    @property
    def indicators(self) -> pd.DataFrame:
        """Every figure of every unit: the columns of ``indicators.csv``."""
        return self._result.indicators.copy()

    @property
    def units(self) -> dict[str, gpd.GeoDataFrame]:
        """By level, units indexed by ``unit_code``."""
        return unit_frames(self._result.units, self.crs)

    @property
    def facilities(self) -> gpd.GeoDataFrame:
        """One row a facility, indexed by ``facility_id``: the columns of ``facilities.parquet``, and its place."""
        table = facility_table(self._result)
        geometry = self._result.facilities.frame.geometry.to_numpy()
        return gpd.GeoDataFrame(table, geometry=geometry, crs=self.crs).set_index("facility_id")

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Every other table of the run, by file name without its ending: ``targets``, ``statements``, ``scenarios`` ..."""
        return {name: table.copy() for name, table in self._result.tables.items()}

    def coverage(self, rule: str, *, level: Level = "township") -> gpd.GeoDataFrame:
        """Return a rule's coverage of every unit of a level, indexed by ``unit_code``, with the units' polygons.

        ``value`` is the share of people within the limit (0-100), ``numerator`` and ``denominator`` people; ``low`` and ``high`` are at
        0.8 and 1.2 times the speed.

        Raises
        ------
        KeyError
            A rule that was not computed, or a level that the district does not have.
        """
        self._rule(rule)
        rows = self._result.indicators
        own = rows[(rows["indicator"] == rule) & (rows["level"] == level)].set_index("unit_code")
        if level == "district":
            shape = shapely.union_all(np.concatenate([units.geometry for units in self._result.units.values()]))
            return gpd.GeoDataFrame(own, geometry=[shape] * len(own), crs=self.crs)
        if level not in self._result.units:
            raise KeyError(f"没有这一级 no such level: {level}; {', '.join(self._result.units)}")
        places = self.units[level]
        return gpd.GeoDataFrame(own, geometry=places.geometry.reindex(own.index), crs=self.crs)

    def travel_times(self, rule: str) -> gpd.GeoDataFrame:
        """Return every cell's way to the nearest facility, indexed by ``cell_id``.

        ``minutes`` (or ``metres``; NaN where none can be reached), ``facility_id``, ``people`` (who counts under the rule), ``is_covered``.
        """
        result = self._rule(rule)
        table = cell_table(self._result).set_index("cell_id")
        unit = "metres" if result.rule.is_distance else "minutes"
        columns = {
            unit: table[result.rule.column], "facility_id": table[f"{rule}__facility"],
            "people": result.people, "is_covered": result.covered,
        }  # fmt: skip
        cells = self._result.cells
        frame = pd.DataFrame(columns, index=table.index)
        return gpd.GeoDataFrame(frame, geometry=shapely.points(cells.x, cells.y), crs=self.crs)

    def reach(self, rule: str) -> pd.DataFrame:
        """Return who reaches what within the rule's limit: ``facility_id``, ``cell_id``, ``minutes`` (or ``metres``), one row a pair."""
        result = self._rule(rule)
        found = self._routing.within(result.rule).tocoo()
        identity = self._result.facilities.frame["facility_id"].to_numpy(dtype=object)[result.facilities]
        unit = "metres" if result.rule.is_distance else "minutes"
        return pd.DataFrame(
            {"facility_id": identity[found.row], "cell_id": self._result.cells.id[found.col], unit: found.data}
        )

    def gaps(self, rule: str | None = None) -> gpd.GeoDataFrame:
        """Return the gaps of a rule, or of all, the most people first: the columns of ``gaps.parquet``."""
        table = gap_table(self._result)
        if rule is None:
            return table
        self._rule(rule)
        return table[table["rule"] == rule].reset_index(drop=True)

    def isochrones(self, rule: str | None = None) -> gpd.GeoDataFrame:
        """Return the isochrones of a rule, or of all: the layer of ``coverage.gpkg``.

        Raises
        ------
        ValueError
            Where the run drew none: ``run(..., areas=True)``.
        """
        if not self._result.areas:
            raise ValueError("这次运行没有画等时圈 no isochrones were drawn: run(..., areas=True)")
        layer = area_layers(self._result)["isochrones"]
        return layer if rule is None else layer[layer["rule"] == rule].reset_index(drop=True)

    def publish(self, folder: PathLike = ".", *, with_map: bool = True, progress: Progress | None = None) -> list[Path]:
        """Write every output under a folder, as the command line does: the old complete set or the new complete set."""
        from lifecircle.outputs.publish import publish_study

        return publish_study(self._result, Path(folder), with_map=with_map, progress=_tell(progress))

    def explore(self, rule: str, *, level: Level = "township") -> folium.Map:
        """Return a folium map of a rule's coverage, for a notebook: units by share covered, facilities that serve it."""
        import folium
        from branca.colormap import LinearColormap

        result = self._rule(rule)
        units = self.coverage(rule, level=level)[["unit_name", "value", "numerator", "denominator", "geometry"]].to_crs(
            4326
        )
        colour = LinearColormap(
            ["#ffffd9", "#7fcdbb", "#225ea8", "#081d58"], vmin=0, vmax=100, caption=f"{result.rule.names.both} %"
        )
        west, south, east, north = units.total_bounds
        drawn = folium.Map(tiles=None)
        drawn.fit_bounds([[south, west], [north, east]])
        folium.GeoJson(
            units, name=level, tooltip=folium.GeoJsonTooltip(["unit_name", "value", "numerator", "denominator"]),
            style_function=lambda unit: {
                "fillColor": "#cccccc" if unit["properties"]["value"] is None else colour(unit["properties"]["value"]),
                "color": "#555555", "weight": 1, "fillOpacity": 0.7,
            },
        ).add_to(drawn)  # fmt: skip
        frame = self._result.facilities.frame.iloc[result.facilities]
        served = gpd.GeoDataFrame(frame[["name", "kind"]], geometry=frame.geometry.to_numpy(), crs=self.crs).to_crs(
            4326
        )
        folium.GeoJson(
            served, name="facilities", tooltip=folium.GeoJsonTooltip(["name", "kind"]),
            marker=folium.CircleMarker(radius=4, color="#1b7837", fill=True, fill_opacity=1.0),
        ).add_to(drawn)  # fmt: skip
        colour.add_to(drawn)
        folium.LayerControl().add_to(drawn)
        return drawn

    def _rule(self, rule: str) -> Any:
        if rule not in self._result.results:
            why = self._result.not_computed.get(rule)
            known = ", ".join(self._result.results)
            raise KeyError(f"{rule}: {why}" if why else f"没有算出这条准则 no such rule computed: {rule}; {known}")
        return self._result.results[rule]


class Sites:
    """Where to build for one rule: the sites, the proof, and what removing each would cost."""

    def __init__(self, found: SitesFound, crs: str, problems: Iterable[Any]) -> None:
        self._found = found
        self._crs = crs
        self._problems = tuple(problems)

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """The chosen, indexed by ``candidate_id``, in the order in which they bring most people."""
        return gpd.GeoDataFrame(self._found.sites, geometry="geometry", crs=self._crs).set_index("candidate_id").copy()

    @property
    def removal_loss(self) -> pd.Series:
        """By ``candidate_id``, the people lost without this site (of a share asked for: sites or yuan more); inf: no plan without it."""
        return pd.Series(self._found.sites.set_index("candidate_id")["price_of_no"]).rename("removal_loss").copy()

    @property
    def status(self) -> str:
        """``optimal`` (proven), ``time``, ``feasible`` or ``infeasible``."""
        return self._found.siting.status

    @property
    def objective(self) -> float:
        """What was asked for: people, or sites or yuan; of p-median person-minutes (metres), of p-center the greatest."""
        return self._found.siting.objective

    @property
    def objective_before(self) -> float:
        """What it comes to with what stands alone; NaN where coverage is asked for, or it is no answer."""
        return np.nan if self._found.objective_before is None else self._found.objective_before

    @property
    def bound(self) -> float:
        """No choice is better than this."""
        return self._found.siting.bound

    @property
    def gap(self) -> float:
        """How far the answer may be from the best, as a share; 0 where proven."""
        return self._found.siting.gap

    @property
    def curve(self) -> pd.DataFrame:
        """Works to people covered, with the bound."""
        return self._found.curve.copy()

    @property
    def people_covered(self) -> tuple[float, float]:
        """Before and after."""
        return self._found.covered_before, self._found.siting.people_covered

    @property
    def problems(self) -> pd.DataFrame:
        """What was met on the way."""
        return issue_table(self._problems)


class ComparisonFrames:
    """What changed between two years, and what each cause did."""

    def __init__(self, result: Comparison) -> None:
        self._result = result

    @property
    def changes(self) -> pd.DataFrame:
        """The columns of ``changes.csv``."""
        return self._result.changes.copy()

    @property
    def causes(self) -> dict[str, Any]:
        """What differs between the years, by cause: facilities, people, roads, rule."""
        return {str(cause): dict(told) for cause, told in self._result.causes.items()}

    @property
    def not_compared(self) -> dict[str, str]:
        """What only one year has, and why."""
        return dict(self._result.not_compared)

    def publish(self, folder: PathLike = ".") -> list[Path]:
        """Write the tables, the workbook and the page of the comparison under a folder."""
        from lifecircle.outputs.changes import publish_comparison

        return publish_comparison(self._result, Path(folder))


def read_district(
    folder: PathLike, *, year: int | None = None, policies: Sequence[str] | None = None, at: str | None = None,
    cache: bool = True, progress: Progress | None = None,
) -> DistrictFrames:  # fmt: skip
    """Read a district's layers and check them; compute nothing.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer is wrong; with every problem at once.
    """
    from lifecircle.study.layers import check_district

    problems = Problems()
    layers = check_district(
        Path(folder), problems, year=year, policies=None if policies is None else tuple(policies), at=at,
        progress=_tell(progress), cache=_cache(cache),
    )  # fmt: skip
    problems.raise_errors()
    if layers is None:
        raise RuntimeError("a district that could not be read must have said why")
    return DistrictFrames(layers, problems)


def check(
    folder: PathLike, *, year: int | None = None, policies: Sequence[str] | None = None, at: str | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return every problem of a district's configuration and layers, of every year; an empty table is a clean district. Raises nothing."""
    from lifecircle.study.comparison import check_all_years

    problems = Problems()
    chosen = None if policies is None else tuple(policies)
    check_all_years(Path(folder), problems, year=year, policies=chosen, at=at, progress=_tell(progress))
    return pd.DataFrame([asdict(problem) for problem in problems], columns=_problem_columns())


def run(
    folder: PathLike, *, year: int | None = None, rules: Sequence[str] = (), policies: Sequence[str] | None = None,
    at: str | None = None, areas: bool = True, plans: bool = True, cache: bool = True, progress: Progress | None = None,
) -> StudyFrames:  # fmt: skip
    """Compute everything a district's rules ask for.

    Parameters
    ----------
    rules
        Only these, and what they are computed from.
    policies
        Those the run answers to, in place of the configuration's.
    at
        A time of day, ``HH:MM``, where ferries or facilities have hours.
    areas, plans
        Draw isochrones and catchments; answer ``[[plans]]``.
    cache
        Use and keep prepared roads and networks.

    Raises
    ------
    lifecircle.problems.InputError
        Where the configuration or a layer is wrong; with every problem at once.
    """
    result, routing = evaluate_district(
        Path(folder), year=year, only_rules=tuple(rules), policies=None if policies is None else tuple(policies), at=at,
        with_areas=areas, with_plans=plans, progress=_tell(progress), cache=_cache(cache),
    )  # fmt: skip
    return StudyFrames(result, routing)


def sites(
    folder: PathLike, rule: str, *, count: int | None = None, target: float | None = None, budget_yuan: float | None = None,
    floor: float | None = None, cost_yuan: float | None = None, objective: str = "coverage", capacity: str | None = None,
    new_capacity: float | None = None, links: bool = True, seconds: float = 60.0, cache: bool = True,
    progress: Progress | None = None,
) -> Sites:  # fmt: skip
    """Ask where to build for a rule: so many sites, a share of the people (``target``, 0-1), or what a budget buys.

    Parameters
    ----------
    objective
        ``coverage`` (the most people within the limit), ``p_median`` (the least mean cost), ``p_center`` (the least greatest),
        ``capacitated`` (the most who find a place; with ``new_capacity``, and ``capacity``, the attribute of what stands) or ``backup``
        (the most with two within the limit).

    Raises
    ------
    ValueError
        None of ``count``, ``target`` and ``budget_yuan``; or ``target`` with one of the others.
    lifecircle.problems.InputError
        Where a layer is wrong or the rule cannot be sited for.
    """
    from lifecircle.study.siting import site_district

    if count is None and target is None and budget_yuan is None:
        raise ValueError("须给出 count、target 或 budget_yuan 之一 give one of count, target, budget_yuan")
    if target is not None and (count is not None or budget_yuan is not None):
        raise ValueError("target 不与 count、budget_yuan 同用 is not combined with count or budget_yuan")
    question = Question.model_validate(
        {"rule": rule, "count": count, "target": target, "budget_yuan": budget_yuan, "floor": floor, "cost_yuan": cost_yuan, "links": links,
         "seconds": seconds, "objective": objective, "capacity": capacity, "new_capacity": new_capacity}
    )  # fmt: skip
    layers, found, problems = site_district(Path(folder), question, progress=_tell(progress), cache=_cache(cache))
    return Sites(found, layers.district.crs, problems)


def compare(
    folder: PathLike, first: int, second: int, *, rules: Sequence[str] = (), coverage_only: bool = False, cache: bool = True,
    progress: Progress | None = None,
) -> ComparisonFrames:  # fmt: skip
    """Compare two years of a district, and split what changed by its causes.

    Parameters
    ----------
    coverage_only
        Split coverage alone: quicker.
    """
    from lifecircle.study.comparison import compare_years

    return ComparisonFrames(
        compare_years(
            Path(folder), (first, second), only_rules=tuple(rules), is_all=not coverage_only, progress=_tell(progress),
            cache=_cache(cache),
        )
    )  # fmt: skip


def rollup(folders: Sequence[PathLike], *, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the figures of the cities and provinces that published runs lie in: the columns of ``indicators.csv``.

    Parameters
    ----------
    folders
        ``data/processed/<id>/<year>`` of each district.
    names
        Codes of cities and provinces to their names.
    """
    from lifecircle.study.rollup import roll_up_districts

    return roll_up_districts([Path(one) for one in folders], dict(names or {})).indicators.copy()


def policies() -> pd.DataFrame:
    """Return every entry of the policies that ship, indexed by its id: policy, statement, measure, clause, quote, source.

    Examples
    --------
    >>> policies().loc["clinic-15min-walk", ["policy", "measure"]].tolist()
    ['living-circle', 'coverage']
    """
    rows = [
        {
            "id": entry.id, "policy": policy.id, "statement": entry.statement, "measure": getattr(entry, "measure", "coverage"),
            "label_zh": entry.names.zh, "label_en": entry.names.en, "clause": entry.clause, "quote": entry.quote, "source": entry.source,
        }
        for policy in load_policies().values()
        for entry in policy.entries
    ]  # fmt: skip
    return pd.DataFrame(rows).set_index("id")


def verify(oracles: PathLike | None = None, *, progress: Progress | None = None) -> pd.DataFrame:
    """Run the known-answer cases again: ``case, label, expected, computed, difference, holds``, one row a figure.

    Parameters
    ----------
    oracles
        A folder with one folder an oracle: their cases too.
    """
    from lifecircle.verification import verify as run_cases

    found = run_cases(None if oracles is None else Path(oracles), _tell(progress))
    rows = [
        {"case": one.case.id, "label": check.label, "expected": check.expected, "computed": check.computed,
         "difference": check.difference, "holds": check.holds}
        for one in found.outcomes
        for check in one.checks
    ]  # fmt: skip
    return pd.DataFrame(rows)


def reach(
    roads: gpd.GeoDataFrame, people: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, *, mode: str = "walk",
    minutes: float | None = None, metres: float | None = None, people_column: str = "people", direction: str = "toward",
    options: Mapping[str, Any] | None = None, barriers: gpd.GeoDataFrame | None = None,
) -> Reach:  # fmt: skip
    """Return who reaches which facility, from GeoDataFrames alone: no file, no configuration.

    Parameters
    ----------
    roads
        Lines with OpenStreetMap's tags as columns (``highway``, ``oneway`` ...), in a projected CRS in metres. Vertices at the same place are
        joined, or those of the same number where a column ``nodes`` has one for each, as :attr:`DistrictFrames.roads` does.
    people
        Where people are: points (of others the centroid), with ``people_column``; in any CRS.
    facilities
        Points, lines or areas, in any CRS; their index is ``facility_id``.
    mode
        ``walk``, ``walk_elderly``, ``bike``, ``drive`` or ``ambulance``; ``options`` lays a mode's keys over it: ``{"speed_kph": 4}``.
    minutes, metres
        The limit: exactly one.
    direction
        ``toward``: people go to facilities; ``from``: help comes.
    barriers
        Points on the streets that stand in somebody's way, as :attr:`DistrictFrames.barriers` has them.

    Raises
    ------
    ValueError
        Not exactly one limit, a CRS that is missing or in degrees, an unknown mode.
    lifecircle.problems.InputError
        Where nothing of the roads can be used.

    Examples
    --------
    >>> import geopandas, shapely
    >>> roads = geopandas.GeoDataFrame({"highway": ["residential"]}, geometry=[shapely.LineString([(0, 0), (3000, 0)])], crs=4549)
    >>> people = geopandas.GeoDataFrame({"people": [100, 50]}, geometry=[shapely.Point(600, 0), shapely.Point(2700, 0)], crs=4549)
    >>> clinics = geopandas.GeoDataFrame(index=["k1"], geometry=[shapely.Point(0, 0)], crs=4549)
    >>> found = reach(roads, people, clinics, mode="walk", minutes=15)
    >>> found.people_covered, found.people
    (100.0, 150.0)
    >>> found.nearest["minutes"].round(1).tolist()
    [8.0, 36.0]
    """
    if (minutes is None) == (metres is None):
        raise ValueError("minutes 与 metres 必须且只能给一个 give exactly one of minutes and metres")
    return reach_frames(
        roads, people, facilities, mode=mode, limit=float(metres if metres is not None else minutes or 0.0),
        is_distance=metres is not None, direction=direction, options=dict(options or {}), barriers=barriers,
        people_column=people_column,
    )  # fmt: skip


def _problem_columns() -> list[str]:
    from lifecircle.problems import Problem

    return list(Problem.__dataclass_fields__)
