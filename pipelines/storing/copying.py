"""What a dataset holds of one profile, made into slices that another dataset takes as they are."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TTableSchema
from dlt.extract import DltResource
from sqlglot import exp

from pipelines.sql.profiles import COLUMN
from pipelines.sql.reading import Columns, rows
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError
from sources.rest.reading.arrays import ARROW

ROWS_AT_ONCE: Final = 10_000
"""Rows that are in memory as Python's values."""

SLICE_ROWS: Final = 100_000
"""Rows from which on a slice is full; it is in memory as a whole."""

Row = tuple[Any, ...]
Conditions = Mapping[str, Sequence[exp.Expr]]
"""Which rows of a table are the profile's, where they do not name it; by table."""


@dataclass(frozen=True)
class Slice:
    """Some rows of some tables.

    Attributes:
        tables: a resource for each table.
        rows: how many of each table.
    """

    tables: Sequence[DltResource]
    rows: Counter[str]


def holds_rows(dataset: Dataset, tables: Iterable[str], conditions: Conditions) -> bool:
    """Whether one of some tables has a row of the profile."""
    warehouse = dataset.warehouse
    found = ((name, warehouse.columns(name)) for name in sorted(warehouse.tables() & set(tables)))
    return any(warehouse.ask(rows(name, columns, conditions.get(name, ()), limit=1)) for name, columns in found)


def slices(source: Dataset, target: Dataset, conditions: Conditions) -> Iterator[Slice]:
    """Read all rows of the profile; the last slice may be empty.

    Rows that replace each other come in the same slice: to load it twice leaves what loading it once does.

    Args:
        source: holds the rows.
        target: where they go.
        conditions: which rows are the profile's.

    Raises:
        ConfigurationError: the target has a column of another type.
    """
    if not source.pipeline.schema_names:
        yield Slice((), Counter())
        return
    schema, there = source.pipeline.default_schema, source.warehouse.tables()
    known = [table for table in schema.data_tables(seen_data_only=True) if table["name"] in there]
    types = _types(source, target, [str(table["name"]) for table in known])
    parts: dict[str, list[pa.Table]] = {}
    count: Counter[str] = Counter()
    for table in known:
        name = str(table["name"])
        for part in _parts(source, target, table, types[name], conditions.get(name, ())):
            parts.setdefault(name, []).append(part)
            count[name] += part.num_rows
            if count.total() >= SLICE_ROWS:
                yield _slice(schema.tables, parts, count)
                parts, count = {}, Counter()
    yield _slice(schema.tables, parts, count)


def _slice(tables: Mapping[str, TTableSchema], parts: Mapping[str, list[pa.Table]], count: Counter[str]) -> Slice:
    return Slice([_resource(tables[name], found) for name, found in parts.items()], count)


def _resource(table: TTableSchema, parts: list[pa.Table]) -> DltResource:
    """Make a table that the target describes, keys and merges as the source does."""
    merged = table.get("write_disposition") == "merge"
    columns = {name: dict(hints) for name, hints in table["columns"].items() if name in parts[0].column_names}
    resource = dlt.resource(
        parts,
        name=str(table["name"]),
        columns=cast("Any", columns),
        write_disposition={"disposition": "merge", "strategy": "delete-insert"} if merged else "replace",
    )
    resource.apply_hints(additional_table_hints={"description": table.get("description") or ""})
    return resource


def _parts(
    source: Dataset, target: Dataset, table: TTableSchema, types: Columns, where: Sequence[exp.Expr]
) -> Iterator[pa.Table]:
    """Rows of one table, those that replace each other together; at least one part, which may be empty."""
    warehouse, name = source.warehouse, str(table["name"])
    key = [one for one, hints in table["columns"].items() if hints.get("merge_key") or hints.get("primary_key")]
    columns = {one: kind for one, kind in warehouse.columns(name).items() if one in types}
    # rows of runs that knew no profile yet are its own only where it is the one without a name
    nobodys = None if not target.shared_tables else source.ledger.tenant
    question = rows(name, columns, where, in_order_of=key)
    held: list[Row] = []
    for found in warehouse.stream(question, ROWS_AT_ONCE):
        held += found
        cut = _last_of_a_kind(held, [list(columns).index(one) for one in key])
        if cut:
            yield _arrow(held[:cut], columns, types, nobodys)
            held = held[cut:]
    yield _arrow(held, columns, types, nobodys)


def _last_of_a_kind(found: Sequence[Row], key: Sequence[int]) -> int:
    """Return where the rows begin that are like the last one; there may be more of them."""
    if not key:
        return 0
    last = [found[-1][one] for one in key]
    place = len(found)
    while place and [found[place - 1][one] for one in key] == last:
        place -= 1
    return place


def _arrow(found: Sequence[Row], columns: Columns, types: Columns, nobodys: str | None) -> pa.Table:
    values = list(zip(*found, strict=True)) or [()] * len(columns)
    arrays = {name: pa.array(given, ARROW[types[name]]) for name, given in zip(columns, values, strict=True)}
    if nobodys and COLUMN in arrays:
        arrays[COLUMN] = arrays[COLUMN].fill_null(nobodys)
    return pa.table(arrays)


def _types(source: Dataset, target: Dataset, names: Sequence[str]) -> Mapping[str, Columns]:
    """Types that columns get: those of the target, where others have loaded such a column before."""
    found = {}
    stored = target.warehouse.stored_types(names)
    for name in names:
        own, theirs = source.warehouse.columns(name), stored.get(name, {})
        for column, kind in own.items():
            if theirs.get(column, kind) is not kind and (kind, theirs[column]) != (Type.BIGINT, Type.DOUBLE):
                raise ConfigurationError(
                    f"the column {column} of table {name} holds {kind} here and {theirs[column]} where it is to be"
                    " copied to; copy into another dataset"
                )
        found[name] = {**own, **{column: theirs[column] for column in own if column in theirs}}
    return found
