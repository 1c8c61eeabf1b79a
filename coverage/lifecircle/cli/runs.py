"""The main job and its door: run, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecircle.cli.common import (
    DONE,
    NOT_COMPUTED,
    WRONG,
    District,
    Policies,
    TimeOfDay,
    Wait,
    Year,
    app,
    check_year,
    find_district,
    place_of,
    print_problems,
    progress_teller,
    use_cache,
)


@app.command()
def run(
    district: District,
    year: Year = None,
    rule: Annotated[list[str] | None, typer.Option(help="只算这条准则，可重复 only this rule; may be repeated")] = None,
    policy: Policies = None,
    at: TimeOfDay = None,
    out: Annotated[Path, typer.Option(help="输出到此文件夹 put data/processed/ and maps/ under this folder")] = Path(),
    no_areas: Annotated[
        bool, typer.Option("--no-areas", help="不画等时圈与服务范围 draw no isochrones and catchments")
    ] = False,
    no_plans: Annotated[
        bool, typer.Option("--no-plans", help="不答 [[plans]] 的选址问题 do not answer [[plans]]")
    ] = False,
    no_map: Annotated[bool, typer.Option("--no-map", help="不写地图 write no map")] = False,
    no_cache: Annotated[
        bool,
        typer.Option("--no-cache", help="不用也不存备好的道路与路网 neither use nor keep prepared roads and networks"),
    ] = False,
    wait: Wait = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="在标准输出给机器摘要 a summary for machines on stdout")
    ] = False,
) -> None:
    """主任务：由原始图层到覆盖、表格与地图. The main job: raw layers to coverage, tables and a gap map.

    示例 examples: lifecircle run dongtou | lifecircle run data/raw/mydistrict --rule clinic-15min-walk --out results
    """
    from lifecircle.config import read_identity
    from lifecircle.problems import InputError

    folder = find_district(district)
    progress = progress_teller()
    cache = use_cache(is_off=no_cache)
    known = read_identity(folder)
    name, own_year = known or (None, None)
    with place_of(name, year or own_year, out, wait=wait, progress=progress) as held:
        from lifecircle.outputs.publish import publish_study
        from lifecircle.outputs.shown import show_study
        from lifecircle.study import run_district

        try:
            study = run_district(
                folder, year=year, only_rules=tuple(rule or ()), policies=tuple(policy) if policy else None, at=at,
                with_areas=not no_areas, with_plans=not no_plans, progress=progress, cache=cache,
            )  # fmt: skip
        except InputError as error:
            print_problems(error.problems)
            raise typer.Exit(WRONG) from error
        paths = publish_study(study, out, with_map=not no_map, progress=progress, held=held)
    progress("")
    show_study(study, paths, typer.echo, as_json=as_json)
    raise typer.Exit(DONE if study.results or len(study.indicators) else NOT_COMPUTED)


@app.command()
def check(
    district: District,
    year: Annotated[
        int | None, typer.Option(help="只查这一年的图层 only this year's layers", callback=check_year)
    ] = None,
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
    from lifecircle.study.comparison import check_all_years

    problems = Problems()
    progress = progress_teller()
    policies = tuple(policy) if policy else None
    layers = check_all_years(find_district(district), problems, year=year, policies=policies, at=at, progress=progress)
    progress("")
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    else:
        print_problems(list(problems))
        if layers is not None:
            typer.echo(
                f"可以运行 ready to run: {len(layers.cells):,} 个人口格 cells, {layers.cells.people.sum():,.0f} 人 people, "
                f"{len(layers.facilities):,} 处设施 facilities, {len(layers.roads or ()):,} 条道路 ways, {len(layers.serving)} 条准则 rules"
            )
            from lifecircle.outputs.summary import missing_lines

            typer.echo("\n".join(missing_lines(find_missing(layers, year=year))))
    raise typer.Exit(WRONG if layers is None else DONE)
