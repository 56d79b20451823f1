"""Atribu into a warehouse: `python -m pipelines.atribu` is `elt sync atribu`, for cron."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from pendulum import Date

from pipelines.sync.destinations import explained, open_pipeline
from pipelines.sync.plan import plan
from pipelines.sync.run import Outcome, Run
from sources.atribu.options import Options
from sources.atribu.source import NAME, open_reader, profile_resource, select
from sources.rest.coverage import Coverage
from sources.rest.errors import ConfigurationError
from sources.rest.tasks import Task
from sources.rest.windows import Window, today_in

SLICE_UNITS_MAX: Final = 600
"""Most units of one commit, however fast the key is: it bounds memory and what a crash can lose."""


class Watcher(Protocol):
    """Whoever wants to see a run go on."""

    def start(self, tasks: int, units: int) -> None:
        """Told once what is planned."""

    def step(self, task: Task, units: int) -> None:
        """Told of each task that is done with, and the units spent until then."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resource that was asked for it.
    """

    profile_id: str
    limit_seen: int | None
    asked: str


def sync(
    options: Options,
    *,
    resources: Iterable[str] = (),
    since: Date | None = None,
    until: Date | None = None,
    today: Date | None = None,
    destination: str = "local",
    dataset: str = NAME,
    watcher: Watcher | None = None,
) -> Outcome:
    """Load what is new, missing or may have changed, and return what happened.

    Args:
        options: the source's options.
        resources: names of resources; without them, the default ones.
        since: first day; without it, the configured start.
        until: last day; without it, today.
        today: the day that is still changing; without it, today in the profile's time zone.
        destination: a name in `destinations.toml`.
        dataset: schema in the destination.
        watcher: sees the run go on.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    endpoints = select(resources, options)
    day = today or today_in(options.timezone)
    asked = days_to_load(options, since, until, day)
    pipeline = open_pipeline(NAME, destination, dataset)
    coverage = Coverage.from_state(pipeline.state.get("sources", {}).get(NAME, {}))
    tasks = plan(
        endpoints,
        asked,
        today=day,
        horizon_days=options.horizon_days,
        grain=options.grain,
        values=options.values,
        coverage=coverage,
    )
    reader = open_reader(options)
    if watcher:
        watcher.start(len(tasks), sum(task.endpoint.units for task in tasks))
    run = Run(
        pipeline,
        reader,
        coverage,
        grain=options.grain,
        today=day,
        in_flight=options.max_in_flight,
        slice_units=min(SLICE_UNITS_MAX, max(1, round(options.rate_limit * 60 / options.rate_period))),
    )
    with explained(destination):
        return run.execute(
            tasks,
            beside=lambda: [profile_resource(options, reader.tenant or "")],
            progress=lambda task: watcher.step(task, reader.session.budget.spent) if watcher else None,
        )


def check(options: Options, *, destination: str, dataset: str, resources: Iterable[str] = ()) -> Checked:
    """Ask the API for one answer and the destination for a connection; load nothing.

    Raises:
        ApiError: the key does not work for the first of the resources.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    endpoint = min(select(resources, options), key=lambda row: (row.units, not row.by_day))
    today = today_in(options.timezone)
    reader = open_reader(options)
    variant = endpoint.variants(options.values)[0]
    reader.read(Task(endpoint, Window(today, today) if endpoint.dated else None, variant))
    pipeline = open_pipeline(NAME, destination, dataset)
    with explained(destination), pipeline.sql_client() as client:
        client.execute_sql("SELECT 1")
    return Checked(profile_id=reader.tenant or "", limit_seen=reader.session.limit_seen, asked=endpoint.name)


def days_to_load(options: Options, since: Date | None, until: Date | None, today: Date) -> Window:
    """Return the range of days that a sync is about.

    Raises:
        ConfigurationError: it is empty or lies in the future.
    """
    start, end = since or options.first_day(today), min(until or today, today)
    if until and start > until:
        raise ConfigurationError(f"the first day, {start}, lies after the last, {until}")
    if start > today:
        raise ConfigurationError(f"the first day to load, {start}, lies after today, {today}")
    return Window(start, end)


if __name__ == "__main__":
    from pipelines.cli import main

    main(["sync", NAME, *sys.argv[1:]])
