"""Keys tell the rows of one answer apart, and lie within what was asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import WrongShapeError


def check_keys(endpoint: Endpoint, table: pa.Table, rows: Sequence[Mapping[str, Any]], dates: Sequence[Any]) -> None:
    """Refuse an answer whose rows repeat a key, or stand for days that were not asked for.

    Args:
        endpoint: what was asked.
        table: the answer's rows, typed.
        rows: the same as the server sent them.
        dates: days that were asked for, where rows carry dates of their own.

    Raises:
        WrongShapeError: the message names columns and no values.
    """
    if "date" in endpoint.own_names and endpoint.dated:
        outside = set(table["date"].to_pylist()) - set(dates)
        if outside:
            raise WrongShapeError(f"{len(outside)} dates lie outside of the days that were asked for")
    if endpoint.unique and endpoint.key:
        _check_distinct(endpoint.key, zip(*(table[name].to_pylist() for name in endpoint.key), strict=True))
    for name in endpoint.identity:
        if any(row.get(name) is None for row in rows):
            raise WrongShapeError(f"a row lacks the key field {name}")
    if endpoint.identity:
        # fields without a declared column may hold lists and objects
        _check_distinct(endpoint.identity, (repr([row[name] for name in endpoint.identity]) for row in rows))


def _check_distinct(names: Iterable[str], keys: Iterable[object]) -> None:
    keys = list(keys)
    if len(set(keys)) < len(keys):
        raise WrongShapeError(f"several rows share the key ({', '.join(names)})")
