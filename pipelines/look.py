"""What a sync would do now, and what earlier ones have done; the API is not asked and nothing is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import pendulum
from pendulum import Date

from pipelines.sync.allowed import granted_to, not_known
from pipelines.sync.details import Queue, queue_of
from pipelines.sync.estimate import Line, LoadedIds, counting, details_line, estimate
from pipelines.sync.history import HISTORY
from pipelines.sync.job import loaded_coverage, prepared_for, split_by_privacy
from pipelines.sync.onlooker import Onlooker
from pipelines.sync.policy import Policy
from pipelines.sync.request import Request
from pipelines.sync.status import History, Progress, Status
from pipelines.sync.warehouse import Warehouse
from sources.rest.catalogue import Endpoint
from sources.rest.common_options import CommonOptions
from sources.rest.coverage import Coverage
from sources.rest.errors import ConfigurationError
from sources.rest.keys import fingerprint_of
from sources.rest.scopes import scopes_of
from sources.rest.source import Source
from sources.rest.tasks import Values
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
    lines: list[Line] = []
    pending, policy = False, None
    for rows in split_by_privacy(source.select(request.resources, options)):
        with Onlooker.of(source.name, request, options, personal=rows[0].pii) as destination:
            destination.open()
            warehouse = Warehouse(destination.pipeline, options.grain)
            coverage = loaded_coverage(destination, warehouse, source.catalogue(options))
            lines += _beforehand(source, rows, options, coverage, request.day(options)) if rows[0].pii else []
            prepared = prepared_for(
                rows,
                values=_values(source, rows, options, coverage),
                options=options,
                request=request,
                warehouse=warehouse,
                coverage=coverage,
            )
            policy, catalogue = prepared.policy, source.catalogue(options)
            ids = LoadedIds(
                destination.pipeline,
                warehouse.tables(coverage.endpoints()),
                coverage,
                policy,
                endpoints=catalogue,
                options=options,
            )
            lines += estimate(prepared.plan.tasks, ids.count)
            lines += counting(prepared.plan.tasks)
            lines += [details_line(row, queue_of(row, catalogue, warehouse)) for row in prepared.plan.details]
            pending |= destination.pending
            warehouse.release()
    if policy is None:
        raise ConfigurationError("there is nothing to load")
    return Preview(days=request.days(options), policy=policy, lines=lines, pending=pending)


def _beforehand(
    source: Source, rows: Sequence[Endpoint], options: CommonOptions, coverage: Coverage, today: Date
) -> list[Line]:
    """What a sync asks before it reads personal data: what the key may read, and values that nobody has configured."""
    granted = granted_to(fingerprint_of(options.api_key), [coverage])
    due = [cheapest for cheapest, *_ in not_known(scopes_of(rows), granted, today).values()]
    params = {column.name for row in rows for column in row.by}
    told = [name for name in source.discovered if name in params and not options.values[name]]
    asked = [(row.name, "scope", row.units) for row in due]
    asked += [(source.discovered[name][0], "values", 1) for name in told]
    return [
        Line(resource=name, variant=why, windows=1, calls=1, units=units, reasons={why: 1})
        for name, why, units in asked
    ]


def _values(source: Source, rows: Sequence[Endpoint], options: CommonOptions, coverage: Coverage) -> Values:
    """Values of the parameters that multiply calls; those that a sync asks for are those that it was told last time."""
    values = dict(options.values)
    for param in source.discovered:
        loaded = {
            variant
            for row in rows
            if [column.name for column in row.by] == [param]
            for variant in coverage.variants(row.name)
        }
        values[param] = values[param] or tuple(sorted(loaded)) or (f"(each {param})",)
    return values


def status(source: Source, options: CommonOptions, request: Request) -> Status:
    """Read how fresh the tables are and how the last runs went.

    Raises:
        ConfigurationError: the destination cannot work, or a later version of this program has loaded it.
        DestinationBusyError: another process holds the destination.
    """
    found = [_status(source, options, request, personal=personal) for personal in (False, True)]
    return Status(
        profile_id=found[0].profile_id or found[1].profile_id,
        units_today=sum(one.units_today for one in found),
        pending=any(one.pending for one in found),
        resources=tuple(line for one in found for line in one.resources),
        runs=tuple(sorted((run for one in found for run in one.runs), key=lambda run: run.started_at, reverse=True)),
        details=tuple(line for one in found for line in one.details),
    )


def _status(source: Source, options: CommonOptions, request: Request, *, personal: bool) -> Status:
    with Onlooker.of(source.name, request, options, personal=personal) as destination:
        destination.open()
        pipeline = destination.pipeline
        warehouse = Warehouse(pipeline, options.grain)
        catalogue = source.catalogue(options)
        coverage = loaded_coverage(destination, warehouse, catalogue)
        tables = warehouse.tables({*HISTORY, *coverage.endpoints()})
        history = History(pipeline, tables, coverage, catalogue)
        loaded = [row for row in catalogue.values() if row.parents and row.parents.endpoint in tables]
        details = tuple(_progress(row, queue_of(row, catalogue, warehouse), options) for row in loaded)
        warehouse.release()
        return Status(
            profile_id=coverage.tenant,
            units_today=history.units_since(pendulum.today("UTC")),
            pending=destination.pending,
            resources=tuple(history.freshness()),
            runs=tuple(history.runs()),
            details=details,
        )


def _progress(endpoint: Endpoint, queue: Queue, options: CommonOptions) -> Progress:
    units = endpoint.units * len(queue.tasks)
    return Progress(
        resource=endpoint.name,
        everybody=queue.everybody,
        current=queue.everybody - len(queue.tasks),
        units=units,
        minutes=round(units * options.rate_period / options.rate_limit / 60, 2),
    )
