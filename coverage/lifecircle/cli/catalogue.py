"""What is asked and whether the engine is right: policies, verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lifecircle.cli.common import (
    DONE,
    NOT_COMPUTED,
    WRONG,
    app,
    progress_teller,
)


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

    progress = progress_teller()
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
