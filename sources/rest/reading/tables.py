"""The rows of an answer as typed Arrow tables: strict about known columns, open to unknown fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from sources.rest.catalogue.columns import DELETED, LOADED_AT, POSITION, Column
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList
from sources.rest.dotted_path import is_at
from sources.rest.errors import WrongShapeError
from sources.rest.reading.arrays import ARROW, array_of, json_type
from sources.rest.reading.evolved_columns import ANY_NAME, NO_EVOLVED_COLUMNS, EvolvedColumns, Names, add_unknown
from sources.rest.reading.tombstones import add_tombstones, clear_empty

Row = Mapping[str, Any]


def build(
    endpoint: Endpoint,
    rows: Sequence[Row],
    context: Row,
    dates: Sequence[Any],
    evolved: EvolvedColumns = NO_EVOLVED_COLUMNS,
    *,
    names: Names = ANY_NAME,
    totals: Mapping[str, Sequence[Row]] | None = None,
) -> dict[str, pa.Table]:
    """Make the tables of one answer.

    Args:
        endpoint: what was asked.
        rows: rows of the answer.
        context: value of each request column of the endpoint.
        dates: days that the answer stands for, where rows carry dates of their own.
        evolved: columns that earlier loads have added.
        names: which names columns can have.
        totals: what the answer totals of its rows, by table.

    Returns:
        Table name -> table, the endpoint's own table first. A window without rows has a tombstone.

    Raises:
        WrongShapeError: a row is no object, a value has another type, a key is absent or repeated, a date lies outside
            of `dates`.
    """
    context = {LOADED_AT: None, DELETED: False, **context}
    paths = [*(column.source for column in endpoint.columns), *(child.source for child in endpoint.lists)]
    nested = frozenset(path.partition(".")[0] for path in paths if "." in path)
    flat = [_flat(row, nested) for row in rows]
    items = {
        name: [one for row in flat for one in _items(endpoint, child, row)]
        for name, child in endpoint.child_tables.items()
    }
    sent = {endpoint.name: flat, **items, **(totals or {})}
    tables = {
        name: _table(endpoint, name, sent.get(name, ()), context, evolved, names=names) for name in endpoint.tables
    }
    known = [column.source for column in endpoint.columns if not column.key]
    if flat and known and not any(is_at(row, source) for row in rows for source in known):
        raise WrongShapeError("no known field in any row")
    _check_keys(endpoint, tables[endpoint.name], flat, dates)
    if endpoint.history:
        return tables
    if endpoint.kind is not Kind.ENTITY:
        return {name: clear_empty(table, endpoint.merge_key, context, dates) for name, table in tables.items()}
    # rows of an entity are replaced one by one, so an emptied list is cleared for its own row
    for name, child in endpoint.child_tables.items():
        keyed = zip(flat, tables[endpoint.name].select(list(endpoint.key)).to_pylist(), strict=True)
        keys = [key for row, key in keyed if not row.get(child.source)]
        tables[name] = add_tombstones(tables[name], context, keys)
    return tables


def _flat(row: Row, nested: frozenset[str]) -> Row:
    """Spread the nested objects that the catalogue reaches into, so that each value has its dotted path as name."""
    if not isinstance(row, dict):
        raise WrongShapeError(f"a row is {json_type(type(row))}, not an object")
    if not nested:
        return row
    result: dict[str, Any] = {}
    for name, value in row.items():
        if name not in nested or value is None:
            result[name] = value
        elif isinstance(value, dict):
            result |= {f"{name}.{path}": inner for path, inner in _leaves(value)}
        else:
            raise WrongShapeError(f"field {name} is {json_type(type(value))}, not an object")
    return result


def _leaves(value: Row) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from ((f"{name}.{path}", leaf) for path, leaf in _leaves(inner))
        else:
            yield name, inner


def _items(endpoint: Endpoint, child: ChildList, row: Row) -> Iterator[Row]:
    """Rows of a child table: the items of one list, with the key of their row and their position."""
    items = row.get(child.source)
    if items is None:
        return
    if not isinstance(items, list):
        raise WrongShapeError(f"field {child.source} is {json_type(type(items))}, not a list")
    keys = {column.source: row.get(column.source) for column in endpoint.columns if column.key}
    reserved = {*keys, POSITION.name}
    for position, item in enumerate(items):
        if child.plain and not (child.open_items and isinstance(item, dict)):
            fields = {child.plain: item}
        elif isinstance(item, dict):
            fields = {f"item_{name}" if name in reserved else name: item[name] for name in item}
        else:
            raise WrongShapeError(f"an item of {child.source} is {json_type(type(item))}, not an object")
        yield {**fields, **keys, POSITION.name: position}


def _table(
    endpoint: Endpoint, name: str, rows: Sequence[Row], context: Row, evolved: EvolvedColumns, *, names: Names
) -> pa.Table:
    columns = endpoint.tables[name]
    arrays: dict[str, pa.Array] = {}
    for column in columns:
        arrow = ARROW[column.type]
        if column.name in context:
            arrays[column.name] = pa.repeat(pa.scalar(context[column.name], arrow), len(rows))
        else:
            arrays[column.name] = _known(column, rows)
    for field in sorted(_unknown(endpoint, name, rows, context)):
        values = [row.get(field) for row in rows]
        add_unknown(arrays, field, values, evolved.get(name, {}), key=field in endpoint.identity, names=names)
    fields = [pa.field(one, array.type, nullable=one not in endpoint.merge_key) for one, array in arrays.items()]
    return pa.table(list(arrays.values()), schema=pa.schema(fields))


def _known(column: Column, rows: Sequence[Row]) -> pa.Array:
    field = column.source
    if not column.key:
        return array_of(field, column.type, [row.get(field) for row in rows])
    if any(field not in row for row in rows):
        raise WrongShapeError(f"a row lacks the key field {field}")
    values = [column.missing if row[field] is None else row[field] for row in rows]
    if None in values:
        raise WrongShapeError(f"key field {field} is null")
    return array_of(field, column.type, values)


def _unknown(endpoint: Endpoint, table: str, rows: Sequence[Row], context: Row) -> set[str]:
    """Fields of the rows that no column of the catalogue takes."""
    sources = {column.source for column in endpoint.tables[table] if column.name not in context}
    taken = sources | {source.partition(".")[0] for source in sources} | context.keys()
    sent = set(chain.from_iterable(rows))
    # a field that is called like a request column, and holds something else, is kept beside it
    taken -= {
        name
        for name in sent & context.keys()
        if any(row.get(name) is not None and str(row[name]) != str(context[name]) for row in rows)
    }
    if table in endpoint.reconciled_tables:
        taken |= {*endpoint.ignored}
    if table == endpoint.name:
        taken |= {child.source for child in endpoint.lists}
    return sent - taken


def _check_keys(endpoint: Endpoint, table: pa.Table, rows: Sequence[Row], dates: Sequence[Any]) -> None:
    """Refuse an answer whose rows repeat a key, or stand for days that were not asked for."""
    if "date" in endpoint.own_names and endpoint.dated:
        outside = set(table["date"].to_pylist()) - set(dates)
        if outside:
            raise WrongShapeError(f"{len(outside)} dates lie outside of the days that were asked for")
    if endpoint.unique and endpoint.key:
        _check_distinct(endpoint.key, zip(*(table[name].to_pylist() for name in endpoint.key), strict=True))
    for name in endpoint.identity:
        if any(row.get(name) is None for row in rows):
            raise WrongShapeError(f"a row lacks the key field {name}, or has null in it: state its type as text")
    if endpoint.identity:
        # fields without a declared column may hold lists and objects
        _check_distinct(endpoint.identity, (repr([row[name] for name in endpoint.identity]) for row in rows))


def _check_distinct(names: Iterable[str], keys: Iterable[object]) -> None:
    keys = list(keys)
    if len(set(keys)) < len(keys):
        raise WrongShapeError(f"several rows share the key ({', '.join(names)})")
