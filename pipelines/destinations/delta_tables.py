"""Tables of a lake in the format Delta (https://github.com/delta-io/delta/blob/master/PROTOCOL.md), by `deltalake`."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from dlt.common.libs.deltalake import deltalake_storage_options
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient
from sqlglot import exp

from pipelines.destinations.lake_files import names_in, remove
from pipelines.destinations.lake_tables import Merge, OpenFormat, Snapshot
from pipelines.destinations.verdicts import WrittenMeanwhileError

_LOG: Final = "_delta_log"
_NUMBERED: Final = re.compile(r"(\d{20})\.(?:json|checkpoint)")

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

    def newest(self, table: str) -> int | None:
        """Number of the newest file of the log."""
        numbers = [int(found[1]) for one in self._names_in_log(table) if (found := _NUMBERED.match(one))]
        return max(numbers, default=None)

    def snapshot(self, table: str) -> Snapshot | None:
        """Look at the newest version."""
        try:
            found = DeltaTable(self._location(table), storage_options=self._options)
        except TableNotFoundError:
            return None
        files = pa.table(found.get_add_actions(flatten=True))
        return Snapshot(
            version=found.version(),
            schema=pa.schema(found.schema().to_arrow()),
            read=found.to_pyarrow_table,
            handle=found,
            files=files.num_rows,
            rows=pc.sum(files["num_records"]).as_py() or 0,
        )

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
        """Put the rows in the place of those that a condition chooses, in one version.

        MERGE would do that too, and writes texts of a kind that Daft cannot read (`Utf8View` in the Arrow schema).
        """
        condition = merge.condition(rows, _Expressions())
        if condition is None:
            return
        self._committed(
            table,
            lambda: write_deltalake(
                over.handle,
                merge.kept_of(rows),
                mode="overwrite",
                predicate=condition.sql("postgres"),
                schema_mode="merge",
                commit_properties=_AT_ONCE,
            ),
        )

    def forget_history(self, table: str) -> None:
        """Remove files that no row is in any more, and the log before now, which tells smallest and largest values."""
        found = DeltaTable(self._location(table), storage_options=self._options)
        found.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        found.update_incremental()
        found.create_checkpoint()
        for name in self._names_in_log(table):
            number = name.partition(".")[0]
            if number.isdigit() and (int(number) < found.version() or not name.endswith((".parquet", ".json"))):
                remove(self._client.fs_client, f"{self._log(table)}/{name}")

    def _names_in_log(self, table: str) -> list[str]:
        return names_in(self._client.fs_client, self._log(table))

    def _log(self, table: str) -> str:
        return f"{self._client.get_table_dir(table)}{_LOG}"

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


class _Expressions:
    def one_of(self, column: str, values: Sequence[Any]) -> exp.Expr:
        named = exp.column(column, quoted=True)
        given = list(map(_literal, values))
        return named.eq(given[0]) if len(given) == 1 else named.isin(*given)

    def both(self, one: exp.Expr, other: exp.Expr) -> exp.Expr:
        return exp.and_(one, other)

    def any_of(self, conditions: Sequence[exp.Expr]) -> exp.Expr:
        return exp.or_(*conditions)


def _literal(value: Any) -> exp.Expr:
    if not isinstance(value, datetime):
        return exp.convert(value)
    # other moments are of nanoseconds, with which files of microseconds are not compared
    kind = exp.Literal.string('Timestamp(Microsecond, Some("UTC"))')
    return exp.Anonymous(this="arrow_cast", expressions=[exp.Literal.string(value.isoformat()), kind])
