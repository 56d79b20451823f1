"""Atribu into a warehouse: `python -m pipelines.atribu` is `elt sync atribu`, for cron."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Final, Protocol

import pendulum
from pendulum import Date

from pipelines.sync.commit import Committer
from pipelines.sync.destinations import Destination
from pipelines.sync.history import RunRow, history_table
from pipelines.sync.outcome import Outcome
from pipelines.sync.plan import Plan, Policy, cost, plan, proof_plan
from pipelines.sync.run import Run
from pipelines.sync.signals import Stopped, stopped_by_signals
from pipelines.sync.warehouse import Warehouse
from sources.atribu.options import Options
from sources.atribu.source import NAME, open_reader, profile_resource, select
from sources.rest.coverage import Coverage, Restatement
from sources.rest.errors import ConfigurationError
from sources.rest.reader import Reader
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
class Request:
    """What is asked for on the command line.

    Attributes:
        resources: names of resources; none means the default ones.
        since: first day; without it, the configured start.
        until: last day; without it, today.
        today: the day that is still changing; without it, today in the profile's time zone.
        destination: a name in `destinations.toml`.
        dataset: schema in the destination.
        full: read the whole horizon again.
    """

    resources: tuple[str, ...] = ()
    since: Date | None = None
    until: Date | None = None
    today: Date | None = None
    destination: str = "local"
    dataset: str = NAME
    full: bool = False


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


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan, and what it was made from."""

    plan: Plan
    policy: Policy
    coverage: Coverage


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run that is about to start, holding the lock."""

    run: Run
    prepared: Prepared
    reader: Reader
    stopped: Stopped


def sync(options: Options, request: Request, watcher: Watcher | None = None) -> Outcome:
    """Load what is new, missing or restated, and return what happened.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    started_at = pendulum.now("UTC")
    with _job(options, request, plan, watcher) as job:
        outcome = job.run.execute(job.prepared.plan, lambda: [profile_resource(options, job.reader.tenant or "")])
        outcome.stopped_by = job.stopped.code
        job.run.close(history_table("sync_runs", [_run_row(job, outcome, started_at)]))
    return outcome


def verify(options: Options, request: Request, *, repair: bool = False, watcher: Watcher | None = None) -> Outcome:
    """Compare everything loaded with what the API says; the outcome's changes are the differences.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    started_at = pendulum.now("UTC")
    with _job(options, request, proof_plan, watcher) as job:
        outcome = job.run.verify(job.prepared.plan, repair=repair)
        outcome.stopped_by = job.stopped.code
        job.run.close(history_table("sync_runs", [_run_row(job, outcome, started_at)]))
    return outcome


@contextmanager
def _job(options: Options, request: Request, planner: Callable[..., Plan], watcher: Watcher | None) -> Iterator[Job]:
    """Lock, plan, and open the way to the API."""
    check_request(options, request)
    destination = Destination(NAME, request.destination, request.dataset, wait=options.wait_for_destination)
    with ExitStack() as stack:
        stack.enter_context(destination.lock())
        prepared = prepare(options, request, destination, planner)
        reader = open_reader(options)
        stack.callback(reader.session.close)
        budget, policy = reader.session.budget, prepared.policy
        budget.allow(options.max_units or float("inf"), (options.max_minutes or float("inf")) * 60)
        stopped = stack.enter_context(stopped_by_signals(reader))
        if watcher:
            watcher.start(len(prepared.plan.tasks), cost(prepared.plan.tasks))
        run = Run(
            Committer(destination.pipeline, destination.load, prepared.coverage, policy.grain, policy.today),
            reader,
            Warehouse(destination.pipeline, policy.grain),
            prepared.coverage,
            policy,
            in_flight=options.max_in_flight,
            slice_units=min(SLICE_UNITS_MAX, max(1, round(options.rate_limit * 60 / options.rate_period))),
            progress=lambda task: watcher.step(task, budget.spent) if watcher else None,
        )
        yield Job(run=run, prepared=prepared, reader=reader, stopped=stopped)


def _run_row(job: Job, outcome: Outcome, started_at: datetime) -> RunRow:
    session = job.reader.session
    return RunRow(
        run_id=job.run.id,
        profile_id=job.reader.tenant,
        started_at=started_at,
        ended_at=pendulum.now("UTC"),
        outcome=outcome.exit_code.name.lower(),
        exit_code=outcome.exit_code,
        windows=outcome.windows.total(),
        rows=outcome.rows.total(),
        units=session.budget.spent,
        calls=session.calls,
        retries=session.retries,
        failed=len(outcome.failures),
        skipped=len(outcome.skipped),
        version=version("elt-connectors"),
    )


def prepare(
    options: Options, request: Request, destination: Destination, planner: Callable[..., Plan] = plan
) -> Prepared:
    """Make the plan of a run; reads the ledger in the destination, nothing of the API.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    today = request.today or today_in(options.timezone)
    destination.open()
    coverage = Coverage.from_state(destination.pipeline.state.get("sources", {}).get(NAME, {}))
    for name in coverage.endpoints() - Warehouse(destination.pipeline, options.grain).tables():
        coverage.forget(name)  # the table was dropped by hand: it is loaded again
        destination.recreate()
    policy = Policy(
        today=today,
        horizon_days=options.horizon_days,
        restatement=Restatement.FIXED if request.full else options.restatement,
        grain=options.grain,
        values=options.values,
        looks_back=request.since is None,
        keeps_start=request.since is None and options.start_date is None,
        tolerance=options.tolerance,
    )
    asked = days_to_load(options, request, today)
    chosen = select(request.resources, options)
    return Prepared(plan=planner(chosen, asked, policy, coverage), policy=policy, coverage=coverage)


def check(options: Options, request: Request) -> Checked:
    """Ask the API for one answer and the destination for a connection; load nothing.

    Raises:
        ApiError: the key does not work for the first of the resources.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    endpoint = min(select(request.resources, options), key=lambda row: (row.units, not row.by_day))
    today = request.today or today_in(options.timezone)
    reader = open_reader(options)
    variant = endpoint.variants(options.values)[0]
    reader.read(Task(endpoint, Window(today, today) if endpoint.dated else None, variant))
    Destination(NAME, request.destination, request.dataset, wait=options.wait_for_destination).open()
    return Checked(profile_id=reader.tenant or "", limit_seen=reader.session.limit_seen, asked=endpoint.name)


def check_request(options: Options, request: Request) -> None:
    """See whether a request can work, before anything is locked or opened.

    Raises:
        ConfigurationError: it cannot.
    """
    select(request.resources, options)
    days_to_load(options, request, request.today or today_in(options.timezone))


def days_to_load(options: Options, request: Request, today: Date) -> Window:
    """Return the range of days that a sync is about.

    Raises:
        ConfigurationError: it is empty or lies in the future.
    """
    start = request.since or options.first_day(today)
    if request.until and start > request.until:
        raise ConfigurationError(f"the first day, {start}, lies after the last, {request.until}")
    if start > today:
        raise ConfigurationError(f"the first day to load, {start}, lies after today, {today}")
    return Window(start, min(request.until or today, today))


if __name__ == "__main__":
    from pipelines.cli import main

    main(["sync", NAME, *sys.argv[1:]])
