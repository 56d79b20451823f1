"""`elt history`: what runs have left behind, asked in words; asks nothing of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pendulum
from pendulum import Date

from pipelines.running.config import RunConfig
from pipelines.sql.conditions import before, not_after, one_of, since
from pipelines.sql.reading import rows
from pipelines.storing.dataset import dataset_to_read
from pipelines.storing.history import HISTORY
from pipelines.storing.status import kept_columns
from sources.rest.errors import ConfigurationError, did_you_mean

Row = Mapping[str, Any]
"""Column -> value."""


@dataclass(frozen=True)
class Kept:
    """Where rows of one kind are kept.

    Attributes:
        table: its name.
        moment: column that says when it happened.
        first_day: column of the first day that a row is about; empty where it is about none.
        last_day: column of the last one.
    """

    table: str
    moment: str
    first_day: str = ""
    last_day: str = ""


KEPT: Final[Mapping[str, Kept]] = {
    "runs": Kept("sync_runs", "started_at"),
    "windows": Kept("sync_windows", "read_at", "date_from", "date_to"),
    "restatements": Kept("restatements", "seen_at", "date", "date"),
}
"""What can be asked for, by name."""


def history(config: RunConfig, what: str, *, day: Date | None = None, limit: int) -> Sequence[Row]:
    """Return rows of the past, newest first; those of personal resources too.

    The request says which resources, and on which days it happened (UTC).

    Args:
        config: whose.
        what: a name of `KEPT`.
        day: only rows about this day.
        limit: most rows.

    Raises:
        ConfigurationError: rows of this kind are about no resource or day, there is no such resource, or the
            destination cannot work.
        DestinationBusyError: another process holds the destination.
    """
    kept, asked = KEPT[what], config.request
    if not kept.first_day and (day or asked.resources):
        raise ConfigurationError(f"{what} are about no single resource or day; leave --resources and --day out")
    for name in asked.resources:
        if name not in config.catalogue:
            raise ConfigurationError(f"there is no resource {name!r}{did_you_mean(name, config.catalogue)}")
    conditions = [one_of("resource", asked.resources)] if asked.resources else []
    conditions += [since(kept.moment, _start(asked.since))] if asked.since else []
    conditions += [before(kept.moment, _start(asked.until.add(days=1)))] if asked.until else []
    conditions += [not_after(kept.first_day, day), since(kept.last_day, day)] if day else []
    unknown = dict.fromkeys(column.name for column in HISTORY[kept.table].columns)
    found: list[Row] = []
    for personal in (False, True):
        target = config.to_be_read(config.target.for_personal_data() if personal else config.target)
        with dataset_to_read(target, config.policy.grain, config.catalogue) as dataset:
            if columns := kept_columns(dataset.warehouse, kept.table):
                statement = rows(kept.table, columns, conditions, newest_by=kept.moment, limit=limit)
                answer = dataset.warehouse.ask(statement)
                found += [unknown | dict(zip(columns, row, strict=True)) for row in answer]
    return sorted(found, key=lambda row: row[kept.moment], reverse=True)[:limit]


def _start(day: Date) -> pendulum.DateTime:
    return pendulum.datetime(day.year, day.month, day.day, tz="UTC")
