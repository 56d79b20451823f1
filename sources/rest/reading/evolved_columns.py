"""Schema evolution: fields that the catalogue does not know become columns, and no column is ever retyped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pyarrow as pa
from dlt.common.normalizers.naming.snake_case import NamingConvention

from sources.rest.catalogue.columns import Type, column_name
from sources.rest.reading.arrays import ACCEPTED, ARROW, array_of, types_of
from sources.rest.redaction import cleaned

_naming: Final = NamingConvention()

DOUBLE_EXACT: Final = 2**53
"""Up to here a DOUBLE holds every whole number."""

_INFERRED: Final = (Type.DOUBLE, Type.BOOLEAN, Type.TEXT)
"""Types tried in turn for an unknown field; values that fit none are kept as JSON text."""


EvolvedColumns = dict[str, Mapping[str, Type]]
"""Columns that earlier loads have made, as table name -> column name -> type."""

NO_EVOLVED_COLUMNS: Final[EvolvedColumns] = {}


@dataclass(frozen=True)
class Names:
    """Which names the columns of a destination can have.

    Attributes:
        longest: most characters; dlt shortens longer ones, in the same way as is done here.
        reserved: what the database itself has in every table.
    """

    longest: int | None = None
    reserved: frozenset[str] = frozenset()

    def candidates(self, field: str, stored: Type) -> Iterator[str]:
        """Names for the column of a field, the best one first."""
        for name in _candidates(field, stored):
            if name not in self.reserved:
                yield _naming.shorten_identifier(name, name, self.longest)


ANY_NAME: Final = Names()


def add_unknown(
    arrays: dict[str, pa.Array],
    field: str,
    values: list[Any],
    evolved: Mapping[str, Type],
    *,
    key: bool,
    names: Names = ANY_NAME,
) -> None:
    """Add a field that the catalogue does not know to the columns of a table.

    Numbers are DOUBLE, but whole numbers BIGINT where a DOUBLE could not tell them apart, or where they are a key. What
    an existing column cannot hold goes to a variant column.
    """
    types = types_of(values)
    if not types:
        return
    column_type = next((one for one in _INFERRED if types <= ACCEPTED[one]), Type.ANY)
    if types == {int} and (key or any(value is not None and abs(value) > DOUBLE_EXACT for value in values)):
        column_type = Type.BIGINT
    stored = Type.TEXT if column_type is Type.ANY else column_type
    for name in names.candidates(field, stored):
        if name not in arrays and evolved.get(name, stored) is stored:
            arrays[name] = array_of(field, column_type, values)
            return


def combined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put the tables of several answers together; an unknown field that changes its type has a column per type."""
    types: dict[str, pa.DataType] = {}
    for table in tables:
        for column in table.schema:
            types.setdefault(column.name, column.type)
    kinds = {arrow: column_type for column_type, arrow in ARROW.items() if column_type is not Type.ANY}
    agreed = [
        table.rename_columns(
            [
                column.name if column.type == types[column.name] else _variant(column.name, kinds[column.type])
                for column in table.schema
            ]
        )
        for table in tables
    ]
    return pa.concat_tables(agreed, promote_options="default")


def _candidates(field: str, stored: Type) -> Iterator[str]:
    name = column_name(cleaned(field))
    variant = _variant(name, stored)
    yield from (name, variant)
    yield from (f"{variant}_{number}" for number in count(2))


def _variant(column: str, stored: Type) -> str:
    """Name that dlt gives to a variant column: for values of a type that the column itself does not have."""
    return f"{column}__v_{stored}"
