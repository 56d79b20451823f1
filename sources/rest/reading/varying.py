"""Which kinds of values the fields hold whose type nobody has stated: a field of several kinds has no one column."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sources.rest.catalogue.columns import Type, column_name
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.evolved_columns import DOUBLE_EXACT

Kinds = Mapping[tuple[str, str], frozenset[str]]
"""Table and field -> what its values are, in words."""

_LARGE: Final = f"whole numbers above {DOUBLE_EXACT:,}"

_STORED: Final = {Type.DOUBLE: "numbers", Type.BIGINT: "numbers", Type.BOOLEAN: "booleans"}
"""What a column of a type holds; in a column of text there is room for everything."""


def kinds_of(endpoint: Endpoint, rows: Sequence[Any]) -> Kinds:
    """Return what the values of an answer are, of an endpoint whose fields nobody has listed."""
    if not endpoint.open_fields:
        return {}
    found = {endpoint.name: [row for row in rows if isinstance(row, Mapping)]}
    stated = {endpoint.name: {column.source.partition(".")[0] for column in endpoint.columns}}
    stated[endpoint.name] |= {child.source.partition(".")[0] for child in endpoint.lists}
    for name, child in endpoint.child_tables.items():
        lists = (row.get(child.source) for row in found[endpoint.name])
        found[name] = [item for one in lists if isinstance(one, list) for item in one if isinstance(item, Mapping)]
        stated[name] = {column.source for column in child.columns}
    return {
        (table, field): kinds
        for table, sent in found.items()
        for field in {field for row in sent for field in row} - stated[table]
        if (kinds := _kinds(row.get(field) for row in sent))
    }


def varying(kinds: Kinds, stored: Mapping[str, Mapping[str, Type]]) -> set[tuple[str, str, str]]:
    """Return table, field and kinds of what no single column can hold as it is, unless columns show that it was so.

    Args:
        kinds: what a run has read.
        stored: columns that earlier runs have made, by table.
    """
    found = set()
    for (table, field), read in kinds.items():
        known, name = stored.get(table, {}), column_name(field)
        if known.get(name) is Type.TEXT or any(one.startswith(f"{name}__v_") for one in known):
            continue
        both = read | ({_STORED[known[name]]} if known.get(name) in _STORED else set())
        if len(both) > 1:
            found.add((table, field, " and ".join(sorted(both))))
    return found


def _kinds(values: Iterable[Any]) -> frozenset[str]:
    found = {_kind(value) for value in values if value is not None}
    return frozenset(found - {"numbers"} if _LARGE in found and found <= {_LARGE, "numbers"} else found)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "booleans"
    if isinstance(value, int) and abs(value) > DOUBLE_EXACT:
        return _LARGE
    if isinstance(value, int | float):
        return "numbers"
    return "text" if isinstance(value, str) else "lists or objects"
