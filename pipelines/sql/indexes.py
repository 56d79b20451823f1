"""Statements about the indexes of PostgreSQL; dlt makes none for tables that are loaded as Arrow."""

from collections.abc import Sequence

from sqlglot import exp

from pipelines.sql.statement import Statement, called, column, table, value
from sources.rest.catalogue.columns import Type


def create_index(name: str, columns: Sequence[str]) -> Statement:
    """Make the index of a table, over the columns by which its rows are replaced and asked for."""
    keys = [exp.Ordered(this=column(one), nulls_first=False) for one in columns]
    index = exp.Index(
        this=exp.to_identifier(_index_of(name), quoted=True),
        table=table(name),
        params=exp.IndexParameters(columns=keys),
    )
    return Statement(exp.Create(kind="INDEX", this=index, exists=True))


def indexed(names: Sequence[str]) -> Statement:
    """Ask of each of some tables of the dataset what its index is called; null where it has none."""
    asked = [
        exp.Cast(
            this=exp.Anonymous(this="TO_REGCLASS", expressions=[value(f'"{_index_of(name)}"')]),
            to=exp.DataType(this=exp.DType.TEXT),
        )
        for name in names
    ]
    selected = [called(one, f"index_{place}") for place, one in enumerate(asked)]
    return Statement(exp.select(*selected, copy=False), (Type.TEXT,) * len(names))


def _index_of(name: str) -> str:
    return f"{name}__by_merge_key"
