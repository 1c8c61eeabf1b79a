"""Publishing: the old complete set or the new complete set, never a mixture, whatever kills it.

Everything is written beside its place first. A journal then names what is to move where; from that moment the new set is the
true one, and a run that is killed while moving is finished by the next (:func:`finish_publishing`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from lifecircle.model import Study

Progress = Callable[[str], None]


def publish_study(study: Study, out: Path, *, with_map: bool, progress: Progress) -> list[Path]:
    """Write every output of a study under ``out`` and return the paths, tables first.

    Raises
    ------
    PermissionError
        Where an old output is open in another program; the old set then stands untouched.
    """
    from lifecircle.outputs.gaps import write_gaps
    from lifecircle.outputs.layers import write_layers
    from lifecircle.outputs.manifest import write_manifest
    from lifecircle.outputs.parts import write_parts
    from lifecircle.outputs.site_layer import write_sites
    from lifecircle.outputs.tables import write_tables
    from lifecircle.outputs.workbook import write_workbook

    def write(staged_tables: Path, staged_maps: Path) -> list[Path]:
        progress("写表格 writing tables")
        written = [
            *write_tables(study, staged_tables),
            write_parts(study, staged_tables),
            *write_gaps(study, staged_tables),
            *write_sites(study.plans, study.district.crs, staged_tables),
        ]
        progress("写图层 writing layers")
        written += write_layers(study, staged_tables)
        progress("写工作簿 writing the workbook")
        written.append(staged_maps / "指标监测表.xlsx")
        write_workbook(study, written[-1])
        if with_map:
            from lifecircle.outputs.webmap import write_webmap

            progress("写地图 writing the map")
            write_webmap(study, staged_maps / "index.html")
            written.append(staged_maps / "index.html")
        shown = {
            ((tables if path.parent == staged_tables else maps) / path.name).relative_to(out).as_posix(): path
            for path in written
        }
        return [*written, write_manifest(study, staged_tables, shown)]

    tables, maps = target_folders(out, study.district.id, study.year)
    return publish_files(tables, maps, write)


def publish_files(tables: Path, maps: Path, write: Callable[[Path, Path], list[Path]]) -> list[Path]:
    """Let ``write`` fill a folder of tables and one of maps, and put both in place at once; return the paths in place."""
    finish_publishing(tables)
    staged_tables, staged_maps = _stage(tables), _stage(maps)
    try:
        written = write(staged_tables, staged_maps)
        final = {path: (tables if path.parent == staged_tables else maps) / path.name for path in written}
        moves = [(staged_tables, tables), (staged_maps, maps)]
        _write_journal(tables, moves)
    except BaseException:
        shutil.rmtree(staged_tables, ignore_errors=True)
        shutil.rmtree(staged_maps, ignore_errors=True)
        raise
    finish_publishing(tables)
    return list(final.values())


def target_folders(out: Path, district_id: str, year: int | str) -> tuple[Path, Path]:
    """Return where a study's tables and maps go."""
    return out / "data" / "processed" / district_id / str(year), out / "maps" / district_id / str(year)


def _stage(target: Path) -> Path:
    """Return an empty folder beside ``target``; what earlier runs left unpublished is cleared away."""
    staged = target.with_name(f".{target.name}.new-{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    staged.mkdir()
    return staged


def _journal(tables: Path) -> Path:
    return tables.with_name(f".{tables.name}.publishing.json")


def _write_journal(tables: Path, moves: list[tuple[Path, Path]]) -> None:
    """Commit: once the journal stands under its name, the staged set is the new set."""
    journal = _journal(tables)
    draft = journal.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump([[str(staged.resolve()), str(target.resolve())] for staged, target in moves], stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(journal)


def finish_publishing(tables: Path) -> None:
    """Move a committed set into place; does nothing where there is none."""
    journal = _journal(tables)
    if not journal.exists():
        return
    moves = [(Path(staged), Path(target)) for staged, target in json.loads(journal.read_text(encoding="utf-8"))]
    for staged, target in moves:
        old = target.with_name(f".{target.name}.old")
        if staged.exists():
            if target.exists():
                shutil.rmtree(old, ignore_errors=True)
                target.rename(old)
            staged.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    journal.unlink()
