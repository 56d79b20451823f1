"""Statements that copy a DuckDB database into another file; no other destination knows them.

DuckDB takes no values beside the text here, and sqlglot has no words for all of it.
"""

from typing import Final

from sqlglot import exp

from pipelines.sql.statement import Statement
from sources.rest.catalogue.columns import Type

COPY: Final = "rewritten"
"""What the other file is called while it is attached."""


def checkpoint() -> Statement:
    """Write everything into the file."""
    return Statement(exp.Command(this="CHECKPOINT"))


def attach_copy(file: str) -> Statement:
    """Open the other file, or create it."""
    return Statement(exp.Attach(this=exp.alias_(exp.Literal.string(file), COPY)))


def own_name() -> Statement:
    """Ask what DuckDB calls the database."""
    return Statement(exp.select(exp.CurrentDatabase()), (Type.TEXT,))


def copy_database(name: str) -> Statement:
    """Copy all that is there."""
    quoted = exp.to_identifier(name, quoted=True).sql("duckdb")
    return Statement(exp.Command(this="COPY", expression=f"FROM DATABASE {quoted} TO {COPY}"))


def detach_copy() -> Statement:
    """Close the other file."""
    return Statement(exp.Detach(this=exp.to_identifier(COPY)))
