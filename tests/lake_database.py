"""A lake for tests that were written for a DuckDB file: tables are read into DuckDB, and what is changed goes back."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from fsspec.implementations.local import LocalFileSystem
from sqlglot import exp

from pipelines.destinations.lake import format_called
from pipelines.destinations.lake_tables import LakeTables

CHANGING: Final = (exp.Insert, exp.Update, exp.Delete, exp.Alter, exp.Drop)
ASKING_FOR_ALL: Final = {"information_schema", "duckdb_tables", "duckdb_columns", "SHOW"}


def lake_of(file: Path) -> Path:
    """Where the lake lies that stands for a file."""
    return file.with_suffix(".lake")


def copy_lake(table_format: str, source: Path, target: Path) -> None:
    """Copy a lake; tables are written anew, because those of Iceberg name their place."""
    for folder in source.glob("*/*"):
        dataset, table = folder.relative_to(source).parts
        found = lake_tables(table_format, source / dataset).snapshot(table) if folder.is_dir() else None
        there = target / dataset
        if found and found.handle is not None:
            tables = lake_tables(table_format, there)
            tables.load(table, found.read(), None)
            continue
        there.mkdir(parents=True, exist_ok=True)
        if folder.is_dir():
            shutil.copytree(folder, there / table)
        else:
            shutil.copy(folder, there / table)


def lake_tables(table_format: str, folder: Path) -> LakeTables:
    """Tables of a dataset that lies in a folder."""
    client: Any = SimpleNamespace(
        fs_client=LocalFileSystem(),
        dataset_path=str(folder),
        config=SimpleNamespace(credentials=None, deltalake_storage_options=None),
        get_table_dir=lambda table: f"{folder / table}/",
        get_open_table_location=lambda _, table: str(folder / table),
    )
    return LakeTables(client, format_called(table_format)(client))


class LakeConnection:
    """What tests use of a connection to DuckDB, of one whose tables are those of a lake.

    A table is read when a statement first names it, all when one asks which there are.

    Args:
        table_format: of the lake.
        file: that it stands for.
    """

    def __init__(self, table_format: str, file: Path) -> None:
        self._format = table_format
        self._lake = lake_of(file)
        self._connection = duckdb.connect()
        self._connection.execute(f"ATTACH ':memory:' AS {file.stem}; USE {file.stem}")
        self._unread: set[tuple[str, str]] = set()
        for dataset in sorted(self._lake.iterdir()) if self._lake.exists() else ():
            self._connection.execute(f'CREATE SCHEMA "{dataset.name}"')
            self._unread |= {(dataset.name, table.name) for table in dataset.iterdir()}

    def __enter__(self) -> Self:
        """Keep it open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._connection.close()

    def execute(self, sql: str, values: Any = ()) -> duckdb.DuckDBPyConnection:
        """Execute statements; a table that one changes is written to the lake."""
        self._read_what_it_names(sql)
        done = self._connection.execute(sql, values or None)
        changing = [one for one in sqlglot.parse(sql, read="duckdb") if isinstance(one, CHANGING)]
        found = done.fetchall() if changing else []
        for statement in changing:
            table = statement.find(exp.Table)
            assert table is not None
            ((current,),) = self._connection.execute("SELECT current_schema()").fetchall()
            if isinstance(statement, exp.Drop):
                shutil.rmtree(self._lake / (table.db or current) / table.name)
            else:
                self._write(table.db or current, table.name)
        return self._connection.execute("SELECT unnest($1)", [[row[0] for row in found]]) if changing else done

    def sql(self, sql: str) -> duckdb.DuckDBPyRelation:
        """Ask for a relation."""
        self._read_what_it_names(sql)
        return self._connection.sql(sql)

    def _read_what_it_names(self, sql: str) -> None:
        words = set(re.findall(r"\w+", sql))
        named = {one for one in self._unread if one[1] in words or words & ASKING_FOR_ALL}
        self._unread -= named
        for dataset, table in sorted(named):
            if snapshot := lake_tables(self._format, self._lake / dataset).snapshot(table):
                self._connection.register("found", snapshot.read())
                self._connection.execute(f'CREATE TABLE "{dataset}"."{table}" AS SELECT * FROM found')  # noqa: S608 - names of the lake
                self._connection.unregister("found")
            elif any((self._lake / dataset / table).glob("*.jsonl")):  # a table of dlt's own
                self._connection.read_json(f"{self._lake}/{dataset}/{table}/*.jsonl").create(f'"{dataset}"."{table}"')

    def _write(self, dataset: str, table: str) -> None:
        tables = lake_tables(self._format, self._lake / dataset)
        over = tables.snapshot(table)
        if over is None:
            pytest.skip("not of a lake: what dlt has noted is in files")
        content: Any = self._connection.sql(f'SELECT * FROM "{dataset}"."{table}"').to_arrow_table()  # noqa: S608 - as above
        known = {field.name: field for field in over.schema}
        tables.overwrite(table, content.cast(pa.schema([known.get(one.name, one) for one in content.schema])), over)
