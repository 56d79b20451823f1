"""JSON rows to typed Arrow tables: strict about known columns, open to unknown ones, silent about nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Final

import orjson
import pyarrow as pa
from dlt.common.normalizers.naming.snake_case import NamingConvention

from sources.rest.catalogue.columns import DELETED, Column, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList
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

_ACCEPTED: Final[Mapping[Type, frozenset[type]]] = {
    Type.DATE: frozenset({str}),
    Type.TIMESTAMP: frozenset({str}),
    Type.DOUBLE: frozenset({int, float}),
    Type.BIGINT: frozenset({int, float}),
    Type.TEXT: frozenset({str}),
    Type.BOOLEAN: frozenset({bool}),
    Type.ANY: frozenset({bool, int, float, str, list, dict}),
}
_NULL: Final = frozenset({type(None)})
_naming: Final = NamingConvention()

_DOUBLE_EXACT: Final = 2**53
"""Up to here a DOUBLE holds every whole number."""

_GUESSES: Final = (Type.DOUBLE, Type.BOOLEAN, Type.TEXT)
"""Types tried in turn for a field that nobody knows; whatever fits none is kept as JSON text."""


@dataclass(frozen=True, slots=True)
class EvolvedColumns:
    """Columns beyond the catalogue that earlier loads have added, as table name -> column name -> type."""

    columns: Mapping[str, Mapping[str, Type]]

    def of(self, table: str) -> Mapping[str, Type]:
        """Types of the evolved columns of one table."""
        return self.columns.get(table, {})


NO_EVOLVED_COLUMNS: Final = EvolvedColumns({})


def variant_name(column: str, kind: Type) -> str:
    """Name of the column for values of a type that the column itself does not have."""
    return f"{column}__v_{kind}"


def combined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put the tables of several answers together; an unknown field that changes its type keeps a column per type."""
    types: dict[str, pa.DataType] = {}
    for table in tables:
        for column in table.schema:
            types.setdefault(column.name, column.type)
    kinds = {arrow: kind for kind, arrow in ARROW.items() if kind is not Type.ANY}
    agreed = [
        table.rename_columns(
            [
                column.name if column.type == types[column.name] else variant_name(column.name, kinds[column.type])
                for column in table.schema
            ]
        )
        for table in tables
    ]
    return pa.concat_tables(agreed, promote_options="default")


def build(
    endpoint: Endpoint,
    rows: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
    dates: Sequence[Any],
    evolved: EvolvedColumns = NO_EVOLVED_COLUMNS,
    *,
    totals: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> dict[str, pa.Table]:
    """Make the tables of one answer.

    Args:
        endpoint: what was asked.
        rows: rows of the answer.
        context: value of each context column of the endpoint.
        dates: days that the answer stands for, where rows carry dates of their own.
        evolved: unknown columns that exist already.
        totals: what the answer totals of its rows, by table.

    Returns:
        Table name -> table, the endpoint's own table first. Windows without rows carry one row that clears them.

    Raises:
        WrongShapeError: a row is no object, a value has another type, a key is absent or repeated, a date lies outside
            of `dates`.
    """
    flat = [_flat(row, _prefixes(endpoint)) for row in rows]
    table = _table(endpoint, endpoint.name, flat, context, evolved)
    known = [column.source for column in endpoint.columns if not column.key]
    if flat and known and not any(source in row for row in flat for source in known):
        raise WrongShapeError("no known field in any row")
    _check_keys(endpoint, table, dates)
    _check_identity(endpoint, flat)
    by_row = endpoint.kind is Kind.ENTITY  # a row is replaced for itself, and so are its lists
    tables = {endpoint.name: table if by_row else _clear(table, endpoint.merge_key, context, dates)}
    for child, name in zip(endpoint.lists, list(endpoint.tables)[1:], strict=False):
        items = [item for row in flat for item in _child_rows(endpoint, child, row)]
        child_table = _table(endpoint, name, items, context, evolved)
        if by_row:
            keys = [{key: row[key] for key in endpoint.key} for row in flat if not row.get(child.name)]
            tables[name] = add_tombstones(child_table, context, keys)
        else:
            tables[name] = _clear(child_table, endpoint.merge_key, context, ())
    for one in endpoint.totals:
        total = _table(endpoint, one.name, (totals or {}).get(one.name, ()), context, evolved)
        tables[one.name] = _clear(total, endpoint.merge_key, context, ())
    return tables


def add_tombstones(table: pa.Table, context: Mapping[str, Any], keys: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Add a row per key that deletes what is loaded under it."""
    rows = [{**context, **key, DELETED: True} for key in keys]
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)]) if rows else table


def _prefixes(endpoint: Endpoint) -> frozenset[str]:
    return frozenset(column.source.partition(".")[0] for column in endpoint.columns if "." in column.source)


def _flat(row: Mapping[str, Any], prefixes: frozenset[str]) -> Mapping[str, Any]:
    """Spread the nested objects that the catalogue reaches into, so that each value has its dotted path as name."""
    if not isinstance(row, dict):
        raise WrongShapeError(f"a row is {_type_name(type(row))}, not an object")
    if not prefixes:
        return row
    result: dict[str, Any] = {}
    for name, value in row.items():
        if name not in prefixes or value is None:
            result[name] = value
        elif isinstance(value, dict):
            result |= {f"{name}.{path}": inner for path, inner in _leaves(value)}
        else:
            raise WrongShapeError(f"field {name} is {_type_name(type(value))}, not an object")
    return result


def _leaves(value: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from ((f"{name}.{path}", leaf) for path, leaf in _leaves(inner))
        else:
            yield name, inner


def _table(
    endpoint: Endpoint,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    context: Mapping[str, Any],
    evolved: EvolvedColumns,
) -> pa.Table:
    columns = endpoint.tables[name]
    beside = {*endpoint.ignored, *(child.name for child in endpoint.lists)} if name == endpoint.name else set()
    arrays: dict[str, pa.Array] = {}
    for column in columns:
        arrow = ARROW[column.type]
        if column.name in context:
            arrays[column.name] = pa.repeat(pa.scalar(context[column.name], arrow), len(rows))
        elif column.name == DELETED:
            arrays[column.name] = pa.nulls(len(rows), arrow)
        else:
            arrays[column.name] = _known(column, rows)
    fields_sent = set(chain.from_iterable(rows))
    sources = {column.source for column in columns} | {source.partition(".")[0] for source in _dotted(columns)}
    sources -= {name for name in fields_sent & context.keys() if _contradicted(name, rows, context[name])}
    for field in sorted(fields_sent - sources - beside):
        _add_unknown(
            arrays, field, [row.get(field) for row in rows], evolved.of(name), exact=field in endpoint.identity
        )
    fields = [pa.field(one, array.type, nullable=one not in endpoint.merge_key) for one, array in arrays.items()]
    return pa.table(list(arrays.values()), schema=pa.schema(fields))


def _contradicted(name: str, rows: Sequence[Mapping[str, Any]], asked: object) -> bool:
    """Whether rows have something else in a field that is called like a column of the question."""
    return any(row.get(name) is not None and str(row[name]) != str(asked) for row in rows)


def _dotted(columns: Sequence[Column]) -> list[str]:
    return [column.source for column in columns if "." in column.source]


def _known(column: Column, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    source = column.source
    if column.key:
        try:
            values = [row[source] for row in rows]
        except KeyError:
            raise WrongShapeError(f"a row lacks the key field {source}") from None
        if column.missing is not None:
            values = [column.missing if value is None else value for value in values]
        if None in values:
            raise WrongShapeError(f"key field {source} is null")
    else:
        values = [row.get(source) for row in rows]
    return _array(source, column.type, values)


def _add_unknown(
    arrays: dict[str, pa.Array], field: str, values: list[Any], evolved: Mapping[str, Type], *, exact: bool
) -> None:
    """Keep a field that nobody knows: numbers as DOUBLE, booleans, text; anything else as `Type.ANY`.

    Whole numbers are BIGINT where a DOUBLE could not tell them apart, and where they have to be told apart.

    A column is never retyped: what an existing column cannot hold goes to `<column>__v_<type>`, dlt's name for that.
    """
    types = set(map(type, values)) - _NULL
    if not types:
        return
    kind = next((one for one in _GUESSES if types <= _ACCEPTED[one]), Type.ANY)
    if types == {int} and (exact or any(value is not None and abs(value) > _DOUBLE_EXACT for value in values)):
        kind = Type.BIGINT
    stored = Type.TEXT if kind is Type.ANY else kind
    for name in _candidates(field, stored):
        if name not in arrays and evolved.get(name, stored) is stored:
            arrays[name] = _array(field, kind, values)
            return


def _candidates(field: str, stored: Type) -> Iterator[str]:
    name = _naming.normalize_identifier(field.replace(".", "_")) if field.strip() else "unnamed"
    yield name
    yield variant_name(name, stored)
    yield from (f"{variant_name(name, stored)}_{number}" for number in count(2))


def _array(source: str, kind: Type, values: list[Any]) -> pa.Array:
    wrong = set(map(type, values)) - _ACCEPTED[kind] - _NULL
    if wrong:
        found = ", ".join(sorted(map(_type_name, wrong)))
        raise WrongShapeError(f"field {source} holds {found} where {kind} belongs")
    try:
        return _CONVERT.get(kind, _plain)(kind, values)
    except (pa.ArrowInvalid, OverflowError):
        # Arrow's message quotes the value, which may be anybody's
        raise WrongShapeError(f"field {source} holds a value that is no {kind}") from None


def _plain(kind: Type, values: list[Any]) -> pa.Array:
    return pa.array(values, type=ARROW[kind])


def _whole(kind: Type, values: list[Any]) -> pa.Array:
    """Whole numbers; `85.0` counts as one, `85.5` is refused (pyarrow alone would cut it to 85)."""
    if float in set(map(type, values)):
        return pa.array(values, type=pa.float64()).cast(ARROW[kind])
    return _plain(kind, values)


def _parsed(kind: Type, values: list[Any]) -> pa.Array:
    return pa.array(values, type=pa.string()).cast(ARROW[kind])


def _instant(kind: Type, values: list[Any]) -> pa.Array:
    """ISO timestamps; those without an offset are taken as UTC, which the vendor does not document."""
    text = pa.array(values, type=pa.string())
    try:
        return text.cast(ARROW[kind])
    except pa.ArrowInvalid:
        return text.cast(pa.timestamp("us")).cast(ARROW[kind])


def _as_text(kind: Type, values: list[Any]) -> pa.Array:
    return _plain(kind, [value if isinstance(value, str | None) else orjson.dumps(value).decode() for value in values])


_CONVERT: Final[Mapping[Type, Callable[[Type, list[Any]], pa.Array]]] = {
    Type.BIGINT: _whole,
    Type.DATE: _parsed,
    Type.TIMESTAMP: _instant,
    Type.ANY: _as_text,
}


def _child_rows(endpoint: Endpoint, child: ChildList, row: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    items = row.get(child.name)
    if items is None:
        return
    if not isinstance(items, list):
        raise WrongShapeError(f"field {child.name} is {_type_name(type(items))}, not a list")
    keys = {column.source: row.get(column.source) for column in endpoint.columns if column.key}
    ours = {*keys, "position"}
    plain = child.columns[0].source if len(child.columns) == 1 else None
    for position, item in enumerate(items):
        if plain is None and not isinstance(item, dict):
            raise WrongShapeError(f"an item of {child.name} is {_type_name(type(item))}, not an object")
        fields = {plain: item} if plain else {f"item_{name}" if name in ours else name: item[name] for name in item}
        yield {**fields, **keys, "position": position}


def _check_keys(endpoint: Endpoint, table: pa.Table, dates: Sequence[Any]) -> None:
    if "date" in endpoint.own_names and endpoint.dated:
        outside = set(table["date"].to_pylist()) - set(dates)
        if outside:
            raise WrongShapeError(f"{len(outside)} dates lie outside of the days that were asked for")
    if endpoint.unique and endpoint.key and table.num_rows > 1:
        keys = list(zip(*(table[name].to_pylist() for name in endpoint.key), strict=True))
        if len(set(keys)) < len(keys):
            raise WrongShapeError(f"several rows share the key ({', '.join(endpoint.key)})")


def _check_identity(endpoint: Endpoint, rows: Sequence[Mapping[str, Any]]) -> None:
    """See that fields whose columns are not declared tell the rows of an answer apart."""
    seen: set[str] = set()
    for row in rows if endpoint.identity else ():
        for name in endpoint.identity:
            if row.get(name) is None:
                raise WrongShapeError(f"a row lacks the key field {name}")
        key = repr([row[name] for name in endpoint.identity])
        if key in seen:
            raise WrongShapeError(f"several rows share the key ({', '.join(endpoint.identity)})")
        seen.add(key)


def _clear(table: pa.Table, merge_key: tuple[str, ...], context: Mapping[str, Any], dates: Sequence[Any]) -> pa.Table:
    """Add a add_tombstones row for every window of the question that has no row in the answer."""
    if not merge_key:
        return table
    if "date" in merge_key and "date" not in context:
        present = set(table["date"].to_pylist())
        empty = [{**context, "date": day, DELETED: True} for day in dates if day not in present]
    else:
        empty = [] if table.num_rows else [{**context, DELETED: True}]
    return add_tombstones(table, {}, empty)


def _type_name(kind: type) -> str:
    return {dict: "an object", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number"}.get(
        kind, "null"
    )
