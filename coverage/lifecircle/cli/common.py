"""What every verb shares: the application, its arguments, exit codes, and how to say what is wrong."""

from __future__ import annotations

import errno
import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from lifecircle import COMPILED

if TYPE_CHECKING:
    from lifecircle.cache import Cache
    from lifecircle.outputs.lock import Held
    from lifecircle.problems import Problem


Number = TypeVar("Number", int, float)
YEARS = (1949, 2100)
"""As ``[district] year`` has it."""


def check_share(value: float | None) -> float | None:
    """Let a share of people through: above 0, at most 1."""
    return _check(value, lambda number: 0 < number <= 1, "0 < 份额 share <= 1", _as_share(value))


def check_money(value: float | None) -> float | None:
    """Let an amount of yuan through: above 0, and finite."""
    return _check(
        value, lambda number: 0 < number <= MOST_YUAN, f"0 < 元 yuan <= {MOST_YUAN:.0e}", "写元，不写万元 yuan"
    )


def check_cost(value: float | None) -> float | None:
    """Let the cost of a site through: 0, or an amount of yuan."""
    return _check(
        value, lambda number: 0 <= number <= MOST_YUAN, f"0 <= 元 yuan <= {MOST_YUAN:.0e}", "写元，不写万元 yuan"
    )


def check_count(value: int | None) -> int | None:
    """Let a number of sites through: 1 or more."""
    return _check(value, lambda number: 1 <= number <= MOST_SITES, f"1 <= 处 sites <= {MOST_SITES:,}", "")


def check_seconds(value: float | None) -> float | None:
    """Let a time to solve through: a second to a week."""
    return _check(value, lambda number: 1 <= number <= MOST_SECONDS, f"1 <= 秒 seconds <= {MOST_SECONDS:,}", "")


def check_objective(value: str) -> str:
    """Let an objective of siting through."""
    from lifecircle.config import OBJECTIVES
    from lifecircle.problems import nearest_name

    if value not in OBJECTIVES:
        raise typer.BadParameter(f'没有这种目标 no such objective "{value}"; {nearest_name(value, list(OBJECTIVES))}')
    return value


def check_year(value: int | None) -> int | None:
    """Let a year through."""
    return _check(value, lambda number: YEARS[0] <= number <= YEARS[1], f"{YEARS[0]} - {YEARS[1]}", "")


def check_id(value: str) -> str:
    """Let an id of outputs through: it becomes the name of a folder."""
    if re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", value) and len(value) <= MOST_LETTERS:
        return value
    raise typer.BadParameter(
        f'"{value}" | 应为小写字母、数字，以 - 或 _ 相连 expected: lower-case letters and digits joined by - or _ | --id wenzhou'
    )


MOST_YUAN = 1e12
MOST_LETTERS = 60
MOST_SITES = 100_000
MOST_SECONDS = 604_800


def _check(value: Number | None, is_right: Callable[[Number], bool], expected: str, mend: str) -> Number | None:
    if value is None or (math.isfinite(value) and is_right(value)):
        return value
    shown = f"{value:g}" if isinstance(value, float) else f"{value}"
    raise typer.BadParameter(f"{shown} | 应为 expected: {expected}{f' | {mend}' if mend else ''}")


def _as_share(value: float | None) -> str:
    if value is not None and 1 < value <= 100:
        return f"是否指 {value:g}%？写 did you mean {value / 100:g}"
    return "份额，不是百分数 a share, not a percentage: 0.95"


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
Year = Annotated[
    int | None, typer.Option(help="输出年份，默认取 district.toml the year of the outputs", callback=check_year)
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", help="此处若有另一个运行，等它结束 wait where another run holds the place, in place of ending"
    ),
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
    from lifecircle.outputs.summary import problem_lines

    for line in problem_lines(problems):
        typer.echo(line, err=True)


def use_cache(*, is_off: bool = False) -> Cache:
    """Return the user's cache, or none; where nothing can be kept, say so: it is slower, never wrong."""
    from lifecircle.cache import NO_CACHE, open_cache
    from lifecircle.compilation import can_write

    if COMPILED.line:
        typer.echo(COMPILED.line, err=True)
    if is_off:
        return NO_CACHE
    cache = open_cache()
    if cache.folder is not None and not can_write(cache.folder):
        typer.echo(
            f"缓存不可写，备好的道路与路网不保存 the cache cannot be written, prepared roads and networks are not kept: {cache.folder} | "
            "设 set LIFECIRCLE_CACHE = 一个可写的文件夹 a folder that can be written",
            err=True,
        )
    return cache


@contextmanager
def place_of(
    district_id: str | None, name: str | int | None, out: Path, *, wait: bool, progress: Callable[[str], None]
) -> Iterator[Held | None]:
    """Hold the place of a set from before the computing to after the publishing, and say in a sentence what comes in between.

    Parameters
    ----------
    district_id, name
        None where the configuration does not say them, or not rightly: whoever reads it will say why.
    """
    from lifecircle.outputs.lock import HeldError, LostError
    from lifecircle.outputs.publish import NotWrittenError, settle_all, take_place, target_folders

    try:
        if district_id is None or name is None or not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", f"{name}"):
            yield None
            return
        settle_all(out)
        with take_place(*target_folders(out, district_id, name), wait=wait, tell=progress) as held:
            yield held
    except (HeldError, LostError, NotWrittenError) as error:
        progress("")
        typer.echo(str(error), err=True)
        raise typer.Exit(NOT_COMPUTED) from error
    except MemoryError as error:
        progress("")
        typer.echo(
            f"内存不足 out of memory: {error or '系统未说明需要多少 the system does not say how much was asked for'} | "
            "关闭其他程序，或加 --no-areas、--no-plans，或用 --rule 分几次算 close other programs, leave out areas and plans, or run some rules "
            "at a time；原有成果未动 earlier outputs are untouched",
            err=True,
        )
        raise typer.Exit(NOT_COMPUTED) from error
    except OSError as error:
        progress("")
        what = (
            "磁盘空间不足 disk full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "读写出错 cannot read or write"
        )
        typer.echo(
            f"{what}: {error.filename or '临时文件夹或缓存 the temporary folder or a cache'} | {error.strerror or error} | "
            "检查此处的空间与权限 see to its space and permissions；原有成果未动 earlier outputs are untouched",
            err=True,
        )
        raise typer.Exit(NOT_COMPUTED) from error
    except KeyboardInterrupt:
        progress("")
        typer.echo("已中断，原有成果未动 interrupted: earlier outputs are untouched", err=True)
        raise typer.Exit(NOT_COMPUTED) from None
