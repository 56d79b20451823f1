"""A lake as a destination: Delta or Iceberg tables in a folder or an S3 bucket, with rows replaced by key.

dlt's filesystem destination upserts them. That leaves rows that have vanished, has no way for keys that are not unique,
and of Iceberg's it ignores deleting marks and commits a thousand rows at a time. So its job that merges is another one
here; all else is dlt's.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse

import dlt
from dlt.common import json
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationTransientException
from dlt.common.exceptions import TerminalException
from dlt.common.libs.pyarrow import columns_to_arrow, py_arrow_to_table_schema_columns
from dlt.common.schema.typing import TTableSchemaColumns
from dlt.destinations import filesystem
from dlt.destinations.impl.duckdb.factory import DuckDbTypeMapper
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient, TableFormatLoadFilesystemJob

from pipelines.destinations.capabilities import MERGE
from pipelines.destinations.configured_once import ConfiguredOnce
from pipelines.destinations.lake_files import PROTOCOLS, make_folder, put
from pipelines.destinations.lake_sql import LakeSqlClient
from pipelines.destinations.lake_tables import LakeTables, OpenFormat, merge_of
from sources.rest.errors import ConfigurationError, did_you_mean

FORMATS: Final = ("delta", "iceberg")


def lake(name: str, **settings: Any) -> "Lake":
    """Make the destination of a name.

    Raises:
        ConfigurationError: it has no table format, or an unknown one, or lies where nobody has tried it, or the library
            of its format is missing.
    """
    chosen = _setting(name, "table_format")
    if chosen not in FORMATS:
        given = f" {chosen!r}{did_you_mean(chosen, dict.fromkeys(FORMATS))}" if chosen else ""
        raise ConfigurationError(
            f"destination {name!r} (filesystem) has no table format{given}: files without one can only be appended, and"
            " a window that is read again would be there twice; nothing was loaded, set table_format to delta or"
            " iceberg (see docs/destinations.md)"
        )
    url = _setting(name, "bucket_url")
    protocol = urlparse(url).scheme or "file"
    if protocol not in PROTOCOLS:
        raise ConfigurationError(
            f"destination {name!r} begins with {protocol}://, where nobody has tried that of two runs one waits; give a"
            " folder, or a bucket that begins with s3://"
        )
    if url and protocol == "file":
        # absolute, because dlt takes a relative path from wherever the pipeline was first run
        settings["bucket_url"] = str(Path(url.removeprefix("file://")).absolute())
    try:
        format_called(chosen)
    except ImportError as error:
        raise ConfigurationError(
            f"destination {name!r} needs a driver: pip install 'elt-connectors[{chosen}]'"
        ) from error
    made = Lake(destination_name=name, **settings)
    made.table_format = chosen
    made.credentials_stay = protocol == "file"  # those of a bucket may run out, and dlt finds new ones
    return made


def _setting(name: str, key: str) -> str:
    secret: Any = dlt.secrets.get(f"destination.{name}.{key}")
    plain: Any = dlt.config.get(f"destination.{name}.{key}")
    return str(secret or plain or "")


class Lake(ConfiguredOnce, filesystem):
    """dlt's filesystem destination, with rows replaced by key.

    Attributes:
        table_format: of the tables that are loaded.
    """

    table_format: Any = "delta"

    @property
    def client_class(self) -> type[FilesystemClient]:
        """The client that replaces."""
        return _Client

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        able = super()._raw_capabilities()
        able.preferred_loader_file_format = "parquet"
        able.supported_merge_strategies = [MERGE]
        able.merge_strategies_selector = None  # type: ignore[assignment] # as dlt has it unless it is set
        able.type_mapper = DuckDbTypeMapper
        able.preferred_table_format = self.table_format
        return able


class _Client(FilesystemClient):
    def __init__(self, schema: Any, config: Any, capabilities: DestinationCapabilitiesContext) -> None:
        super().__init__(schema, config, capabilities)
        self.tables = LakeTables(self, format_called(str(capabilities.preferred_table_format))(self))
        self.sql_client = LakeSqlClient(self, self.tables)

    @staticmethod
    def get_reference_followup_job_class(table: Any) -> Any:
        """The job that brings the files of a table into it."""
        return _ReplacingJob if table.get("table_format") else None

    def create_dataset(self) -> None:
        """Make the folder of the dataset, which a table of the engine's own may have made before."""
        make_folder(self.fs_client, self.dataset_path)

    def initialize_storage(self, truncate_tables: Any = None) -> None:
        """Make the folder of the dataset, and empty tables that are loaded anew, while the lease is the run's."""
        with self._writing():
            super().initialize_storage(truncate_tables)

    def update_stored_schema(self, only_tables: Any = None, *more: Any, **options: Any) -> Any:
        """Note the schema; where it is not for a package, whose jobs do so, make the tables that are not there yet."""
        applied = super().update_stored_schema(only_tables, *more, **options)
        if only_tables is not None:
            return applied
        data = (str(table["name"]) for table in self.schema.data_tables(seen_data_only=True))
        if lacking := [name for name in data if not self.tables.has(name)]:
            with self._writing():
                for name in lacking:
                    columns = self.schema.get_table_columns(name)
                    self.tables.make(name, columns_to_arrow(columns, self.capabilities, "UTC"))
        return applied

    def truncate_tables(self, table_names: Iterable[str]) -> None:
        """Leave no row in tables, in one version of each."""
        for name in table_names:
            found = self.tables.snapshot(name)
            if found is not None:
                self.tables.overwrite(name, found.schema.empty_table(), found)

    def complete_load(self, load_id: str) -> None:
        """Store the state, ledger included, while the lease is the run's; nothing of a package comes after it."""
        with self._writing():
            super().complete_load(load_id)

    def get_storage_tables(self, table_names: Iterable[str]) -> Iterator[tuple[str, TTableSchemaColumns]]:
        """Tables with their columns as the lake has them; those that are not there have none."""
        for name in table_names:
            if self.is_dlt_table(name):
                yield from super().get_storage_tables([name])
            else:
                found = self.tables.snapshot(name)
                yield name, py_arrow_to_table_schema_columns(found.schema) if found else {}

    def load_rows(self, table: Any, rows: Any) -> None:
        """Bring rows into a table, while the lease is the run's."""
        with self._writing():
            self.tables.load(table["name"], rows, merge_of(table))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self.sql_client as client, client.begin_transaction():
            yield

    def _write_to_json_file(self, filepath: str, data: Any) -> None:
        put(self.fs_client, filepath, json.dumpb(data))


class _ReplacingJob(TableFormatLoadFilesystemJob):
    _job_client: _Client

    def run(self) -> None:
        try:
            self._job_client.load_rows(self._load_table, self.arrow_dataset.to_table())
        except (DestinationTransientException, TerminalException, OSError):
            raise
        except Exception as error:  # dlt would take it for a matter of later
            raise DestinationTerminalException(error) from error


def format_called(name: str) -> type[OpenFormat]:
    """Import a format; the library of the other one may be missing."""
    if name == "delta":
        from pipelines.destinations.delta_tables import DeltaTables  # noqa: PLC0415 - see above

        return DeltaTables
    from pipelines.destinations.iceberg_tables import IcebergTables  # noqa: PLC0415 - see above

    return IcebergTables
