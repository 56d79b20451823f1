"""Statements for the DuckDB in memory that holds tables of a lake for a moment; names come as dlt quotes them."""

from typing import Final

IN_UTC: Final = "SET TimeZone = 'UTC'"
"""Moments are read as the lake has them."""


def attach_memory(catalog: str) -> str:
    """Make a database of a client's own."""
    return f"ATTACH ':memory:' AS {catalog}"


def detach_memory(catalog: str) -> str:
    """Let go of it."""
    return f"DETACH DATABASE IF EXISTS {catalog}"


def make_schema(name: str) -> str:
    """Make the dataset in it."""
    return f"CREATE SCHEMA IF NOT EXISTS {name}"


def drop_copy(table: str) -> str:
    """Forget a table that the lake does not hold any more."""
    return f"DROP TABLE IF EXISTS {table}"


def make_copy(table: str, brought: str) -> str:
    """Make a table what was read from the lake."""
    return f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {brought}"  # noqa: S608 - names of tables


def whole(table: str) -> str:
    """Read all of a table."""
    return f"SELECT * FROM {table}"  # noqa: S608 - as above
