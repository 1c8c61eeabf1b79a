"""Where to build, what changed, and several districts together: sites, compare, rollup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lifecircle.cli.common import (
    DONE,
    NOT_COMPUTED,
    WRONG,
    District,
    Wait,
    app,
    check_cost,
    check_count,
    check_id,
    check_money,
    check_objective,
    check_seconds,
    check_share,
    check_year,
    find_district,
    place_of,
    print_problems,
    progress_teller,
    use_cache,
)


@app.command()
def sites(
    district: District,
    rule: Annotated[str, typer.Option(help="为哪条准则选址 the rule to site for")],
    count: Annotated[int | None, typer.Option(help="新建几处 how many new sites", callback=check_count)] = None,
    target: Annotated[
        float | None, typer.Option(help="达到的覆盖份额，0-1 share of people to reach", callback=check_share)
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="预算，元 yuan; needs costs of candidates", callback=check_money)
    ] = None,
    floor: Annotated[
        float | None, typer.Option(help="每个乡镇街道至少的份额 least share of every township", callback=check_share)
    ] = None,
    cost: Annotated[
        float | None,
        typer.Option(help="候选表没有造价时每处几元 yuan of a site where its layer gives none", callback=check_cost),
    ] = None,
    objective: Annotated[
        str,
        typer.Option(
            help="使什么最好：coverage 覆盖人口、p_median 平均路程、p_center 最远路程、capacitated 有名额的人、backup 有两处可达的人 what is made best",
            callback=check_objective,
        ),
    ] = "coverage",
    capacity: Annotated[
        str | None,
        typer.Option(help="capacitated：现有设施容量的属性 attribute that says how many a standing facility serves"),
    ] = None,
    new_capacity: Annotated[
        float | None, typer.Option(help="capacitated：新建一处的容量 how many a new site serves", callback=check_cost)
    ] = None,
    links: Annotated[
        bool,
        typer.Option(
            help="连同 [[links]]（步道、开门、桥、渡口）一起选 weigh links beside sites, where the district has any"
        ),
    ] = True,
    seconds: Annotated[float, typer.Option(help="求解时限，秒 time to solve", callback=check_seconds)] = 60.0,
    out: Annotated[Path, typer.Option(help="输出到此文件夹 put data/processed/ under this folder")] = Path(),
    wait: Wait = False,
    as_json: Annotated[bool, typer.Option("--json", help="在标准输出给机器结果 the answer for machines")] = False,
) -> None:
    """在哪里新建：精确选址，给出最优的证明或差距，和不选每处的影响. Where to build, with proof or the gap to it, and the removal loss.

    示例 examples: lifecircle sites dongtou --rule fitness-10min-500m --count 5 |
    lifecircle sites dongtou --rule clinic-15min-walk --target 0.95 --floor 0.8 |
    lifecircle sites dongtou --rule clinic-15min-walk --count 3 --objective p_median
    """
    from pydantic import ValidationError

    from lifecircle.config import Question, read_identity
    from lifecircle.problems import InputError

    if count is None and target is None and budget is None:
        typer.echo("须给出 --count、--target 或 --budget 之一 give one of --count, --target, --budget", err=True)
        raise typer.Exit(WRONG)
    if target is not None and (count is not None or budget is not None):
        typer.echo("--target 不与 --count、--budget 同用 is not combined with --count or --budget", err=True)
        raise typer.Exit(WRONG)
    try:
        question = Question.model_validate(
            {"rule": rule, "count": count, "target": target, "budget_yuan": budget, "floor": floor, "cost_yuan": cost, "links": links,
             "seconds": seconds, "objective": objective, "capacity": capacity, "new_capacity": new_capacity}
        )  # fmt: skip
    except ValidationError as error:
        typer.echo("\n".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors()), err=True)
        raise typer.Exit(WRONG) from error
    progress = progress_teller()
    folder, cache = find_district(district), use_cache()
    known = read_identity(folder)
    with place_of(known[0] if known else None, f"sites-{rule}", out, wait=wait, progress=progress) as held:
        from lifecircle.outputs.sites import publish_sites, sites_json, sites_lines, sites_summary
        from lifecircle.study.siting import site_district

        try:
            layers, found, problems = site_district(folder, question, progress=progress, cache=cache)
        except InputError as error:
            print_problems(error.problems)
            raise typer.Exit(WRONG) from error
        paths = publish_sites(found, layers, layers.serving[rule], problems, out, held=held)
    progress("")
    print_problems([problem for problem in problems if problem.severity == "warning"])
    if as_json:
        import json

        typer.echo(
            json.dumps({**sites_json(found), "paths": [str(path) for path in paths]}, ensure_ascii=False, indent=1)
        )
    else:
        from rich.console import Console

        table = sites_summary(found)
        if table is not None:
            Console(width=None if sys.stdout.isatty() else 120).print(table)
        typer.echo("\n".join([*sites_lines(found), *(f"  {path}" for path in paths)]))
    raise typer.Exit(NOT_COMPUTED if found.siting.status == "infeasible" else DONE)


@app.command()
def compare(
    district: District,
    first: Annotated[int, typer.Argument(metavar="YEAR", help="前一年 the earlier year", callback=check_year)],
    second: Annotated[int, typer.Argument(metavar="YEAR", help="后一年 the later year", callback=check_year)],
    rule: Annotated[list[str] | None, typer.Option(help="只比这条准则，可重复 only this rule; may be repeated")] = None,
    coverage_only: Annotated[
        bool, typer.Option("--coverage-only", help="只分解覆盖率，快 split coverage alone: quicker")
    ] = False,
    out: Annotated[Path, typer.Option(help="输出到此文件夹 put data/processed/ under this folder")] = Path(),
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="不用也不存备好的道路与路网 neither use nor keep prepared roads and networks"),
    ] = False,
    wait: Wait = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器摘要 a summary for machines on stdout")
    ] = False,
) -> None:
    """两年之间变了什么、为什么：设施、人口、道路、准则。 What changed between two years, and why.

    往年与今年的不同写在 district.toml 的 [[years]] 里；设施按 opened（启用年份）与 closed_year（停用年份）计入。
    What stood otherwise is in [[years]] of district.toml; facilities count by their opened and closed_year.

    示例 examples: lifecircle compare dongtou 2022 2025 | lifecircle compare dongtou 2022 2025 --rule clinic-15min-walk --out results
    """
    from lifecircle.config import read_identity
    from lifecircle.problems import InputError

    progress = progress_teller()
    folder, cache, years = find_district(district), use_cache(is_off=no_cache), (first, second)
    known = read_identity(folder)
    with place_of(known[0] if known else None, f"compare-{first}-{second}", out, wait=wait, progress=progress) as held:
        from lifecircle.outputs.changes import publish_comparison, show_comparison
        from lifecircle.study.comparison import compare_years

        try:
            found = compare_years(
                folder, years, only_rules=tuple(rule or ()), is_all=not coverage_only, progress=progress, cache=cache
            )
        except InputError as error:
            print_problems(error.problems)
            raise typer.Exit(WRONG) from error
        paths = publish_comparison(found, out, held=held)
    progress("")
    show_comparison(found, paths, typer.echo, as_json=as_json)
    raise typer.Exit(DONE if len(found.changes) else NOT_COMPUTED)


@app.command()
def rollup(
    districts: Annotated[
        list[str],
        typer.Argument(help="已运行的区县：编号，或结果文件夹 districts that were run: ids, or folders of results"),
    ],
    year: Annotated[int, typer.Option(help="年份 the year of the runs", callback=check_year)],
    name: Annotated[
        list[str] | None, typer.Option(help='市、省的名称，可重复 names of cities and provinces: --name "3303=温州市"')
    ] = None,
    out: Annotated[Path, typer.Option(help="结果所在文件夹 the folder that holds data/processed/")] = Path(),
    identity: Annotated[str, typer.Option("--id", help="输出的编号 id of the output", callback=check_id)] = "rollup",
    wait: Wait = False,
) -> None:
    """几个区县合成市、省：由分子分母相加，不平均百分数. Districts to cities and provinces, from numerators and denominators.

    示例 example: lifecircle rollup dongtou yueqing --year 2025 --name "3303=温州市" --id wenzhou
    """
    from lifecircle.outputs.publish import settle, target_folders
    from lifecircle.outputs.rollup import publish_rollup, rollup_lines
    from lifecircle.problems import InputError
    from lifecircle.study.rollup import roll_up_districts

    folders = [
        Path(one) if Path(one, "indicators.parquet").is_file() else target_folders(out, one, year)[0]
        for one in districts
    ]
    names = dict(one.split("=", 1) for one in name or () if "=" in one)
    with place_of(identity, year, out, wait=wait, progress=progress_teller()) as held:
        for folder in folders:
            settle(folder)
        try:
            found = roll_up_districts(folders, names)
        except InputError as error:
            print_problems(error.problems)
            raise typer.Exit(WRONG) from error
        paths = publish_rollup(found, out, identity, year, held=held)
    typer.echo("\n".join([*rollup_lines(found), *(f"  {path}" for path in paths)]))
