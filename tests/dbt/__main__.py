"""`make models`: dbt builds and tests the models on a quarter that was restated, in a DuckDB file and in PostgreSQL.

Every model then holds the same in both, whether dbt or `elt views` has made it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg2

from pipelines.storing.models import PACKAGE, models_of
from tests.postgres import postgres_server

FIRST: Final = "2026-01-01"
PROFILES: Final = """\
elt_connectors:
  target: duckdb
  outputs:
    duckdb: {{type: duckdb, path: {file}, schema: by_dbt}}
    postgres: {{type: postgres, host: {host}, user: postgres, password: unused, port: 5432, dbname: postgres,
      schema: by_dbt, threads: 2}}
"""
Ask = Callable[[str], list[tuple[Any, ...]]]


def main(dbt: str, first: str = FIRST) -> None:
    """Load, build, test and compare; end with 1 if something differs."""
    with tempfile.TemporaryDirectory(prefix="elt-models-") as name, postgres_server(Path(name, "pg")) as (address, to):
        folder = Path(name)
        env = {
            **os.environ,
            "DLT_DATA_DIR": name,
            "DESTINATION__WAREHOUSE__CREDENTIALS": to,
            "SOURCES__ATRIBU__MODELS": '["last_touch", "linear"]',
            "SOURCES__ATRIBU__REPORTING_CURRENCY": "USD",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }
        (folder / "profiles.yml").write_text(PROFILES.format(file=folder / "local.duckdb", host=folder / "pg"))
        for destination, target in (("local", "duckdb"), ("warehouse", "postgres")):
            load(folder, env, destination, first)
            build(dbt, folder, env, target)
        sys.exit(1 if differing(folder / "local.duckdb", address) else 0)


def load(folder: Path, env: Mapping[str, str], destination: str, first: str) -> None:
    """Sync at the end of the quarter and five days later, and make the views."""
    to = ("--destination", destination)
    for arguments in (
        ("sync", "atribu", "--sandbox", "--today", "2026-03-31", "--since", first),
        (
            "sync",
            "atribu",
            "--sandbox",
            "--today",
            "2026-03-31",
            "--since",
            first,
            "--include-pii",
            "--resources",
            "customers",
        ),
        ("sync", "atribu", "--sandbox", "--today", "2026-04-05", "--since", first),
        ("sync", "atatus", "--sandbox", "--today", "2026-03-31", "--since", first),
        ("views", "atribu"),
        ("views", "atatus"),
    ):
        command = [sys.executable, "-m", "pipelines.cli", *arguments, *to]
        subprocess.run(command, check=True, cwd=folder, env=env, capture_output=True)  # noqa: S603 - our own words


def build(dbt: str, folder: Path, env: Mapping[str, str], target: str) -> None:
    """Let dbt build and test everything; print its last line."""
    began = time.monotonic()
    variables = "{personal: true, atatus: true, convert_to: USD}"
    where = ("--project-dir", str(PACKAGE.resolve()), "--profiles-dir", str(folder), "--target", target)
    made = ("--target-path", str(folder / "target"), "--log-path", str(folder / "logs"))
    command = [str(Path(dbt).absolute()), "--no-use-colors", "build", *where, *made, "--vars", variables]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    print(f"{target}: {lines[-1].split('  ')[-1]} in {time.monotonic() - began:.0f} s")
    if done.returncode:
        sys.exit("\n".join(lines))


def differing(file: Path, address: str) -> list[str]:
    """Name and print the models that are not the same everywhere."""
    with duckdb.connect(str(file), read_only=True) as connection, closing(psycopg2.connect(address)) as warehouse:

        def of_file(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        def of_warehouse(query: str) -> list[tuple[Any, ...]]:
            with warehouse.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())

        found = []
        for source in ("atribu", "atatus"):
            for one in models_of(source, None):
                columns = ", ".join(name for name in one.columns if name not in MOMENTS)
                places = [(ask, schema) for ask in (of_file, of_warehouse) for schema in ("by_dbt", f"{source}_models")]
                held = [rows(ask, f"SELECT {columns} FROM {schema}.{one.name}") for ask, schema in places]  # noqa: S608 - names of the package
                print(
                    f"{one.name:36}{len(held[0]):>8} rows{'' if all(one == held[0] for one in held) else '  DIFFERS'}"
                )
                if any(one != held[0] for one in held):
                    found.append(one.name)
        return found


MOMENTS: Final = {"read_at", "seen_at", "next_seen_at", "valid_from", "valid_to"}
"""When a sync did something, which is another time in another database."""


def rows(ask: Ask, query: str) -> list[str]:
    """What a query answers, in an order of its own; numbers of each type as such of one."""
    answer = [
        tuple(round(float(value), 4) if isinstance(value, Decimal | float | int) else value for value in row)
        for row in ask(query)
    ]
    return sorted(map(repr, answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
