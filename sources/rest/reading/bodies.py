"""Where the rows of an answer and their totals stand in its body."""

from collections.abc import Mapping
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.dotted_path import value_at
from sources.rest.errors import WrongShapeError

Rows = list[Mapping[str, Any]]

_BESIDE: Final = ("pagination", "paging", "meta", "links")
"""Objects of a body that may say whether there is more."""

_MORE: Final = (
    *("has_next", "hasNext", "has_more", "hasMore"),
    *("next", "next_page", "nextPage", "next_cursor", "nextCursor"),
)
"""Fields that say so if they hold something."""


def extract_rows(endpoint: Endpoint, body: object) -> Rows:
    """Return the rows of a body; fields that stand beside the rows are copied onto each of them.

    Nothing is copied where nobody has listed the fields of the rows.

    Raises:
        WrongShapeError: the rows are not where the catalogue says, or are something else.
    """
    parent_path, _, name = endpoint.rows.rpartition(".")
    parent = value_at(body, parent_path)
    if not name or (endpoint.bare and not (isinstance(parent, dict) and name in parent)):
        return _listed(endpoint, body, "the answer")
    if not isinstance(parent, dict) or name not in parent:
        raise WrongShapeError(f"the answer lacks {endpoint.rows}")
    found: Any = parent[name]
    if found is None and endpoint.nullable:
        return []
    rows = _listed(endpoint, found, endpoint.rows)
    if not parent_path or endpoint.open_fields:
        return rows
    shared = {field: parent[field] for field in parent if field not in (name, *endpoint.ignored)}
    return [_with_shared(shared, row) if isinstance(row, dict) else row for row in rows] if shared else rows


def extract_totals(endpoint: Endpoint, body: object) -> dict[str, Rows]:
    """Return what a body totals of its rows, by table.

    Raises:
        WrongShapeError: an object is missing.
    """
    found = {one.name: (one.path, value_at(body, one.path)) for one in endpoint.totals}
    for path, value in found.values():
        if not isinstance(value, dict):
            raise WrongShapeError(f"the answer lacks {path}" if value is None else f"{path} is not an object")
    return {name: [value] for name, (_, value) in found.items()}


def check_is_all(endpoint: Endpoint, body: object) -> None:
    """Refuse an answer that says that there is more, of an endpoint of which nobody knows how to ask for it.

    Raises:
        WrongShapeError: it does.
    """
    if not endpoint.open_fields or endpoint.pages or not isinstance(body, dict):
        return
    beside = [body, *(body[name] for name in _BESIDE if isinstance(body.get(name), dict))]
    for place in beside:
        said = next((name for name in _MORE if place.get(name)), None)
        if said:
            raise WrongShapeError(f"{said} says that there are more rows, and no paging is declared")


def rows_missing(endpoint: Endpoint, tables: Mapping[str, pa.Table]) -> bool:
    """Whether the totals of an answer exceed the sum of its rows: then the server holds rows that it did not send."""
    return any(
        _sum(tables[one.name], column.name) - _sum(tables[endpoint.name], column.name) > 0.5  # noqa: PLR2004 - half a count
        for one in endpoint.totals
        for column in one.columns
        if column.additive
    )


def _sum(table: pa.Table, column: str) -> float:
    return float(pc.sum(table[column]).as_py() or 0)


def _listed(endpoint: Endpoint, found: object, name: str) -> Rows:
    if not isinstance(found, {True: dict, False: list, None: dict | list}[endpoint.single]):
        shape = {True: "an object", False: "a list", None: "an object or a list"}[endpoint.single]
        raise WrongShapeError(f"{name} is not {shape}")
    return cast("Rows", [found] if isinstance(found, dict) else found)


def _with_shared(shared: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Copy fields onto a row; one that has the name of a field of the row gets the prefix `answer_`."""
    return {**{f"answer_{name}" if name in row else name: value for name, value in shared.items()}, **row}
