"""Tombstones: rows that delete what an earlier load left under their key, by dlt's `hard_delete` hint."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sources.rest.catalogue.columns import DELETED


def add_tombstones(table: pa.Table, context: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Add a row per key that deletes what is loaded under it."""
    rows = [{**context, **key, DELETED: True} for key in keys]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)]) if rows else table


def clear_empty(
    table: pa.Table, merge_key: tuple[str, ...], context: Mapping[str, Any], dates: Sequence[Any]
) -> pa.Table:
    """Add a tombstone for every window of the request that has no row in the answer."""
    keys: list[dict[str, Any]] = []
    if "date" in merge_key and "date" not in context:
        present = set(table["date"].to_pylist())
        keys = [{"date": day} for day in dates if day not in present]
    elif merge_key and not table.num_rows:
        keys = [{}]
    return add_tombstones(table, context, keys)
