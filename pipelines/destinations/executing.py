"""Sending a statement of the SQL room through one of dlt's clients, in the client's dialect."""

from typing import Any

from dlt.destinations.sql_client import SqlClientBase

from pipelines.sql.rendering import names_of, render
from pipelines.sql.statement import Statement


def execute(client: SqlClientBase[Any], statement: Statement) -> list[tuple[Any, ...]]:
    """Execute a statement over an open connection; return what it answers, as the driver gives it."""
    text, values = render(statement, names_of(client))
    return [tuple(row) for row in client.execute_sql(text, *values) or ()]
