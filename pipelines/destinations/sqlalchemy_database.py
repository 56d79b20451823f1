"""Databases that dlt reaches through SQLAlchemy; in MySQL and MariaDB, texts are compared to the letter and never cut.

Their own default takes `Email` and `email`, and `a` and `a `, for one value: a sum by value would add up others than
the API does, and rows of the one would replace those of the other. Their TEXT ends after 64 KiB, where a server that is
not strict cuts without an error.
"""

from typing import Any, Final

from dlt.common.destination.capabilities import DataTypeMapper
from dlt.common.schema import Schema
from dlt.destinations import sqlalchemy
from dlt.destinations.impl.sqlalchemy.configuration import SqlalchemyClientConfiguration
from dlt.destinations.impl.sqlalchemy.db_api_client import SqlalchemyClient
from dlt.destinations.impl.sqlalchemy.dialect import MysqlDialectCapabilities, register_dialect_capabilities
from dlt.destinations.impl.sqlalchemy.sqlalchemy_job_client import SqlalchemyJobClient
from dlt.destinations.impl.sqlalchemy.type_mapper import MysqlVariantTypeMapper
from sqlalchemy.dialects.mysql import LONGTEXT

from pipelines.destinations.configured_once import ConfiguredOnce
from pipelines.destinations.executing import execute
from pipelines.sql.mysql import create_database

MYSQL: Final = ("mysql", "mariadb")
"""What their addresses begin with, and what SQLAlchemy calls their dialects."""


def collation_of(dialect: Any) -> str:
    """The collation that compares to the letter, blanks at the end included; MySQL and MariaDB call it differently."""
    return "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"


class _TypeMapper(MysqlVariantTypeMapper):
    def db_type_from_text_type(self, column: Any, table: Any) -> Any:  # noqa: ARG002 - as in dlt
        return LONGTEXT(charset="utf8mb4", collation=collation_of(self.dialect))


class _Capabilities(MysqlDialectCapabilities):
    def type_mapper_class(self) -> type[DataTypeMapper]:
        return _TypeMapper


for _dialect in MYSQL:
    register_dialect_capabilities(_dialect, _Capabilities)


class _SqlClient(SqlalchemyClient):
    def create_dataset(self) -> None:
        if self.dialect_name in MYSQL:
            execute(self, create_database(self.dataset_name, collation_of(self.dialect)))
        else:
            super().create_dataset()


class _JobClient(SqlalchemyJobClient):
    def __init__(self, schema: Schema, config: SqlalchemyClientConfiguration, capabilities: Any) -> None:
        super().__init__(schema, config, capabilities)
        made = self.sql_client
        self.sql_client = _SqlClient(made.dataset_name, made.staging_dataset_name, config.credentials, capabilities)


class SqlAlchemyDatabase(ConfiguredOnce, sqlalchemy):
    """dlt's SQLAlchemy destination, whose clients make databases of MySQL and MariaDB."""

    credentials_stay = False  # they hold connections, of which each client closes its own

    @property
    def client_class(self) -> type[SqlalchemyJobClient]:
        """The class of its clients."""
        return _JobClient
