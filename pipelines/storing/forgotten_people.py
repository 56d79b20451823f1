"""The table of people who stay out, by profile: it only grows, and no run writes it with what it has read before."""

from collections.abc import Iterable, Mapping
from typing import Final

import pendulum
from dlt.common.destination.exceptions import DestinationUndefinedEntity

from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.sql.profiles import COLUMN
from pipelines.sql.reading import Columns, rows
from pipelines.sql.writing import add_column, create, insert
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError
from sources.rest.privacy.forgotten import Forgotten

TABLE: Final = "forgotten_people"
"""Lies in the dataset of personal data; holds salted hashes, and no id or address."""

_LIST: Final[Columns] = {"salt": Type.TEXT, "mark": Type.TEXT}
_DATED: Final[Columns] = {**_LIST, "forgotten_at": Type.TEXT}
_COLUMNS: Final[Columns] = {**_DATED, COLUMN: Type.TEXT}

DESCRIPTION: Final = "One row per id or address that is never loaded again, as a salted hash."

MEANINGS: Final[Mapping[str, str]] = {
    "salt": "What is hashed with it.",
    "mark": "Hash of an id or an address.",
    "forgotten_at": "When the person was forgotten, ISO 8601.",
    COLUMN: "Profile that the person was forgotten for.",
}
"""What the columns hold."""


def name_profiles(warehouse: Warehouse) -> None:
    """Give the table the column that tells profiles apart, if an earlier version has made it without."""

    def name() -> None:
        there = warehouse.stored_columns(TABLE)
        if there and COLUMN not in there:
            warehouse.change(add_column(TABLE, COLUMN, Type.TEXT))

    made_by_somebody(name)


def forgotten_people(warehouse: Warehouse, at_least: int = 0) -> Forgotten:
    """Read the list.

    Args:
        warehouse: the dataset of personal data.
        at_least: how many marks the list has had.

    Raises:
        ConfigurationError: the list lacks some of them, or does not hang together.
    """
    try:
        found = warehouse.ask(rows(TABLE, _LIST))
    except DestinationUndefinedEntity:
        found = []
    salts, marks = {salt for salt, _ in found}, frozenset(mark for _, mark in found)
    if len(marks) < at_least or len(salts) > 1:
        raise ConfigurationError(
            f"the table {TABLE} is not as it was left: it lists {len(marks)} of at least {at_least} marks of people who"
            " are kept out; put it back from a copy, so that nobody of them is loaded again"
        )
    return Forgotten(salt=salts.pop(), marks=marks) if salts else Forgotten()


def keep_out(warehouse: Warehouse, forgotten: Forgotten) -> None:
    """Add to the table who of a list is not in it yet."""
    known = forgotten_people(warehouse).marks
    now = pendulum.now("UTC").to_iso8601_string()
    _add(warehouse, [(forgotten.salt, mark, now) for mark in sorted(forgotten.marks - known)])


def copy_list(source: Warehouse, target: Warehouse) -> None:
    """Add to the table of one dataset who is in that of another and not in it yet, and since when."""
    known = forgotten_people(target).marks
    listed = source.ask(rows(TABLE, _DATED)) if source.stored_columns(TABLE) else []
    if listed:
        _add(target, [one for one in sorted(listed) if one[1] not in known])


def _add(warehouse: Warehouse, people: Iterable[tuple[str, str, str]]) -> None:
    def make() -> None:
        if not warehouse.stored_columns(TABLE):
            warehouse.change(create(TABLE, _COLUMNS))

    made_by_somebody(make)
    new: list[Mapping[str, str | None]] = [
        {**dict(zip(_DATED, one, strict=True)), COLUMN: warehouse.profile} for one in people
    ]
    with warehouse.transaction():
        for row in new:
            warehouse.change(insert(TABLE, row))
