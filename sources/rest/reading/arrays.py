"""The JSON values of one field as an Arrow array of the type that its column has."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sources.rest.catalogue.columns import Type
from sources.rest.errors import WrongShapeError

ARROW: Final[Mapping[Type, pa.DataType]] = {
    Type.DATE: pa.date32(),
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Type.DOUBLE: pa.float64(),
    Type.BIGINT: pa.int64(),
    Type.TEXT: pa.string(),
    Type.BOOLEAN: pa.bool_(),
    Type.ANY: pa.string(),
}

ACCEPTED: Final[Mapping[Type, frozenset[type]]] = {
    Type.DATE: frozenset({str}),
    Type.TIMESTAMP: frozenset({str}),
    Type.DOUBLE: frozenset({int, float}),
    Type.BIGINT: frozenset({int, float}),
    Type.TEXT: frozenset({str}),
    Type.BOOLEAN: frozenset({bool}),
    Type.ANY: frozenset({bool, int, float, str, list, dict}),
}
"""What a value may be in Python once its JSON is read; any may be null."""

_NAMES: Final = {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}


def types_of(values: list[Any]) -> set[type]:
    """Return the Python types of the values that are not null."""
    return set(map(type, values)) - {type(None)}


def json_type(value_type: type) -> str:
    """Return what JSON calls a value of a Python type, for messages."""
    return _NAMES.get(value_type, "null")


def array_of(field: str, column_type: Type, values: list[Any]) -> pa.Array:
    """Return the values of a field, null where there is none.

    Raises:
        WrongShapeError: a value has another type; the message names the field and no value.
    """
    wrong = types_of(values) - ACCEPTED[column_type]
    if wrong:
        found = ", ".join(sorted(map(json_type, wrong)))
        raise WrongShapeError(f"field {field} holds {found} where {column_type} belongs")
    try:
        array = _converted(column_type, values)
    except (pa.ArrowInvalid, OverflowError, orjson.JSONEncodeError):  # orjson writes 254 levels, and reads 1,024
        # Arrow's message quotes the value, which may be anybody's
        raise WrongShapeError(f"field {field} holds a value that is no {column_type}") from None
    if column_type in (Type.DATE, Type.TIMESTAMP) and pc.any(pc.less(pc.year(array), 1)).as_py():
        # Python has no such day, and drivers that take values from Python cannot either
        raise WrongShapeError(f"field {field} holds a value that is no {column_type}")
    return array


def _converted(column_type: Type, values: list[Any]) -> pa.Array:
    arrow = ARROW[column_type]
    if column_type is Type.BIGINT and float in types_of(values):
        # the cast takes 85.0 and refuses 85.5, which pyarrow alone would cut to 85
        return pa.array(values, type=pa.float64()).cast(arrow)
    if column_type is Type.DATE:
        return pa.array(values, type=pa.string()).cast(arrow)
    if column_type is Type.TIMESTAMP:
        text = pa.array(values, type=pa.string())
        try:
            return text.cast(arrow)
        except pa.ArrowInvalid:  # no offset: taken as UTC, which the vendor does not document
            return text.cast(pa.timestamp("us")).cast(arrow)
    if column_type is Type.ANY:
        values = [value if isinstance(value, str | None) else orjson.dumps(value).decode() for value in values]
    return pa.array(values, type=arrow)
