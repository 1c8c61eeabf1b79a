"""The command line: arguments and exit codes, nothing else. Heavy rooms are imported by the verb that needs them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lifecircle import __version__

if TYPE_CHECKING:
    from lifecircle.problems import Problem

app = typer.Typer(
    name="lifecircle",
    help="生活圈：谁能在规定时间内到达设施，谁不能，为什么。\n\nWho can reach what within the rule a district plan cites, and who cannot.",
    epilog="示例 examples: lifecircle run dongtou | lifecircle check data/raw/mydistrict | lifecircle policies dongtou-2021",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
District = Annotated[
    str,
    typer.Argument(
        help="区县：文件夹，或 data/raw/ 下的名字 a folder with a district.toml, or a name found under data/raw/"
    ),
]
TimeOfDay = Annotated[
    str | None,
    typer.Option(help="时刻，如 22:30：此时不开航的轮渡不计 time of day: ferries that do not sail then are out"),
]
Policies = Annotated[
    list[str] | None, typer.Option("--policy", help="按此政策算，可重复 answer to this policy instead; repeatable")
]
DONE, NOT_COMPUTED, WRONG = 0, 1, 2


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may not be UTF-8
    app()


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"lifecircle {__version__}")
        raise typer.Exit(DONE)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="版本 print the version")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    district: District,
    year: Annotated[int | None, typer.Option(help="输出年份，默认取 district.toml the year of the outputs")] = None,
    rule: Annotated[list[str] | None, typer.Option(help="只算这条准则，可重复 only this rule; may be repeated")] = None,
    policy: Policies = None,
    at: TimeOfDay = None,
    out: Annotated[Path, typer.Option(help="输出到此文件夹 put data/processed/ and maps/ under this folder")] = Path(),
    no_areas: Annotated[
        bool, typer.Option("--no-areas", help="不画等时圈与服务范围 draw no isochrones and catchments")
    ] = False,
    no_map: Annotated[bool, typer.Option("--no-map", help="不写地图 write no map")] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="不用也不存备好的道路与路网 neither use nor keep prepared roads and networks"),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器摘要 a summary for machines on stdout")
    ] = False,
) -> None:
    """主任务：由原始图层到覆盖、表格与地图. The main job: raw layers to coverage, tables and a gap map.

    示例 examples: lifecircle run dongtou | lifecircle run data/raw/mydistrict --rule clinic-15min-walk --out results
    """
    from lifecircle.problems import InputError

    folder = _find_district(district)
    progress = _progress()
    from lifecircle.cache import NO_CACHE, open_cache
    from lifecircle.outputs.publish import publish_study
    from lifecircle.outputs.shown import show_study
    from lifecircle.study import run_district

    cache = NO_CACHE if no_cache else open_cache()
    try:
        study = run_district(
            folder, year=year, only_rules=tuple(rule or ()), policies=tuple(policy) if policy else None, at=at,
            with_areas=not no_areas, progress=progress, cache=cache,
        )  # fmt: skip
    except InputError as error:
        _print_problems(error.problems)
        raise typer.Exit(WRONG) from error
    try:
        paths = publish_study(study, out, with_map=not no_map, progress=progress)
    except OSError as error:
        typer.echo(f"写不出 cannot write {error.filename or out}: {error.strerror}", err=True)
        raise typer.Exit(NOT_COMPUTED) from error
    progress("")
    show_study(study, paths, typer.echo, as_json=as_json)
    raise typer.Exit(DONE if study.results or len(study.indicators) else NOT_COMPUTED)


@app.command()
def check(
    district: District,
    year: Annotated[int | None, typer.Option(help="只查这一年的图层 only this year's layers")] = None,
    policy: Policies = None,
    at: TimeOfDay = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器清单 the list for machines on stdout")
    ] = False,
) -> None:
    """读全部图层，一次列出所有问题和政策所缺的数据，不计算. Read every layer, list every problem and what policies lack; compute nothing.

    示例 examples: lifecircle check data/raw/mydistrict | lifecircle check dongtou --policy shangzhou-2022
    """
    import json
    from dataclasses import asdict

    from lifecircle.problems import Problems
    from lifecircle.study import find_missing
    from lifecircle.study.comparing import check_all_years

    problems = Problems()
    progress = _progress()
    policies = tuple(policy) if policy else None
    layers = check_all_years(_find_district(district), problems, year=year, policies=policies, at=at, progress=progress)
    progress("")
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        _print_problems(list(problems))
        if layers is not None:
            typer.echo(
                f"可以运行 ready to run: {len(layers.cells):,} 个人口格 cells, {layers.cells.people.sum():,.0f} 人 people, "
                f"{len(layers.facilities):,} 处设施 facilities, {len(layers.roads or ()):,} 条道路 ways, {len(layers.serving)} 条准则 rules"
            )
            from lifecircle.outputs.scores import missing_lines

            typer.echo("\n".join(missing_lines(find_missing(layers, year=year))))
    raise typer.Exit(WRONG if layers is None else DONE)


@app.command()
def compare(
    district: District,
    first: Annotated[int, typer.Argument(metavar="YEAR", help="前一年 the earlier year", min=1949, max=2100)],
    second: Annotated[int, typer.Argument(metavar="YEAR", help="后一年 the later year", min=1949, max=2100)],
    rule: Annotated[list[str] | None, typer.Option(help="只比这条准则，可重复 only this rule; may be repeated")] = None,
    coverage_only: Annotated[
        bool, typer.Option("--coverage-only", help="只分解覆盖率，快 split coverage alone: quicker")
    ] = False,
    out: Annotated[Path, typer.Option(help="输出到此文件夹 put data/processed/ under this folder")] = Path(),
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="不用也不存备好的道路与路网 neither use nor keep prepared roads and networks"),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器摘要 a summary for machines on stdout")
    ] = False,
) -> None:
    """两年之间变了什么、为什么：设施、人口、道路、准则。 What changed between two years, and why.

    往年与今年的不同写在 district.toml 的 [[years]] 里；设施按 opened（启用年份）与 closed_year（停用年份）计入。
    What stood otherwise is in [[years]] of district.toml; facilities count by their opened and closed_year.

    示例 examples: lifecircle compare dongtou 2022 2025 | lifecircle compare dongtou 2022 2025 --rule clinic-15min-walk --out results
    """
    from lifecircle.cache import NO_CACHE, open_cache
    from lifecircle.outputs.changes import publish_comparison, show_comparison
    from lifecircle.problems import InputError
    from lifecircle.study.comparing import compare_years

    progress = _progress()
    folder, cache = _find_district(district), NO_CACHE if no_cache else open_cache()
    try:
        found = compare_years(
            folder, (first, second), only_rules=tuple(rule or ()), is_all=not coverage_only, progress=progress, cache=cache
        )  # fmt: skip
    except InputError as error:
        _print_problems(error.problems)
        raise typer.Exit(WRONG) from error
    try:
        paths = publish_comparison(found, out)
    except OSError as error:
        typer.echo(f"写不出 cannot write {error.filename or out}: {error.strerror}", err=True)
        raise typer.Exit(NOT_COMPUTED) from error
    progress("")
    show_comparison(found, paths, typer.echo, as_json=as_json)
    raise typer.Exit(DONE if len(found.changes) else NOT_COMPUTED)


@app.command()
def rollup(
    districts: Annotated[
        list[str],
        typer.Argument(help="已运行的区县：编号，或结果文件夹 districts that were run: ids, or folders of results"),
    ],
    year: Annotated[int, typer.Option(help="年份 the year of the runs")],
    name: Annotated[
        list[str] | None, typer.Option(help='市、省的名称，可重复 names of cities and provinces: --name "3303=温州市"')
    ] = None,
    out: Annotated[Path, typer.Option(help="结果所在文件夹 the folder that holds data/processed/")] = Path(),
    identity: Annotated[str, typer.Option("--id", help="输出的编号 id of the output")] = "rollup",
) -> None:
    """几个区县合成市、省：由分子分母相加，不平均百分数. Districts to cities and provinces, from numerators and denominators.

    示例 example: lifecircle rollup dongtou yueqing --year 2025 --name "3303=温州市" --id wenzhou
    """
    from lifecircle.outputs.publish import target_folders
    from lifecircle.outputs.rollup import publish_rollup, rollup_lines
    from lifecircle.problems import InputError
    from lifecircle.study.together import roll_up_districts

    folders = [
        Path(one) if Path(one, "indicators.parquet").is_file() else target_folders(out, one, year)[0]
        for one in districts
    ]
    names = dict(one.split("=", 1) for one in name or () if "=" in one)
    try:
        found = roll_up_districts(folders, names)
    except InputError as error:
        _print_problems(error.problems)
        raise typer.Exit(WRONG) from error
    paths = publish_rollup(found, out, identity, year)
    typer.echo("\n".join([*rollup_lines(found), *(f"  {path}" for path in paths)]))


@app.command()
def policies(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="政策、陈述或指标的编号 id of a policy, a statement or an indicator"),
    ] = None,
    find: Annotated[
        str | None, typer.Option(help="查找：编号、名称、条款、原文、算法、图层 search in everything")
    ] = None,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="指标有哪些算法、键与默认值 the measures of indicators, their keys and defaults"),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 for machines")] = False,
) -> None:
    """政策目录：条款、原文、准则、指标、目标、来源. The catalogue: clauses, quotes, rules, indicators, targets, sources.

    示例 examples: lifecircle policies | lifecircle policies dongtou-2021 | lifecircle policies D02 | lifecircle policies --find 供水 |
    lifecircle policies presence --schema
    """
    import json

    from lifecircle.config import load_policies
    from lifecircle.outputs.catalogue import catalogue_lines, describe, find_lines, known_names
    from lifecircle.problems import nearest_name

    if as_json:
        known = load_policies()
        chosen = [known[name]] if name in known else list(known.values())
        typer.echo(json.dumps([one.model_dump(mode="json") for one in chosen], ensure_ascii=False, indent=1))
        return
    if schema:
        from lifecircle.outputs.schema import schema_lines

        typer.echo("\n".join(schema_lines(name)))
        return
    lines = find_lines(find) if find else catalogue_lines() if name is None else describe(name)
    if lines is None:
        typer.echo(f'没有这个编号 no such id "{name}" | {nearest_name(str(name), known_names())}', err=True)
        raise typer.Exit(WRONG)
    if not lines:
        typer.echo(f'没有找到 nothing found: "{find}"', err=True)
        raise typer.Exit(NOT_COMPUTED)
    typer.echo("\n".join(lines))


@app.command()
def verify(
    oracles: Annotated[
        Path | None, typer.Option(help="另算此文件夹中各家公布的算例 also the cases others published, in this folder")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器结果 the figures for machines on stdout")
    ] = False,
) -> None:
    """重算已知答案的算例：应为、算得、差. Re-run the known-answer cases: expected, computed, difference.

    示例 examples: lifecircle verify | lifecircle verify --oracles ../shared/oracles --json
    """
    if oracles is not None and not oracles.is_dir():
        typer.echo(
            f"没有这个文件夹 no such folder: {oracles} | --oracles 下每个算例一个文件夹 one folder a case", err=True
        )
        raise typer.Exit(WRONG)
    from lifecircle.verification import verify as run_cases
    from lifecircle.verification.report import verdict, verification_json, verification_table

    progress = _progress()
    found = run_cases(oracles, progress)
    progress("")
    if as_json:
        import json

        typer.echo(json.dumps(verification_json(found), ensure_ascii=False, indent=1))
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else 80).print(verification_table(found))
    typer.echo(verdict(found), err=as_json)
    raise typer.Exit(NOT_COMPUTED if found.failed else DONE)


def _find_district(name: str) -> Path:
    for folder in (Path(name), Path("data") / "raw" / name):
        if folder.is_dir():
            return folder
    known = (
        sorted(entry.parent.name for entry in Path("data/raw").glob("*/district.toml"))
        if Path("data/raw").is_dir()
        else []
    )
    typer.echo(
        f'没有这个区县 no such district "{name}" | 应为含 district.toml 的文件夹，或 data/raw/ 下的名字 '
        f"a folder with a district.toml, or a name under data/raw/{': ' + ', '.join(known) if known else ''}",
        err=True,
    )
    raise typer.Exit(WRONG)


def _progress() -> Callable[[str], None]:
    """Return what tells the user what is being done: one changing line on a terminal, plain lines elsewhere; on stderr."""
    if not sys.stderr.isatty():
        return lambda text: typer.echo(text, err=True) if text else None
    from rich.console import Console

    status = Console(stderr=True).status("")

    def tell(text: str) -> None:
        if text:
            status.start()
            status.update(text)
        else:
            status.stop()

    return tell


def _print_problems(problems: list[Problem]) -> None:
    from lifecircle.outputs.issues import problem_lines

    for line in problem_lines(problems):
        typer.echo(line, err=True)


if __name__ == "__main__":
    main()
