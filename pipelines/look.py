"""What a sync would do now, and what earlier ones have done; the API is not asked and nothing is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import pendulum

from pipelines.sync.estimate import Line, LoadedIds, estimate
from pipelines.sync.history import HISTORY
from pipelines.sync.job import loaded_coverage, prepare
from pipelines.sync.onlooker import Onlooker
from pipelines.sync.plan import Policy
from pipelines.sync.request import Request
from pipelines.sync.status import History, Status
from pipelines.sync.warehouse import Warehouse
from sources.rest.common_options import CommonOptions
from sources.rest.source import Source
from sources.rest.windows import Window


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a sync would do now.

    Attributes:
        days: days that it is about.
        policy: how it goes about the past.
        lines: what it asks for, per variant of a resource.
        pending: a run has read what it has not loaded yet, so that less may be asked for.
    """

    days: Window
    policy: Policy
    lines: Sequence[Line]
    pending: bool


def preview(source: Source, options: CommonOptions, request: Request) -> Preview:
    """Plan a sync and add up what it costs.

    Raises:
        ConfigurationError: something has to be changed before a sync can work.
        DestinationBusyError: another process holds the destination.
    """
    request.check(source, options)
    with Onlooker(source.name, request.destination, request.dataset, wait=options.wait_for_destination) as destination:
        prepared = prepare(source, options, request, destination)
        policy, pipeline = prepared.policy, destination.pipeline
        tables = prepared.warehouse.tables()
        ids = LoadedIds(
            pipeline, tables, prepared.coverage, policy, endpoints=source.catalogue(options), options=options
        )
        return Preview(
            days=request.days(options),
            policy=policy,
            lines=estimate(prepared.plan.tasks, ids.count),
            pending=destination.pending,
        )


def status(source: Source, options: CommonOptions, request: Request) -> Status:
    """Read how fresh the tables are and how the last runs went.

    Raises:
        ConfigurationError: the destination cannot work, or a later version of this program has loaded it.
        DestinationBusyError: another process holds the destination.
    """
    with Onlooker(source.name, request.destination, request.dataset, wait=options.wait_for_destination) as destination:
        destination.open()
        pipeline = destination.pipeline
        warehouse = Warehouse(pipeline, options.grain)
        coverage = loaded_coverage(destination, warehouse)
        tables = warehouse.tables({*HISTORY, *coverage.endpoints()})
        history = History(pipeline, tables, coverage, source.catalogue(options))
        return Status(
            profile_id=coverage.tenant,
            units_today=history.units_since(pendulum.today("UTC")),
            pending=destination.pending,
            resources=tuple(history.freshness()),
            runs=tuple(history.runs()),
        )
