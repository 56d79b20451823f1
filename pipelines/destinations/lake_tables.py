"""Tables of a lake, in whichever format: read whole, written whole, or rows of a key replaced; each at once or not."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import pendulum
import pyarrow as pa
import pyarrow.compute as pc
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from pipelines.destinations.lake_files import names_in, newest, put, read_numbered, remove, write_numbered
from pipelines.destinations.verdicts import WrittenMeanwhileError

FORGETTING: Final = "forgetting"
"""File of a dataset whose history is being removed."""

FORGETTING_SECONDS: Final = 300
"""How long that may take; from then on whoever was at it counts as killed."""

FILES_MAX: Final = 10
"""In how many files the rows of a small table may lie."""

ROWS_PER_FILE: Final = 100_000
"""For so many rows a table may have one more, so that a commit pays for no more than so many that are written again."""

Condition = TypeVar("Condition")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A table as it was at a moment.

    Attributes:
        version: grows with each write.
        schema: its columns.
        read: reads its rows.
        handle: what the format knows it by.
        files: how many hold its rows.
        rows: how many.
    """

    version: int
    schema: pa.Schema
    read: Callable[[], pa.Table]
    handle: Any = None
    files: int = 1
    rows: int = 0

    @property
    def is_scattered(self) -> bool:
        """Whether its rows should come into one file: each commit adds one, and each look at the rows opens all."""
        return self.files > FILES_MAX + self.rows // ROWS_PER_FILE


class Spoken(Protocol[Condition]):
    """How a format says conditions."""

    def one_of(self, column: str, values: Sequence[Any]) -> Condition:
        """The column has one of some values."""

    def both(self, one: Condition, other: Condition) -> Condition:
        """Both hold."""

    def any_of(self, conditions: Sequence[Condition]) -> Condition:
        """One of them holds."""


@dataclass(frozen=True, kw_only=True)
class Merge:
    """How rows come into a table.

    Attributes:
        key: rows that share these columns are replaced together.
        unique: no two rows share the key: of several, the last one counts.
        mark: column that is true in rows which only clear their key; empty for none.
    """

    key: tuple[str, ...]
    unique: bool
    mark: str = ""

    def keys_of(self, rows: pa.Table) -> pa.Table:
        """Keys of rows, each once."""
        return rows.select(self.key).group_by(list(self.key), use_threads=False).aggregate([])

    def condition(self, rows: pa.Table, spoken: "Spoken[Condition]") -> Condition | None:
        """Say that a row has one of the keys of some rows; None where these have none.

        Columns with few values come first, so that it stays short.
        """
        keys = self.keys_of(rows)
        return _one_of(keys, spoken) if keys.num_rows else None

    def kept_of(self, rows: pa.Table) -> pa.Table:
        """Rows without those that clear, and of those that share a unique key the last."""
        kept = rows
        if self.mark and self.mark in rows.column_names:
            kept = rows.filter(pc.invert(pc.fill_null(rows[self.mark], False)))  # noqa: FBT003 - a value of the column
        if not self.unique or not kept.num_rows:
            return kept
        columns = [kept[name].to_pylist() for name in self.key]
        last = {key: place for place, key in enumerate(zip(*columns, strict=True))}
        return kept if len(last) == kept.num_rows else kept.take(sorted(last.values()))


class OpenFormat(ABC):
    """A format of tables. Every write finds out whether somebody else has written since the table was looked at.

    Args:
        client: dlt's, which knows where a dataset lies and with which credentials.
    """

    def __init__(self, client: FilesystemClient) -> None:
        self._client = client

    @staticmethod
    @abstractmethod
    def is_here(names: Sequence[str]) -> bool:
        """Whether what is in a folder is a table of this format."""

    @abstractmethod
    def newest(self, table: str) -> int | None:
        """Number of the newest version, as the names of files tell it: no file is opened; None where there is none."""

    @abstractmethod
    def snapshot(self, table: str) -> Snapshot | None:
        """Look at a table; None where whoever was to make it was killed before there was a version."""

    @abstractmethod
    def make(self, table: str, schema: pa.Schema) -> None:
        """Make a table without rows.

        Raises:
            WrittenMeanwhileError: somebody else has.
        """

    @abstractmethod
    def overwrite(self, table: str, content: pa.Table, over: Snapshot) -> None:
        """Put rows, and their columns, in the place of all that a table had when it was looked at.

        Raises:
            WrittenMeanwhileError: somebody else has written since.
        """

    @abstractmethod
    def replace(self, table: str, rows: pa.Table, merge: Merge, over: Snapshot) -> None:
        """Put rows in the place of those with their keys; columns that the table lacks are added.

        Raises:
            WrittenMeanwhileError: somebody else has written since.
        """

    @abstractmethod
    def forget_history(self, table: str) -> None:
        """Leave nothing but what the table holds now: no earlier version, and no file that nothing speaks of."""


class LakeTables:
    """The tables of a dataset: those that are loaded, in an open format, and small ones of the engine's own.

    Args:
        client: dlt's.
        loaded: the format of tables that are loaded.
    """

    def __init__(self, client: FilesystemClient, loaded: OpenFormat) -> None:
        self._client = client
        self._loaded = loaded
        self._files = client.fs_client

    def snapshot(self, table: str) -> Snapshot | None:
        """Look at a table; None where there is none."""
        names = names_in(self._files, self._folder(table))
        if self._loaded.is_here(names):
            return self._loaded.snapshot(table)
        if newest(names) is None:
            return None
        number, content = read_numbered(self._files, self._folder(table))
        return Snapshot(version=number, schema=content.schema, read=lambda: content)

    def has(self, table: str) -> bool:
        """Whether there is a table that is loaded, by one look at the names in its folder."""
        return self._loaded.is_here(names_in(self._files, self._folder(table)))

    def make(self, table: str, schema: pa.Schema) -> None:
        """Make a table that is loaded, without rows; any column may be null, because a row that clears has only keys.

        Raises:
            WrittenMeanwhileError: somebody else has.
        """
        columns = [field.with_nullable(True) for field in schema]  # noqa: FBT003 - as in Arrow
        self._loaded.make(table, pa.schema(columns))

    def is_as(self, found: Snapshot, table: str) -> bool:
        """Whether a table is as it was found, by one look at the names of its files."""
        if found.handle is None:
            return newest(names_in(self._files, self._folder(table))) == found.version
        return self._loaded.newest(table) == found.version

    def overwrite(self, table: str, content: pa.Table, over: Snapshot | None) -> None:
        """Put rows, and their columns, in the place of all; a table that is not there becomes one of the engine's own.

        Raises:
            WrittenMeanwhileError: somebody else has written since it was looked at.
        """
        if over is not None and over.handle is not None:
            self._loaded.overwrite(table, content, over)
        else:
            write_numbered(self._files, self._folder(table), content, (over.version if over else 0) + 1)

    def load(self, table: str, rows: pa.Table, merge: Merge | None) -> None:
        """Bring rows into a table, which is made if it is not there; without a key, in the place of all.

        Raises:
            WrittenMeanwhileError: somebody else has written at the same moment.
        """
        over = self._loaded.snapshot(table)
        if over is None:
            self.make(table, rows.schema)
            over = self._loaded.snapshot(table)
        if over is None:
            raise WrittenMeanwhileError(table)
        if merge is None:
            self._loaded.overwrite(table, _completed(rows, over.schema), over)
            return
        if over.is_scattered:
            self._loaded.overwrite(table, over.read(), over)  # a version that says the same
            over = self._loaded.snapshot(table) or over
        self._loaded.replace(table, rows, merge, over)

    def drop(self, table: str) -> None:
        """Remove a table."""
        self._files.rm(self._folder(table), recursive=True)

    def forget_history(self, undisturbed: Callable[[], None]) -> None:
        """Leave nothing of what the tables that were loaded have held before.

        Files that nothing speaks of may be those that another writer is about to: while a file of a name is there, none
        begins, and it stays until all is done.

        Args:
            undisturbed: raises an error if another writer has begun before.
        """
        folder, now = self._client.dataset_path.rstrip("/"), pendulum.now("UTC")
        put(self._files, f"{folder}/{FORGETTING}", str(now.add(seconds=FORGETTING_SECONDS)).encode())
        try:
            undisturbed()
        except Exception:
            put(self._files, f"{folder}/{FORGETTING}", str(now).encode())  # somebody has to, and keeps nobody waiting
            raise
        for table in names_in(self._files, folder):
            if self._loaded.is_here(names_in(self._files, self._folder(table))) and self._loaded.snapshot(table):
                self._loaded.forget_history(table)
        remove(self._files, f"{folder}/{FORGETTING}")

    def is_forgetting(self) -> bool | None:
        """Whether somebody is at it now; None where they were and have not come to the end."""
        folder = self._client.dataset_path.rstrip("/")
        if FORGETTING not in names_in(self._files, folder):
            return False
        try:
            until = str(self._files.cat_file(f"{folder}/{FORGETTING}"), "ascii")
        except FileNotFoundError:
            return False
        return True if pendulum.parse(until) > pendulum.now("UTC") else None  # type: ignore[operator] # a moment

    def _folder(self, table: str) -> str:
        return self._client.get_table_dir(table).rstrip("/")


def merge_of(table: Mapping[str, Any]) -> Merge | None:
    """Read from dlt's hints of a table how rows come into it; None where they replace all.

    Raises:
        ValueError: they would be appended, which nothing of the engine's does.
    """
    if table["write_disposition"] == "replace":
        return None
    having = {
        hint: tuple(name for name, column in table["columns"].items() if column.get(hint))
        for hint in ("merge_key", "primary_key", "hard_delete")
    }
    key = having["merge_key"] or having["primary_key"]
    if table["write_disposition"] != "merge" or not key:
        raise ValueError(f"table {table['name']} has no key by which its rows are replaced")
    return Merge(key=key, unique=not having["merge_key"], mark="".join(having["hard_delete"][:1]))


def _one_of(keys: pa.Table, spoken: Spoken[Condition]) -> Condition:
    values = {name: keys[name].unique().to_pylist() for name in keys.column_names}
    name = min(values, key=lambda one: len(values[one]))
    rest = keys.drop_columns([name])
    if not rest.column_names:
        return spoken.one_of(name, values[name])
    parts = []
    for value in values[name]:
        having = rest.filter(pc.equal(keys[name], pa.scalar(value, keys[name].type)))
        parts.append(spoken.both(spoken.one_of(name, [value]), _one_of(having, spoken)))
    return parts[0] if len(parts) == 1 else spoken.any_of(parts)


def _completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows with the columns that a table has beyond theirs."""
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows
