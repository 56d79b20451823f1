"""Tables of a lake in the format Delta (https://github.com/delta-io/delta/blob/master/PROTOCOL.md), by `deltalake`."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from dlt.common.libs.deltalake import deltalake_storage_options
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from pipelines.destinations.lake_files import names_in, remove
from pipelines.destinations.lake_tables import MARK, Merge, OpenFormat, Snapshot, nullable
from pipelines.destinations.waiting import WrittenMeanwhileError

_LOG: Final = "_delta_log"

_AT_ONCE: Final = CommitProperties(max_commit_retries=0)
"""A version that somebody else has made meanwhile is looked at again first, whatever it has changed."""


class DeltaTables(OpenFormat):
    """Tables in the format Delta: a new version is a file of the log whose number nobody else can take."""

    def __init__(self, client: FilesystemClient) -> None:
        super().__init__(client)
        self._options = deltalake_storage_options(client.config.credentials, client.config.deltalake_storage_options)

    @staticmethod
    def is_here(names: Sequence[str]) -> bool:
        """Whether there is a log."""
        return _LOG in names

    def snapshot(self, table: str) -> Snapshot | None:
        """Look at the newest version."""
        try:
            found = DeltaTable(self._location(table), storage_options=self._options)
        except TableNotFoundError:
            return None
        schema = pa.schema(found.schema().to_arrow())
        return Snapshot(version=found.version(), schema=schema, read=found.to_pyarrow_table, handle=found)

    def make(self, table: str, schema: pa.Schema) -> None:
        """Write the first version."""
        self._committed(
            table,
            lambda: write_deltalake(
                self._location(table), schema.empty_table(), mode="error", storage_options=self._options
            ),
        )

    def overwrite(self, table: str, content: pa.Table, over: Snapshot) -> None:
        """Remove all files and add one, in one version."""
        self._committed(
            table,
            lambda: write_deltalake(
                over.handle, content, mode="overwrite", schema_mode="overwrite", commit_properties=_AT_ONCE
            ),
        )

    def replace(self, table: str, rows: pa.Table, merge: Merge, over: Snapshot) -> None:
        """Merge the rows, and a row per key that deletes what it meets, in one version.

        An upsert would not do: rows that vanished would stay, and keys of some tables are not unique.
        """
        found: DeltaTable = over.handle
        new = [Field.from_arrow(field) for field in nullable(rows.schema) if field.name not in over.schema.names]
        keys, kept = merge.keys_of(rows), merge.kept_of(rows)
        keys = keys.append_column(MARK, pa.repeat(pa.scalar(True), keys.num_rows))  # noqa: FBT003 - a value of the column
        kept = kept.append_column(MARK, pa.repeat(pa.scalar(False), kept.num_rows))  # noqa: FBT003 - as above
        source = pa.concat_tables([kept, keys], promote_options="default")
        met = " AND ".join(
            [f"source.{_quoted(MARK)}", *(f"target.{_quoted(one)} = source.{_quoted(one)}" for one in merge.key)]
        )

        def write() -> None:
            if new:
                found.alter.add_columns(new, commit_properties=_AT_ONCE)
            (
                found.merge(source, met, source_alias="source", target_alias="target", commit_properties=_AT_ONCE)
                .when_matched_delete()
                .when_not_matched_insert(
                    {_quoted(one): f"source.{_quoted(one)}" for one in rows.column_names},
                    predicate=f"NOT source.{_quoted(MARK)}",
                )
                .execute()
            )

        self._committed(table, write)

    def forget_history(self, table: str) -> None:
        """Remove files that no row is in any more, and the log before now, which tells smallest and largest values."""
        found = DeltaTable(self._location(table), storage_options=self._options)
        found.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        found.update_incremental()
        found.create_checkpoint()
        log = f"{self._client.get_table_dir(table)}{_LOG}"
        for name in names_in(self._client.fs_client, log):
            number = name.partition(".")[0]
            if number.isdigit() and (int(number) < found.version() or not name.endswith((".parquet", ".json"))):
                remove(self._client.fs_client, f"{log}/{name}")

    def _location(self, table: str) -> str:
        return self._client.get_open_table_location("delta", table).rstrip("/")

    @staticmethod
    def _committed(table: str, write: Callable[[], Any]) -> None:
        try:
            write()
        except CommitFailedError as error:
            raise WrittenMeanwhileError(table) from error
        except DeltaError as error:
            if "already exists" in str(error):  # it has no type of its own for a table that somebody else has made
                raise WrittenMeanwhileError(table) from error
            raise


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
