"""What the `elt` command does to a destination: sync, verify, check."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

import pendulum
from dlt.extract import DltResource

from pipelines.sync.commit import Committer
from pipelines.sync.destinations import Destination
from pipelines.sync.forget import Tables
from pipelines.sync.history import RunRow, history_table
from pipelines.sync.job import Job, Watcher, Work, loaded_coverage, opened
from pipelines.sync.onlooker import Onlooker
from pipelines.sync.outcome import Outcome
from pipelines.sync.plan import plan, proof_plan
from pipelines.sync.request import Request
from pipelines.sync.warehouse import Warehouse
from sources.rest.common_options import CommonOptions
from sources.rest.errors import ConfigurationError
from sources.rest.scopes import answers_to, lacking, questions_about, scopes_of
from sources.rest.source import Source


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What the key may do, and which resources need it."""

    name: str
    granted: bool
    resources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `check` has found out.

    Attributes:
        profile_id: the profile of the key; None where the API does not tell.
        limit_seen: units per period that the server names; None where it names none.
        asked: the resources that were asked for it, in the variants that were.
        scopes: what the key may do; none, where the vendor names no scopes.
        personal: whether scopes for personal data were asked about.
        second_key: `api_key` was refused, `next_api_key` works.
        units: units that this has cost.
    """

    profile_id: str | None
    limit_seen: int | None
    asked: tuple[str, ...]
    scopes: list[Scope]
    personal: bool
    second_key: bool
    units: int


def sync(source: Source, options: CommonOptions, request: Request, watcher: Watcher | None = None) -> Outcome:
    """Load what is new, missing or restated, and return what happened.

    Raises:
        ApiError: the key is refused before anything is read.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    with opened(source, options, request, plan, watcher) as work:

        def load(job: Job) -> Outcome:
            def beside() -> Iterable[DltResource]:
                return () if job.personal else source.beside(options, work.reader.tenant or "")

            return job.run.execute(job.prepared.plan, beside)

        return _all_of(work, load)


def verify(
    source: Source,
    options: CommonOptions,
    request: Request,
    *,
    repair: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Compare everything loaded with what the API says; the outcome's changes are the differences.

    Personal rows are left out: every sync counts them.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    open_to_all = replace(options, include_pii=False)
    with opened(source, open_to_all, request, proof_plan, watcher) as work:
        chosen = {row.name for row in source.select(request.resources, open_to_all)}

        def prove(job: Job) -> Outcome:
            outcome = job.run.verify(job.prepared.plan, repair=repair)
            outcome.not_compared = (job.prepared.coverage.endpoints() & chosen) - outcome.compared
            return outcome

        return _all_of(work, prove)


def check(source: Source, options: CommonOptions, request: Request) -> Checked:
    """Ask the API what the key may read, and the destination for a connection; load nothing.

    Raises:
        ApiError: the key is not accepted, or none of the resources can be asked for.
        ConfigurationError: something has to be changed.
        DestinationBusyError: the destination does not answer.
    """
    chosen = source.select(request.resources, options)
    reader = source.open_reader(options)
    wanted = scopes_of(chosen) or {"": sorted(chosen, key=lambda row: row.units)[:1]}
    questions = questions_about(wanted, options.values, request.day(options))
    missing = lacking(answers_to(reader, questions, strict=True))
    if missing.keys() == wanted.keys():
        raise next(iter(missing.values()))
    # a sync may be at work: its folder and what it still has to load are left alone
    with Onlooker.of(source.name, request, options) as destination:
        destination.open()
    return Checked(
        profile_id=reader.tenant,
        limit_seen=reader.session.limit_seen,
        asked=tuple(
            f"{task.endpoint.name} {task.variant_text}".strip()
            for scope, tasks in questions.items()
            for task in tasks
            if scope not in missing
        ),
        scopes=[
            Scope(name=name, granted=name not in missing, resources=tuple(row.name for row in rows))
            for name, rows in wanted.items()
            if name
        ],
        personal=any(row.pii for row in chosen),
        second_key=bool(reader.session.keys.current),
        units=reader.session.budget.spent,
    )


def forget(
    source: Source,
    options: CommonOptions,
    request: Request,
    *,
    email: str | None = None,
    customer_id: str | None = None,
    erase: bool = False,
) -> Mapping[str, int]:
    """Count the rows of a person in every personal table; erase them, and keep the person out, if told so.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    if not any(row.pii for row in source.catalogue(options).values()):
        raise ConfigurationError(f"{source.name} has no personal data")
    destination = Destination.of(source.name, request, options, personal=True)
    with destination.lock():
        destination.open()
        pipeline = destination.pipeline
        warehouse = Warehouse(pipeline, options.grain)
        coverage = loaded_coverage(destination, warehouse, source.catalogue(options))
        tables = Tables(pipeline, source.privacy(options), warehouse.tables())
        person = tables.person(email=email, customer_id=customer_id)
        rows = tables.count(person)
        if erase:
            # first the list, so that nobody comes back if the rest is cut off
            coverage.forgotten = tables.forgotten(person, coverage.forgotten)
            committer = Committer(
                pipeline, destination.load, warehouse, coverage, grain=options.grain, today=request.day(options)
            )
            committer.commit([], None)
            tables.erase(person)
            destination.rewrite()
    return rows


def _all_of(work: Work, do: Callable[[Job], Outcome]) -> Outcome:
    """Do one job after the other; each leaves the row of its run in its own dataset."""
    total, before = Outcome(notes=work.allowed.notes), (0, 0, 0)
    for job in work.jobs:
        started_at = pendulum.now("UTC")
        outcome = do(job)
        if job.personal:
            outcome += Outcome(missing=work.allowed.missing, failures=work.failures)
        outcome.stopped_by = work.stopped.code
        job.run.close(history_table("sync_runs", [_run_row(work, job, outcome, started_at, before)]))
        total, before = total + outcome, _spent(work)
    if work.reader.session.keys.current:
        total.notes.append("api_key is refused and next_api_key works: put it in the place of api_key")
    return total


def _spent(work: Work) -> tuple[int, int, int]:
    session = work.reader.session
    return session.budget.spent, session.calls, session.retries


def _run_row(work: Work, job: Job, outcome: Outcome, started_at: datetime, before: tuple[int, int, int]) -> RunRow:
    units, calls, retries = (now - then for now, then in zip(_spent(work), before, strict=True))
    return RunRow(
        run_id=job.run.id,
        profile_id=work.reader.tenant,
        started_at=started_at,
        ended_at=pendulum.now("UTC"),
        outcome=outcome.exit_code.name.lower(),
        exit_code=outcome.exit_code,
        windows=outcome.windows.total(),
        rows=outcome.rows.total(),
        units=units,
        calls=calls,
        retries=retries,
        failed=len(outcome.failures),
        skipped=len(outcome.skipped),
        version=version("elt-connectors"),
    )
