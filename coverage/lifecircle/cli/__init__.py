"""The command line: arguments and exit codes, nothing else. Heavy rooms are imported by the verb that needs them."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Annotated

import typer

from lifecircle import __version__
from lifecircle.cli.common import DONE, NOT_COMPUTED, app

__all__ = ["app", "main"]

# The verbs register themselves, in the order of the help.
for _verbs in ("runs", "plans", "catalogue"):
    import_module(f"lifecircle.cli.{_verbs}")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows console may not be UTF-8
    from lifecircle.problems import LedgerError

    # A polite end is an end like any other: the place is let go, drafts are removed. 128 + the number, as shells say it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except LedgerError as error:
        typer.echo(str(error), err=True)
        sys.exit(NOT_COMPUTED)


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
