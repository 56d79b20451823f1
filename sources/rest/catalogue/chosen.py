"""Columns that a user does not want, and those that are wanted under another name.

The first are left out of the catalogue before anything else reads it. The second keep their name in the tables, and
have the other one in a view: see docs/decisions/0020-names-are-given-in-views.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sources.rest.catalogue.columns import column_name
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import did_you_mean


def without_columns(catalogue: Mapping[str, Endpoint], names: Iterable[str]) -> Mapping[str, Endpoint]:
    """Return the catalogue without some columns, each named as `resource.column`.

    Totals of an answer lose a metric with its rows, so that sums are compared of what is loaded.

    Raises:
        ValueError: there is no such column, or rows cannot do without it; the message says why.
    """
    chosen: dict[str, list[str]] = defaultdict(list)
    for text in names:
        resource, column = _found(catalogue, text)
        if why := _needed(catalogue, catalogue[resource], column):
            raise ValueError(f"{text} cannot be left out: {why}")
        chosen[resource].append(column)
    return {name: _without(row, chosen[name]) if name in chosen else row for name, row in catalogue.items()}


def other_names(catalogue: Mapping[str, Endpoint], texts: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """Return resource -> column -> name that a user wants for it, from texts as `resource.column=name`.

    Args:
        catalogue: without the columns that are left out.
        texts: what is wanted.

    Raises:
        ValueError: there is no such column, or it cannot have that name; the message says why.
    """
    chosen: dict[str, dict[str, str]] = defaultdict(dict)
    for text in texts:
        place, equals, name = (part.strip() for part in text.partition("="))
        if not (equals and name):
            raise ValueError(f"{text!r} is not resource.column=name")
        resource, column = _found(catalogue, place)
        if catalogue[resource].pii:
            raise ValueError(f"{place} is about people, and views may be read by those who must not see them")
        if column in chosen[resource]:
            raise ValueError(f"{place} is named twice")
        if name != column_name(name):
            raise ValueError(f"{name!r} is no name of a column; did you mean {column_name(name)!r}?")
        chosen[resource][column] = name
    for resource, names in chosen.items():
        shown = [names.get(one.name, one.name) for one in catalogue[resource].table_columns]
        for column, name in names.items():
            if shown.count(name) > 1:
                raise ValueError(f"{resource}.{column} cannot be called {name!r}: another column of {resource} is")
    return chosen


def _found(catalogue: Mapping[str, Endpoint], text: str) -> tuple[str, str]:
    """Resource and column that a text names."""
    known = {f"{row.name}.{column.name}": None for row in catalogue.values() for column in row.table_columns}
    resource, _, column = text.partition(".")
    if resource in catalogue and column in catalogue[resource].left_out:
        raise ValueError(f"{text} is left out (leave_out)")
    if text not in known:
        raise ValueError(f"there is no column {text!r}, as resource.column{did_you_mean(text, known)}")
    return resource, column


def _needed(catalogue: Mapping[str, Endpoint], row: Endpoint, column: str) -> str:
    """Why a column has to be there; empty if it need not."""
    if row.pii:
        return f"{row.name} is about people, and pii_columns decides what is loaded of them"
    if column not in row.own_names or column in {*row.key, *row.identity, *row.sum_by}:
        return "rows are told apart, replaced or dated by it"
    readers = sorted(other.name for other in catalogue.values() if column in _read_of(other, row))
    return f"{', '.join(readers)} cannot be read without it" if readers else ""


def _read_of(reader: Endpoint, row: Endpoint) -> Iterator[str]:
    """Columns of a row that an endpoint is read by."""
    if reader.for_each and reader.for_each.endpoint == row.name:
        yield reader.for_each.column
    if reader.counted_by and reader.counted_by.endpoint == row.name:
        yield from (reader.counted_by.metric, reader.counted_by.column)
    if reader is row and row.levels:
        yield from (*row.levels.columns, *row.levels.named_by)


def _without(row: Endpoint, names: list[str]) -> Endpoint:
    kept = tuple(column for column in row.columns if column.name not in names)
    if all(column.key for column in kept):
        raise ValueError(f"{row.name} would have no values; leave the whole resource out with --resources")
    left = {column.source.partition(".")[0] for column in kept}
    sources = {column.source for column in row.columns if column.name in names}
    return replace(
        row,
        columns=kept,
        # an object of which nothing is loaded is not looked into
        ignored=(*row.ignored, *sorted(sources | {one.partition(".")[0] for one in sources} - left)),
        totals=tuple(
            replace(one, columns=tuple(column for column in one.columns if column.name not in names))
            for one in row.totals
        ),
        left_out=tuple(names),
    )
