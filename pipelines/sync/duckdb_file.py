"""DuckDB as a destination whose file and dataset may share a name, as `atribu.duckdb` and `atribu` do.

DuckDB calls the catalog after the file and takes `atribu.channels` for ambiguous when a schema has that name too; dlt
leaves the catalog out of its SQL. Here every name is written in full: catalog, schema, table.
"""

from pathlib import Path
from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient


class DuckDbFile(duckdb):
    """dlt's DuckDB destination, with names written in full."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that writes them."""
        return _Client


class _SqlClient(DuckDbSqlClient):
    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:  # noqa: ARG002, FBT001, FBT002 - as in dlt
        name = Path(self.credentials.database).stem
        return str(self.capabilities.escape_identifier(name)) if quote else name

    def warn_if_catalog_equals_dataset_name(self) -> None:
        """Nothing to warn of."""


class _Client(DuckDbClient):
    def __init__(
        self, schema: Schema, config: DuckDbClientConfiguration, capabilities: DestinationCapabilitiesContext
    ) -> None:
        super().__init__(schema, config, capabilities)
        names = self.create_dataset_names(schema, config)
        self.sql_client: Any = _SqlClient(*names, config.credentials, capabilities)
