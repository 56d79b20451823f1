"""What the description says of the rows that a table of the catalogue is made of."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Endpoint
from tests.contract.atribu import ANSWERS, OLDER
from tests.contract.notation import OPTIONAL, Spec, is_nullable, kind_of

STORED_AS: Final[Mapping[str, Type]] = {
    "text": Type.TEXT,
    "number": Type.DOUBLE,
    "boolean": Type.BOOLEAN,
    "day": Type.DATE,
    "moment": Type.TIMESTAMP,
}
"""Kind of a value -> type of its column: every number may be a fraction."""


def described_rows(endpoint: Endpoint) -> dict[str, Spec]:
    """Fields of a row, by dotted path, those beside the rows included as they are copied onto each."""
    row: Any = {"data": _object(ANSWERS[endpoint.path])}
    beside: dict[str, Spec] = {}
    for step in endpoint.rows.split("."):
        beside = {name: one for name, one in row.items() if name != step} if step != "data" else {}
        row = _object(row[step])
    own = {**row, **OLDER.get(endpoint.path, {})}
    shared = {(f"answer_{name}" if name in own else name): one for name, one in beside.items()}
    found = {name.removesuffix(OPTIONAL): one for name, one in {**shared, **own}.items()}
    return dict(_leaves({name: one for name, one in found.items() if name not in endpoint.ignored}))


def described_list(endpoint: Endpoint, name: str) -> dict[str, Spec]:
    """Fields of the items of a list inside a row; a list of plain values has the single field `value`."""
    item: Any = described_rows(endpoint)[name][0]  # type: ignore[index] # a list has one description of its items
    return (
        {one.removesuffix(OPTIONAL): kind for one, kind in item.items()} if isinstance(item, dict) else {"value": item}
    )


def disagreements(columns: Mapping[str, Column], fields: Mapping[str, Spec]) -> Iterator[str]:
    """Say in which columns and fields a table and a description differ."""
    for name in sorted(columns.keys() ^ fields.keys()):
        yield f"{name} is {'a column' if name in columns else 'described'} only"
    for name in sorted(columns.keys() & fields.keys()):
        column, kind = columns[name], STORED_AS.get(kind_of(fields[name]))
        if column.type is not kind:
            yield f"{name} is stored as {column.type}, and described as {fields[name]}"
        if column.key and is_nullable(fields[name]) and column.missing is None:
            yield f"{name} is a key that may be null"


def _object(spec: Any) -> Any:
    """Fields of an object, of the items of a list, or of what is there where it may be null."""
    inner = spec[-1] if isinstance(spec, tuple) else spec[0] if isinstance(spec, list) else spec
    return dict(inner)


def _leaves(fields: Mapping[str, Any]) -> Iterator[tuple[str, Spec]]:
    for name, one in fields.items():
        inner = one[-1] if isinstance(one, tuple) and isinstance(one[-1], dict) else one
        if isinstance(inner, dict):
            yield from ((f"{name}.{path}", leaf) for path, leaf in _leaves(inner))
        else:
            yield name, one
