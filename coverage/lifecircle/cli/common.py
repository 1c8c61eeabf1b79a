"""What every verb shares: the application, its arguments, exit codes, and how to say what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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


def find_district(name: str) -> Path:
    """Return a district's folder; where there is none, say which there are and end with :data:`WRONG`."""
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


def progress_teller() -> Callable[[str], None]:
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


def print_problems(problems: list[Problem]) -> None:
    """Say what is wrong, to stderr."""
    from lifecircle.outputs.issues import problem_lines

    for line in problem_lines(problems):
        typer.echo(line, err=True)
