"""What the `elt` command does to a destination: sync, verify, check."""

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import pendulum

from pipelines.sync.destinations import Destination
from pipelines.sync.history import RunRow, history_table
from pipelines.sync.job import Job, Watcher, opened
from pipelines.sync.outcome import Outcome
from pipelines.sync.plan import plan, proof_plan
from pipelines.sync.request import Request
from sources.rest.common_options import CommonOptions
from sources.rest.source import Source
from sources.rest.tasks import Task
from sources.rest.windows import Window


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key; None where the API does not tell.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resource that was asked for it, in each of its variants.
    """

    profile_id: str | None
    limit_seen: int | None
    asked: tuple[str, ...]


def sync(source: Source, options: CommonOptions, request: Request, watcher: Watcher | None = None) -> Outcome:
    """Load what is new, missing or restated, and return what happened.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    started_at = pendulum.now("UTC")
    with opened(source, options, request, plan, watcher) as job:
        outcome = job.run.execute(job.prepared.plan, lambda: source.beside(options, job.reader.tenant or ""))
        _close(job, outcome, started_at)
    return outcome


def verify(
    source: Source,
    options: CommonOptions,
    request: Request,
    *,
    repair: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Compare everything loaded with what the API says; the outcome's changes are the differences.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    started_at = pendulum.now("UTC")
    with opened(source, options, request, proof_plan, watcher) as job:
        outcome = job.run.verify(job.prepared.plan, repair=repair)
        _close(job, outcome, started_at)
    return outcome


def check(source: Source, options: CommonOptions, request: Request) -> Checked:
    """Ask the API for the cheapest answer and the destination for a connection; load nothing.

    Raises:
        ApiError: the key does not work for the first of the resources.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    endpoint = min(source.select(request.resources, options), key=lambda row: (row.units, not row.by_day))
    today = request.day(options)
    reader = source.open_reader(options)
    window = Window(today, today) if endpoint.dated else None
    tasks = [Task(endpoint, window, variant) for variant in endpoint.variants(options.values)]
    for task in tasks:
        reader.read(task)
    Destination(source.name, request.destination, request.dataset, wait=options.wait_for_destination).open()
    asked = tuple(f"{endpoint.name} {task.variant_text}".strip() for task in tasks)
    return Checked(profile_id=reader.tenant, limit_seen=reader.session.limit_seen, asked=asked)


def _close(job: Job, outcome: Outcome, started_at: datetime) -> None:
    """Leave the row of the run."""
    outcome.stopped_by = job.stopped.code
    session = job.reader.session
    row = RunRow(
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
    job.run.close(history_table("sync_runs", [row]))
