"""Sending a statement of the SQL room through one of dlt's clients, in the client's dialect."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dlt.destinations.sql_client import SqlClientBase

from pipelines.sql.rendering import names_of, render
from pipelines.sql.statement import Statement


def execute(client: SqlClientBase[Any], statement: Statement) -> list[tuple[Any, ...]]:
    """Execute a statement over an open connection; return what it answers, as the driver gives it."""
    text, values = render(statement, names_of(client))
    return [tuple(row) for row in client.execute_sql(text, *values) or ()]


def execute_by_name(client: SqlClientBase[Any], statement: Statement) -> tuple[list[str], list[dict[str, Any]]]:
    """Execute a statement whose columns are not known before; return their names, and rows by them."""
    text, values = render(statement, names_of(client))
    with client.execute_query(text, *values) as cursor:
        names = [name.lower() for name in cursor.columns_schema]
        return names, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def streamed(client: SqlClientBase[Any], text: str, values: Sequence[Any]) -> Iterator[Any]:
    """Send a question over an open connection; give the cursor that its answer is fetched from, a few rows at a time.

    No transaction stays open meanwhile, so that the lease can be renewed.
    """
    native: Any = client.native_connection
    if not type(native).__module__.startswith("psycopg2"):
        with client.execute_query(text, *values) as cursor:
            yield cursor
        return
    # without a name the driver fetches the whole answer before it gives the first row
    with native.cursor(name="elt_streamed", withhold=True) as cursor:
        cursor.execute(text, tuple(values) or None)
        yield cursor
