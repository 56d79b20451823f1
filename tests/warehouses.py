"""A destination that several machines share: PostgreSQL, MariaDB, SQLite or a DuckDB file, as a person looks at it."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg2
import psycopg2.errors
import pymysql

from tests.mariadb import mariadb_server
from tests.postgres import postgres_server
from tests.processes import ABOUT_RUNS, Machine, Tables

Ask = Callable[[str], list[tuple[Any, ...]]]

TO_THE_WAREHOUSE: Final = ("--destination", "warehouse")
SCHEMAS: Final = ("atribu", "atribu_pii")


@dataclass(frozen=True)
class Warehouse:
    """A destination that machines share.

    Attributes:
        credentials: its address, as dlt takes it.
        ask: asks it, or changes it.
    """

    credentials: str
    ask: Ask

    def machine(self, folder: Path, url: str, **settings: Any) -> Machine:
        """Make an empty machine that loads into it with `TO_THE_WAREHOUSE`."""
        folder.mkdir()
        where = {"DESTINATION__WAREHOUSE__CREDENTIALS": self.credentials}
        if not self.credentials.startswith("postgresql"):
            kind = "sqlalchemy" if ":/" in self.credentials else "duckdb"
            where["DESTINATION__WAREHOUSE__DESTINATION_TYPE"] = kind
            (folder / "destinations.toml").write_text(f'[destination.warehouse]\ndestination_type = "{kind}"\n')
        options = {"RESTATEMENT": "none", **settings.pop("options", {})}
        return Machine(folder, url, options=options, environment=where, **settings)

    def tables(self, *, exact: bool = False) -> Tables:
        """Every row of every table that holds data; `exact`: also when it was loaded, and the like."""
        columns = self.columns(exact=exact)
        return {
            table: sorted(map(repr, self.ask(f"SELECT {', '.join(names)} FROM {table}")))  # noqa: S608 - names of the database
            for table, names in columns.items()
        }

    def columns(self, *, exact: bool = False) -> dict[str, list[str]]:
        """Schema and table -> its columns."""
        found: dict[str, list[str]] = {}
        for schema, table, column in self.ask(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns ORDER BY 1, 2, 3"
        ):
            if schema not in SCHEMAS or table.startswith("_dlt") or table in ABOUT_RUNS:
                continue
            if exact or column == "_deleted" or not (column.startswith("_") or column == "read_at"):
                found.setdefault(f"{schema}.{table}", []).append(f'"{column}"')
        return found

    def lease(self, schema: str = "atribu") -> tuple[Any, ...]:
        """Number, holder and process of the lease; nothing before there is one."""
        try:
            ((number, holder, pid),) = self.ask(f"SELECT lease_number, holder, pid FROM {schema}.run_lease")  # noqa: S608 - as above
        except (duckdb.Error, psycopg2.Error, ValueError):
            return (0, None, None)
        return number, holder, pid

    def let_the_lease_run_out(self, holder: "subprocess.Popen[str]", schema: str = "atribu") -> bool:
        """Stop a process between two of its transactions, and do what five minutes of silence do.

        Returns whether it came to that; the process may have ended before.
        """
        while holder.poll() is None:
            holder.send_signal(signal.SIGSTOP)
            try:
                for _ in range(2):  # the server may still be at what it was sent before
                    self.ask(f"UPDATE {schema}.run_lease SET held_until = '2020-01-01T00:00:00+00:00'")  # noqa: S608 - as above
                    time.sleep(0.5)
            except (
                duckdb.IOException,
                psycopg2.errors.LockNotAvailable,
            ):  # in the middle of one, which nobody passes by
                holder.send_signal(signal.SIGCONT)
                time.sleep(0.05)
            else:
                return True
        return False


def duckdb_file(file: Path) -> Warehouse:
    """Give a DuckDB file, which need not be there yet."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(file)) as connection:
            return connection.execute(sql).fetchall()

    return Warehouse(str(file), ask)


def sqlite_file(file: Path) -> Warehouse:
    """Give an SQLite file, which need not be there yet; a dataset is a file beside it."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(file)) as connection, connection:
            for schema in SCHEMAS:
                beside = file.with_name(f"{file.stem}__{schema}{file.suffix}")
                if beside.exists():
                    connection.execute(f"ATTACH '{beside}' AS {schema}")
            return connection.execute(sql).fetchall()

    return Warehouse(f"sqlite:///{file}", ask)


@contextmanager
def mariadb_databases(folder: Path) -> Iterator[Warehouse]:
    """Run a MariaDB server; there a dataset is a database."""
    with mariadb_server(folder) as socket:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            with closing(
                pymysql.connect(unix_socket=str(socket), user="root", autocommit=True, sql_mode="ANSI_QUOTES")
            ) as connection:
                cursor = connection.cursor()
                cursor.execute(sql)
                return list(cursor.fetchall())

        ask("CREATE DATABASE elt")
        yield Warehouse(f"mysql+pymysql://root@localhost/elt?unix_socket={socket}", ask)


@contextmanager
def postgres_databases(folder: Path) -> Iterator[Callable[[str], Warehouse]]:
    """Run a PostgreSQL server; give what makes a database of a name in it."""
    with postgres_server(folder) as (address, credentials):

        def ask(database: str, sql: str) -> list[tuple[Any, ...]]:
            with closing(psycopg2.connect(address, dbname=database, options="-c lock_timeout=500")) as connection:
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute(sql)
                    return cursor.fetchall() if cursor.description else []

        def make(name: str) -> Warehouse:
            ask("postgres", f"CREATE DATABASE {name}")
            return Warehouse(credentials.replace("/postgres?", f"/{name}?"), lambda sql: ask(name, sql))

        yield make
