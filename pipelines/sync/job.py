"""A run that is about to start: the lock held, the plan made, the way to the API open."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from pipelines.sync.allowed import Allowed
from pipelines.sync.commit import Committer
from pipelines.sync.destinations import Destination
from pipelines.sync.forget import Tables
from pipelines.sync.plan import Plan, cost, plan
from pipelines.sync.policy import Policy
from pipelines.sync.request import Request
from pipelines.sync.run import Run
from pipelines.sync.signals import Stopped, stopped_by_signals
from pipelines.sync.warehouse import Warehouse
from sources.rest.budget import BudgetClosedError
from sources.rest.catalogue import Endpoint, Kind
from sources.rest.common_options import CommonOptions
from sources.rest.coverage import Coverage, Restatement
from sources.rest.errors import ApiError
from sources.rest.reader import Failure, Reader
from sources.rest.source import Source
from sources.rest.tasks import Task, Values

SLICE_UNITS_MAX: Final = 600
"""Most units of one commit, however fast the key is: it bounds memory and what a crash can lose."""

Planner = Callable[..., Plan]


class Watcher(Protocol):
    """Whoever wants to see a run go on."""

    def start(self, tasks: int, units: int) -> None:
        """Told once what is planned."""

    def step(self, task: Task, units: int) -> None:
        """Told of each task that is done with, and the units spent until then."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A plan, and what it was made from."""

    plan: Plan
    policy: Policy
    coverage: Coverage
    warehouse: Warehouse


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is loaded into one dataset, holding its lock."""

    run: Run
    prepared: Prepared
    personal: bool


@dataclass(frozen=True, kw_only=True)
class Work:
    """A run that is about to start.

    Attributes:
        jobs: one per dataset: what everybody may see, then personal data.
        reader: the way to the API.
        stopped: whether a signal has come.
        allowed: what the key may read of personal data.
        failures: what had to be known before, and the API does not tell.
    """

    jobs: list[Job]
    reader: Reader
    stopped: Stopped
    allowed: Allowed
    failures: list[Failure]


@contextmanager
def opened(
    source: Source, options: CommonOptions, request: Request, planner: Planner, watcher: Watcher | None
) -> Iterator[Work]:
    """Lock, plan, and open the way to the API.

    Raises:
        ApiError: the key is refused, or the API does not tell what has to be known before.
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    request.check(source, options)
    with ExitStack() as stack:
        parts = [
            (Destination.of(source.name, request, options, personal=rows[0].pii), rows)
            for rows in split_by_privacy(source.select(request.resources, options))
        ]
        reader = source.open_reader(options)
        stack.callback(reader.session.close)
        stopped = stack.enter_context(stopped_by_signals(reader))
        for destination, _ in parts:
            stack.enter_context(destination.lock())
        ledgers, warehouses = [], []
        for destination, _ in parts:
            destination.open()
            warehouse = Warehouse(destination.pipeline, options.grain)
            stack.callback(warehouse.release)
            warehouses.append(warehouse)
            ledgers.append(loaded_coverage(destination, warehouse, reader.endpoints))
        budget = reader.session.budget
        budget.allow(options.max_units or float("inf"), (options.max_minutes or float("inf")) * 60)
        allowed = Allowed(reader, ledgers, request.day(options))
        allowed.unused(include_pii=options.include_pii)
        jobs: list[Job] = []
        failures: list[Failure] = []
        for (destination, rows), coverage, warehouse in zip(parts, ledgers, warehouses, strict=True):
            chosen, values = rows, options.values
            if rows[0].pii:
                reader.privacy.forgotten = coverage.forgotten
                if Tables(destination.pipeline, reader.privacy, warehouse.tables()).hide():
                    destination.rewrite()
                try:
                    chosen = allowed.among(rows, options.values)
                    values = source.values(chosen, options, reader)
                except BudgetClosedError:  # nothing will be asked; what would have been is named
                    values = {name: known or ("",) for name, known in options.values.items()}
                except ApiError as error:
                    failures.append(Failure(Task(reader.endpoints[error.endpoint]), error))
                    chosen = [
                        row for row in chosen if not {column.name for column in row.by} & source.discovered.keys()
                    ]
            prepared = prepared_for(
                chosen,
                values=values,
                options=options,
                request=request,
                warehouse=warehouse,
                coverage=coverage,
                planner=planner,
            )
            warehouse.release()
            run = _run(destination, reader, prepared, options, watcher)
            jobs.append(Job(run=run, prepared=prepared, personal=rows[0].pii))
        if watcher:
            tasks = [task for job in jobs for task in job.prepared.plan.tasks]
            watcher.start(len(tasks), cost(tasks))
        yield Work(jobs=jobs, reader=reader, stopped=stopped, allowed=allowed, failures=failures)


def _run(
    destination: Destination, reader: Reader, prepared: Prepared, options: CommonOptions, watcher: Watcher | None
) -> Run:
    policy, coverage, warehouse = prepared.policy, prepared.coverage, prepared.warehouse
    budget, pipeline = reader.session.budget, destination.pipeline
    return Run(
        Committer(pipeline, destination.load, warehouse, coverage, grain=policy.grain, today=policy.today),
        reader,
        warehouse,
        coverage,
        policy,
        in_flight=options.max_in_flight,
        slice_units=min(SLICE_UNITS_MAX, max(1, round(options.rate_limit * 60 / options.rate_period))),
        progress=lambda task: watcher.step(task, budget.spent) if watcher else None,
    )


def split_by_privacy(endpoints: Sequence[Endpoint]) -> list[list[Endpoint]]:
    """Endpoints that everybody may see, and personal ones: each group has a dataset of its own."""
    groups = [[row for row in endpoints if not row.pii], [row for row in endpoints if row.pii]]
    return [group for group in groups if group]


def prepared_for(
    endpoints: Sequence[Endpoint],
    *,
    values: Values,
    options: CommonOptions,
    request: Request,
    warehouse: Warehouse,
    coverage: Coverage,
    planner: Planner = plan,
) -> Prepared:
    """Make the plan of a run; reads the open destination, nothing of the API.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    today = request.day(options)
    entities = [row for row in endpoints if row.kind is Kind.ENTITY]
    tables = warehouse.tables() if entities else set()
    policy = Policy(
        today=today,
        horizon_days=options.horizon_days,
        restatement=Restatement.FIXED if request.full else options.restatement,
        grain=options.grain,
        values=values,
        looks_back=request.since is None,
        keeps_start=request.since is None and options.start_date is None,
        tolerance=options.tolerance,
        rows_per_day={
            (row.name, variant): rows
            for row in entities
            if row.name in tables
            for variant, rows in {
                **dict.fromkeys(coverage.variants(row.name), 0.0),
                **warehouse.rows_per_day(row, today),
            }.items()
        },
        reread_units=options.reread_units,
    )
    made = planner(endpoints, request.days(options), policy, coverage)
    return Prepared(plan=made, policy=policy, coverage=coverage, warehouse=warehouse)


def loaded_coverage(destination: Destination, warehouse: Warehouse, endpoints: Mapping[str, Endpoint]) -> Coverage:
    """Read the ledger of an open destination; what it says of tables that were dropped by hand does not count.

    Raises:
        ConfigurationError: a later version of this program wrote it.
    """
    pipeline = destination.pipeline
    coverage = Coverage.from_state(pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}))
    tables = warehouse.tables(coverage.endpoints())
    for name in coverage.endpoints():
        if not tables.issuperset(endpoints[name].summed if name in endpoints else [name]):
            coverage.forget(name)
    return coverage
