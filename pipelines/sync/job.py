"""A run that is about to start: the lock held, the plan made, the way to the API open."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from pipelines.sync.commit import Committer
from pipelines.sync.destinations import Destination
from pipelines.sync.plan import Plan, Policy, cost, plan
from pipelines.sync.request import Request
from pipelines.sync.run import Run
from pipelines.sync.signals import Stopped, stopped_by_signals
from pipelines.sync.warehouse import Warehouse
from sources.rest.common_options import CommonOptions
from sources.rest.coverage import Coverage, Restatement
from sources.rest.reader import Reader
from sources.rest.source import Source
from sources.rest.tasks import Task

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
    """A run that is about to start, holding the lock."""

    run: Run
    prepared: Prepared
    reader: Reader
    stopped: Stopped


@contextmanager
def opened(
    source: Source, options: CommonOptions, request: Request, planner: Planner, watcher: Watcher | None
) -> Iterator[Job]:
    """Lock, plan, and open the way to the API.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    request.check(source, options)
    destination = Destination(source.name, request.destination, request.dataset, wait=options.wait_for_destination)
    with ExitStack() as stack:
        reader = source.open_reader(options)
        stack.callback(reader.session.close)
        stopped = stack.enter_context(stopped_by_signals(reader))
        stack.enter_context(destination.lock())
        prepared = prepare(source, options, request, destination, planner)
        budget, policy = reader.session.budget, prepared.policy
        budget.allow(options.max_units or float("inf"), (options.max_minutes or float("inf")) * 60)
        if watcher:
            watcher.start(len(prepared.plan.tasks), cost(prepared.plan.tasks))
        pipeline, warehouse = destination.pipeline, prepared.warehouse
        stack.callback(warehouse.release)
        run = Run(
            Committer(pipeline, destination.load, warehouse, prepared.coverage, grain=policy.grain, today=policy.today),
            reader,
            warehouse,
            prepared.coverage,
            policy,
            in_flight=options.max_in_flight,
            slice_units=min(SLICE_UNITS_MAX, max(1, round(options.rate_limit * 60 / options.rate_period))),
            progress=lambda task: watcher.step(task, budget.spent) if watcher else None,
        )
        yield Job(run=run, prepared=prepared, reader=reader, stopped=stopped)


def prepare(
    source: Source, options: CommonOptions, request: Request, destination: Destination, planner: Planner = plan
) -> Prepared:
    """Make the plan of a run; reads the ledger in the destination, nothing of the API.

    Raises:
        ConfigurationError: something has to be changed before this can work.
        DestinationBusyError: another process holds the destination.
    """
    destination.open()
    warehouse = Warehouse(destination.pipeline, options.grain)
    coverage = loaded_coverage(destination, warehouse)
    policy = Policy(
        today=request.day(options),
        horizon_days=options.horizon_days,
        restatement=Restatement.FIXED if request.full else options.restatement,
        grain=options.grain,
        values=options.values,
        looks_back=request.since is None,
        keeps_start=request.since is None and options.start_date is None,
        tolerance=options.tolerance,
    )
    chosen = source.select(request.resources, options)
    made = planner(chosen, request.days(options), policy, coverage)
    return Prepared(plan=made, policy=policy, coverage=coverage, warehouse=warehouse)


def loaded_coverage(destination: Destination, warehouse: Warehouse) -> Coverage:
    """Read the ledger of an open destination; what it says of tables that were dropped by hand does not count.

    Raises:
        ConfigurationError: a later version of this program wrote it.
    """
    pipeline = destination.pipeline
    coverage = Coverage.from_state(pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}))
    for name in coverage.endpoints() - warehouse.tables(coverage.endpoints()):
        coverage.forget(name)
    return coverage
