"""A copy of a DuckDB file that only readers have: they keep nobody waiting, and see what is loaded between two runs.

DuckDB lets one process write to a file or several read it, never both. The copy is a file of its own, put in its place
at once: whoever has the one before open goes on reading that.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb

from pipelines.destinations.duckdb_file import (
    DuckDbFile,
    execute,
    patiently,
    refuse_name,
    remove_file,
    write_copy,
)
from pipelines.destinations.lease_table import TABLE, Held
from pipelines.destinations.target import MODELS, PERSONAL
from pipelines.sql.duckdb_file import own_name
from pipelines.sql.published_file import (
    columns_described,
    comment,
    copy_table,
    create_schema,
    create_view,
    rows_of,
    tables_there,
    views_there,
)

_WRITING: Final = 0o222
"""Bits of a file's mode: nobody writes to what is published."""

Described = tuple[str, str, str]
"""Of a table: schema, name, what is said of it."""


def publish(source: DuckDbFile, place: Path) -> bool:
    """Put what is loaded where readers find it, unless it is there already or another run is at work.

    Of each dataset that people have no place in, all tables, and views of its schema of models as far as they need
    nothing else; comments with them. The one run that is at work publishes when it has ended.

    Args:
        source: the file that is loaded; nothing is done if it is not there.
        place: the file for readers.

    Returns:
        Whether the place holds now what is loaded.

    Raises:
        ConfigurationError: its name does not work, or nobody may write there.
        DestinationBusyError: another process holds the file that is loaded.
        OSError: it cannot be written; what was published before stays.
    """
    file, copy = source.file, place.with_name(f"{place.name}.new.duckdb")
    if not file.exists() or _stamp(place) == _stamp(file):
        return True
    with source.turn, patiently(lambda: duckdb.connect(str(file)), source.wait) as connection:
        tables: list[Described] = execute(connection, tables_there()).fetchall()
        datasets = {schema for schema, name, _ in tables if name == TABLE}
        if _at_work(connection, datasets):
            return False
        seen = {schema for schema in datasets if not schema.endswith(PERSONAL)}
        refuse_name(place, seen)
        chosen = [one for one in tables if one[0] in seen]
        modelled = {f"{schema}{MODELS}" for schema in seen}
        views = [one for one in execute(connection, views_there()).fetchall() if one[0] in modelled]
        columns = [one for one in execute(connection, columns_described()).fetchall() if one[0] in seen | modelled]
        ((catalog,),) = execute(connection, own_name()).fetchall()
        try:
            write_copy(
                connection,
                copy,
                [*map(create_schema, sorted(seen)), *(copy_table(catalog, *one[:2]) for one in chosen)],
            )
            with duckdb.connect(str(copy)) as alone:
                made = _make_views(alone, views)
                _describe(alone, chosen, made, columns)
            _put(copy, place, file)
        except BaseException:
            remove_file(copy)
            raise
    return True


def _at_work(connection: duckdb.DuckDBPyConnection, datasets: Iterable[str]) -> bool:
    """Whether a run of another process has half loaded something."""
    return any(
        Held(0, holder=holder, until=until).is_current
        for schema in datasets
        for holder, until in execute(connection, rows_of(schema, TABLE, ["holder", "held_until"])).fetchall()
    )


def _make_views(alone: duckdb.DuckDBPyConnection, views: Iterable[tuple[str, str, str, str]]) -> list[Described]:
    """Make views, each after those that it is built on, but for those that need a table which is not published."""
    made: list[Described] = []
    left = list(views)
    for schema in sorted({one[0] for one in left}):
        execute(alone, create_schema(schema, None))
    while left:
        before, waiting, left = len(made), left, []
        for schema, name, sql, text in waiting:
            try:
                execute(alone, create_view(sql))
            except (duckdb.CatalogException, duckdb.BinderException):  # what it reads is not there, or not yet
                left.append((schema, name, sql, text))
            else:
                made.append((schema, name, text))
        if len(made) == before:
            break
    return made


def _describe(
    alone: duckdb.DuckDBPyConnection,
    tables: Iterable[Described],
    views: Iterable[Described],
    columns: Iterable[tuple[str, str, str, str]],
) -> None:
    there = set()
    alone.begin()  # else each comment waits for the disk
    for kind, described in (("TABLE", tables), ("VIEW", views)):
        for schema, name, text in described:
            there.add((schema, name))
            if text:
                execute(alone, comment(kind, [schema, name], text))
    for schema, name, column, text in columns:
        if (schema, name) in there:
            execute(alone, comment("COLUMN", [schema, name, column], text))
    alone.commit()


def _put(copy: Path, place: Path, file: Path) -> None:
    """Let the copy take its place, whole and on disk, for whoever could read the one before; at first, the file."""
    was, mode = _whose(place, file)
    os.utime(copy, ns=(stamp := _stamp(file) or 0, stamp))  # so it is known what it was copied from
    with copy.open("rb") as written:
        os.fsync(written.fileno())
    copy.chmod(mode & ~_WRITING)
    with suppress(PermissionError):
        os.chown(copy, *was)
    Path(f"{place}.wal").unlink(missing_ok=True)  # of somebody who has written to the one before
    copy.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _whose(place: Path, file: Path) -> tuple[tuple[int, int], int]:
    found = (place if place.exists() else file).stat()
    return (found.st_uid, found.st_gid), found.st_mode & 0o777


def _stamp(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.exists() else None
