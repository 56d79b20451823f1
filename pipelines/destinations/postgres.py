"""PostgreSQL as a destination that need not be told what libpq finds out by itself.

dlt asks for host, user and password, where libpq knows a socket, peer and trust authentication, `~/.pgpass` and the
environment variables `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGSERVICE` and others
(https://www.postgresql.org/docs/current/libpq-envars.html). Only the database has to be named, in one of these ways.
"""

import dataclasses
import os

from dlt.common.configuration import configspec
from dlt.common.typing import TSecretStrValue
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresClientConfiguration, PostgresCredentials

from pipelines.destinations.configured_once import ConfiguredOnce


@configspec(init=False)
class Credentials(PostgresCredentials):
    """Credentials of which libpq finds out whatever is not given."""

    username: str | None = None  # type: ignore[assignment] # dlt asks for it
    password: TSecretStrValue | None = None  # type: ignore[assignment] # as above
    host: str | None = None  # type: ignore[assignment] # as above
    port: int | None = None  # type: ignore[assignment] # dlt's default would hide PGPORT and that of a service

    def on_partial(self) -> None:
        """Let libpq name the database, where the environment or a service does."""
        if not self.database and ({"PGDATABASE", "PGSERVICE"} & set(os.environ) or "service" in (self.query or {})):
            self.database = ""  # of an address without one, libpq takes it from there
            if not self.is_partial():
                self.resolve()


@configspec(init=False)
class Configuration(PostgresClientConfiguration):
    """Configuration with such credentials."""

    credentials: Credentials = dataclasses.field(default=None)  # type: ignore[assignment] # as in dlt

    def data_location(self) -> str:
        """Where the rows are, as far as it is told here; dlt only compares it."""
        return str(self.credentials)


class Postgres(ConfiguredOnce, postgres):
    """dlt's PostgreSQL destination with credentials that libpq completes."""

    spec = Configuration
