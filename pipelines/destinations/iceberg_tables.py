"""Tables of a lake in the format Iceberg (https://iceberg.apache.org/spec/), by `pyiceberg`, without a catalogue.

A version of a table is a metadata file whose number nobody else can take, as in the spec's file system tables. dlt's
catalogue in memory would let two writers make one number, each under a name of its own, and lose one of them.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

import pyarrow as pa
from dlt.common.configuration.specs.mixins import WithPyicebergConfig
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysFalse, AlwaysTrue, And, BooleanExpression, In, Or
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import CommitTableResponse, Table, Transaction
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

from pipelines.destinations.lake_files import create, make_folder, names_in, remove
from pipelines.destinations.lake_tables import Merge, OpenFormat, Snapshot
from pipelines.destinations.verdicts import WrittenMeanwhileError

_NUMBERED: Final = re.compile(r"(\d{5})-.*\.metadata\.json")
_METADATA: Final = "metadata"

_ONE_OF: Final[Any] = In  # its type says less than its documentation

_PROPERTIES: Final = {
    "commit.retry.num-retries": "0",  # what somebody else has made meanwhile is looked at again first
    "write.metadata.metrics.default": "counts",  # smallest and largest values would be somebody's
}


class IcebergTables(OpenFormat):
    """Tables in the format Iceberg."""

    @staticmethod
    def is_here(names: Sequence[str]) -> bool:
        """Whether there is metadata."""
        return _METADATA in names

    def newest(self, table: str) -> int | None:
        """Number of the newest metadata file."""
        name = self._catalog(table).newest_name()
        return None if name is None else _number(name)

    def snapshot(self, table: str) -> Snapshot | None:
        """Look at the newest version."""
        found = self._catalog(table).newest()
        if found is None:
            return None
        current = found.current_snapshot()
        said: Any = (current.summary if current else None) or {}
        return Snapshot(
            version=_number(found.metadata_location),
            schema=found.schema().as_arrow(),
            read=lambda: found.scan().to_arrow(),
            handle=found,
            files=int(said["total-data-files"] or 0) if said else 0,
            rows=int(said["total-records"] or 0) if said else 0,
        )

    def make(self, table: str, schema: pa.Schema) -> None:
        """Write the first version."""
        catalog = self._catalog(table)
        metadata = new_table_metadata(
            catalog.schema_of(schema),
            UNPARTITIONED_PARTITION_SPEC,
            UNSORTED_SORT_ORDER,
            catalog.location,
            dict(_PROPERTIES),
        )
        try:
            catalog.write(metadata, 0)
        except CommitFailedException as error:
            raise WrittenMeanwhileError(table) from error

    def overwrite(self, table: str, content: pa.Table, over: Snapshot) -> None:
        """Remove all files and add one, in one version; a column of another type is another column."""
        found: Table = over.handle
        new = self._catalog(table).schema_of(content.schema)
        types = {field.name: field.field_type for field in new.fields}
        gone = [one.name for one in found.schema().fields if types.get(one.name) != one.field_type]
        self._write(table, found, content, AlwaysTrue(), gone)

    def replace(self, table: str, rows: pa.Table, merge: Merge, over: Snapshot) -> None:
        """Delete the rows of the keys and append others, in one version."""
        self._write(table, over.handle, merge.kept_of(rows), merge.condition(rows, _Expressions()) or AlwaysFalse())

    def forget_history(self, table: str) -> None:
        """Remove earlier versions, and every file that the newest one does not need."""
        found = self._catalog(table).newest()
        if found is None:
            return
        current = found.current_snapshot()
        earlier = [one.snapshot_id for one in found.snapshots() if one != current]
        if earlier:
            found.maintenance.expire_snapshots().by_ids(earlier).commit()
        needed = {found.metadata_location}
        if current is not None:
            needed |= {current.manifest_list, *(one.manifest_path for one in current.manifests(found.io))}
            needed |= set(found.inspect.files()["file_path"].to_pylist())
        names = {one.rpartition("/")[2] for one in needed}
        files, folder = self._client.fs_client, self._client.get_table_dir(table).rstrip("/")
        for part in (_METADATA, "data"):
            for name in names_in(files, f"{folder}/{part}"):
                if name not in names:
                    remove(files, f"{folder}/{part}/{name}")

    def _catalog(self, table: str) -> "_Files":
        return _Files(self._client, table)

    def _write(
        self, table: str, found: Table, rows: pa.Table, over: BooleanExpression, gone: Sequence[str] = ()
    ) -> None:
        try:
            with _Transaction(found) as transaction:
                there = {(field.name, field.field_type) for field in found.schema().fields}
                new = self._catalog(table).schema_of(rows.schema)
                if gone or not there.issuperset((field.name, field.field_type) for field in new.fields):
                    _give_columns(transaction, rows.schema, gone)
                transaction.overwrite(rows, over)
        except CommitFailedException as error:
            raise WrittenMeanwhileError(table) from error


class _Files(NoopCatalog):
    """Commits by making the next metadata file.

    Args:
        client: dlt's.
        table: whose files.
    """

    def __init__(self, client: FilesystemClient, table: str) -> None:
        super().__init__("lake")
        self._files = client.fs_client
        self._table = table
        self._folder = f"{client.get_table_dir(table)}{_METADATA}"
        self.location = client.get_open_table_location("iceberg", table).rstrip("/")
        credentials = client.config.credentials
        # what credentials leave open is no property
        given = credentials.to_pyiceberg_fileio_config() if isinstance(credentials, WithPyicebergConfig) else {}
        self._io = load_file_io({name: value for name, value in given.items() if value is not None}, self.location)

    def newest_name(self) -> str | None:
        """Name of the newest metadata file; None where there is none."""
        return max((one for one in names_in(self._files, self._folder) if _NUMBERED.fullmatch(one)), default=None)

    def newest(self) -> Table | None:
        """The table as it is now; None where it has no version yet."""
        name = self.newest_name()
        if name is None:
            return None
        address = f"{self.location}/{_METADATA}/{name}"
        metadata = FromInputFile.table_metadata(self._io.new_input(address))
        return Table((self._table,), metadata, address, self._io, self)

    def schema_of(self, schema: pa.Schema) -> Schema:
        """The same columns for Iceberg."""
        return self._convert_schema_if_needed(schema)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Make the metadata file that follows on a version.

        Raises:
            CommitFailedException: somebody else has.
        """
        for one in requirements:
            one.validate(table.metadata)
        before = table.metadata_location
        metadata = update_table_metadata(table.metadata, updates, metadata_location=before)
        address = self.write(metadata, _number(before) + 1)
        return CommitTableResponse.model_validate({"metadata": metadata, "metadata-location": address})

    def write(self, metadata: TableMetadata, number: int) -> str:
        """Make the metadata file of a number; return its address.

        Raises:
            CommitFailedException: there is one.
        """
        name = f"{number:05d}-{UUID(int=0)}.metadata.json"
        make_folder(self._files, self._folder)
        try:
            create(self._files, f"{self._folder}/{name}", metadata.model_dump_json(exclude_none=True).encode())
        except FileExistsError as error:
            raise CommitFailedException(name) from error
        return f"{self.location}/{_METADATA}/{name}"


class _Transaction(Transaction):
    """Looks once at what the table becomes by the changes so far.

    `pyiceberg` copies all that is known of every earlier version, fifty times for a commit.
    """

    _looked: tuple[tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        if self._looked is None or self._looked[0] is not self._updates:
            self._looked = self._updates, super().table_metadata
        return self._looked[1]


def _number(address: str) -> int:
    found = _NUMBERED.fullmatch(address.rpartition("/")[2])
    if found is None:
        raise ValueError(f"{address} is no version of a table")
    return int(found[1])


def _give_columns(transaction: Transaction, schema: pa.Schema, gone: Sequence[str]) -> None:
    if gone:
        with transaction.update_schema(allow_incompatible_changes=True) as change:
            for name in gone:
                change.delete_column(name)
    with transaction.update_schema() as change:
        change.union_by_name(cast("Any", schema))


class _Expressions:
    def one_of(self, column: str, values: Sequence[Any]) -> BooleanExpression:
        return cast("BooleanExpression", _ONE_OF(column, values))

    def both(self, one: BooleanExpression, other: BooleanExpression) -> BooleanExpression:
        return And(one, other)

    def any_of(self, conditions: Sequence[BooleanExpression]) -> BooleanExpression:
        return Or(*conditions)
