"""Lists that are not read to their end: where the next sync goes on. A cursor may hold an id, so it stays here."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson
import pendulum
from dlt.extract import DltResource

from pipelines.planning.policy import OpenPages
from pipelines.sql.conditions import is_set
from pipelines.sql.reading import rows, types_of
from pipelines.storing.history import own_table
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.columns import Column, calendar_day, text, timestamp
from sources.rest.reading.answers import Answer
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

TABLE: Final = "open_pages"
"""Where it is kept: with the rows, in the dataset of personal data."""

_KEY: Final = (
    text("profile_id", "Profile whose rows are read."),
    text("resource", "Resource that was read."),
    text("variant", "Values of its parameters, such as the goal."),
    calendar_day("date_from", "First day of the range that was asked for."),
    calendar_day("date_to", "Last day of that range."),
)

COLUMNS: Final[Sequence[Column]] = (
    *_KEY,
    calendar_day("since", "Day down to which the list is read; null for all of it."),
    text("cursor", "Parameters of the page to go on with, as JSON; null once the list is read."),
    timestamp("read_at", "When the page before it was read."),
)


def open_pages(warehouse: Warehouse, tables: set[str]) -> Mapping[tuple[str, str], Sequence[OpenPages]]:
    """Return the lists that are not read to their end, by resource and variant, newest first."""
    found: dict[tuple[str, str], list[OpenPages]] = defaultdict(list)
    if TABLE in tables:
        columns = {name: kind for name, kind in types_of(COLUMNS).items() if name not in {"profile_id", "read_at"}}
        for name, variant, start, end, since, cursor in warehouse.ask(rows(TABLE, columns, [is_set("cursor")])):
            after = tuple((key, value) for key, value in orjson.loads(cursor))
            found[name, variant].append(OpenPages(Window(start, end), since, after))
    return {key: sorted(lists, key=lambda one: one.window.end, reverse=True) for key, lists in found.items()}


def open_rows(answers: Iterable[Answer], closed: Iterable[Task], profile: str | None) -> list[DltResource]:
    """Make the table of the lists that these answers are parts of, and of those that no sync shall go on with."""
    parts = [(answer.task, answer.more) for answer in answers if answer.is_part]
    lists = [*((task, ()) for task in closed), *parts]
    found = [
        {
            "resource": task.endpoint.name,
            "variant": task.variant_text,
            "date_from": task.window.start,
            "date_to": task.window.end,
            "profile_id": profile,
            "since": task.since,
            "cursor": orjson.dumps(more).decode() if more else None,
            "read_at": pendulum.now("UTC"),
        }
        for task, more in lists
        if task.window
    ]
    description = "Lists of people that were read in parts, and where the next sync goes on."
    return own_table(TABLE, COLUMNS, [column.name for column in _KEY], found, description)
