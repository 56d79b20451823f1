"""Statements that copy a DuckDB database into another file; no other destination knows them.

DuckDB takes no values beside the text here, and sqlglot has no words for all of it.
"""

from typing import Final

from sqlglot import exp

from pipelines.sql.statement import Statement
from sources.rest.catalogue.columns import Type

COPY: Final = "rewritten_by_elt"
"""What the other file is called while it is attached."""


def checkpoint() -> Statement:
    """Write everything into the file."""
    return Statement(exp.Command(this="CHECKPOINT"))


def attach_copy(file: str, storage_version: str | None = None) -> Statement:
    """Open the other file, or create it, so that readers of a version of DuckDB can read it; without one, of this."""
    option = exp.AttachOption(this=exp.var("STORAGE_VERSION"), expression=exp.Literal.string(storage_version or ""))
    return Statement(
        exp.Attach(this=exp.alias_(exp.Literal.string(file), COPY), expressions=[option] if storage_version else [])
    )


def storage_version() -> Statement:
    """Ask which version of DuckDB, and later ones, can read the file; such as `v1.0.0+`."""
    tag = exp.Anonymous(
        this="map_extract_value", expressions=[exp.column("tags"), exp.Literal.string("storage_version")]
    )
    own = exp.column("database_name").eq(exp.CurrentDatabase())
    return Statement(exp.select(tag).from_(exp.Anonymous(this="duckdb_databases")).where(own), (Type.TEXT,))


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
