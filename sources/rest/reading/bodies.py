"""Where rows and their totals stand in the body of an answer."""

from collections.abc import Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.dotted_path import value_at
from sources.rest.errors import WrongShapeError

Rows = list[Mapping[str, Any]]


def rows_in(endpoint: Endpoint, body: object) -> Rows:
    """Return the rows of a body, with the fields beside them carried onto each, unless their columns are not declared.

    Raises:
        WrongShapeError: they are not where the catalogue says, or are something else.
    """
    holder_path, _, last = endpoint.rows.rpartition(".")
    holder = value_at(body, holder_path)
    if not last or (endpoint.bare and not (isinstance(holder, dict) and last in holder)):
        return _listed(endpoint, body, "the answer")
    if not isinstance(holder, dict) or last not in holder:
        raise WrongShapeError(f"the answer lacks {endpoint.rows}")
    found: Any = holder[last]
    if found is None and endpoint.nullable:
        return []
    rows = _listed(endpoint, found, endpoint.rows)
    if not holder_path or not endpoint.columns:
        return rows
    beside = {name: holder[name] for name in holder if name not in (last, *endpoint.ignored)}
    return [_carried(beside, row) if isinstance(row, dict) else row for row in rows] if beside else rows


def totals_in(endpoint: Endpoint, body: object) -> dict[str, Rows]:
    """Return what a body totals of its rows, by table.

    Raises:
        WrongShapeError: an object is missing.
    """
    found = {one.name: (one.path, value_at(body, one.path)) for one in endpoint.totals}
    for path, value in found.values():
        if not isinstance(value, dict):
            raise WrongShapeError(f"the answer lacks {path}" if value is None else f"{path} is not an object")
    return {name: [value] for name, (_, value) in found.items()}


def rows_missing(endpoint: Endpoint, tables: Mapping[str, pa.Table]) -> bool:
    """Whether the totals of an answer are above what its rows add up to: then there are rows that it does not hold."""
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


def _carried(beside: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row with the fields beside it; one that has the name of a field of the row gets the prefix `answer_`."""
    return {**{f"answer_{name}" if name in row else name: value for name, value in beside.items()}, **row}
