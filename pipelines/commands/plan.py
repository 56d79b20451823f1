"""`elt plan`: what a sync would do now and what it would cost; asks nothing of the API, loads nothing."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from pipelines.people.detail_queue import DetailQueue, queue_of
from pipelines.people.granted_scopes import granted_to, not_known
from pipelines.people.scope_probes import scopes_of
from pipelines.planning.estimate import Habits, Line, counting_lines, details_line, estimate, newcomers
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import Plan
from pipelines.running.config import RunConfig
from pipelines.running.prepare import planned, split_by_privacy
from pipelines.storing.dataset import Dataset, dataset_to_read
from pipelines.storing.habits import habits_of
from pipelines.storing.loaded_ids import LoadedIds
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.tasks import VariantValues


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a sync would do now.

    Attributes:
        lines: what it asks for, per variant of a resource.
        pending: a run has read what it has not loaded yet, so that less may be asked for.
    """

    lines: Sequence[Line]
    pending: bool


def preview(config: RunConfig) -> Preview:
    """Plan a sync and add up what it costs.

    Raises:
        ConfigurationError: something has to be changed before a sync can work.
        DestinationBusyError: another process holds the destination.
    """
    config.check()
    lines: list[Line] = []
    pending = False
    with ExitStack() as stack:
        beside = list[Dataset]()
        groups = split_by_privacy(config.endpoints)
        for rows in groups if not groups[0][0].pii else [[], *groups]:
            target = config.target_of(rows) if rows else config.target
            dataset = stack.enter_context(dataset_to_read(target, config.policy.grain, config.catalogue))
            beside.append(dataset)
            lines += _lines(config, dataset, rows, beside) if rows else []
            pending |= dataset.pending
            dataset.warehouse.release()
    return Preview(lines=lines, pending=pending)


def _lines(config: RunConfig, dataset: Dataset, rows: Sequence[Endpoint], beside: Sequence[Dataset]) -> list[Line]:
    catalogue = config.catalogue
    plan, policy = planned(config, dataset, rows, _values(config, rows, beside), beside=beside)
    ids = LoadedIds(dataset, policy, endpoints=catalogue, options=config.options)
    queues = {row: queue_of(row, catalogue, dataset.warehouse, policy.today) for row in plan.details}
    habits = habits_of(dataset.warehouse, {row.name: queue.length for row, queue in queues.items()}, policy.today)
    caps = {name: row.cap for name, row in catalogue.items()}
    return [
        *(_lines_before(config, rows, dataset.ledger) if rows[0].pii else []),
        *estimate(plan.tasks, ids.count, grain=policy.grain, caps=caps, habits=habits),
        *counting_lines(plan.tasks),
        *(_details(row, queue, plan, habits) for row, queue in queues.items()),
    ]


def _details(row: Endpoint, queue: DetailQueue, plan: Plan, habits: Habits) -> Line:
    parents = row.parents
    due = [task.parent for task in queue.tasks]
    return details_line(
        row,
        [queue.rows(one) for one in due],
        [queue.rows(one) for one in queue.figures.keys() - due],
        newcomers(plan.tasks, parents.endpoint if parents else ""),
        settled=not any(parents and task.endpoint.name in parents.signature for task in plan.tasks),
        usual=habits.get((row.name, "")),
    )


def _lines_before(config: RunConfig, rows: Sequence[Endpoint], ledger: Ledger) -> list[Line]:
    """What is asked before personal data are read: what the key may read, and values that nobody has configured."""
    granted = granted_to(config.key_fingerprint, [ledger])
    due = [cheapest for cheapest, *_ in not_known(scopes_of(rows), granted, config.policy.today).values()]
    params = {column.name for row in rows for column in row.variant_columns}
    discovered = config.source.discovered
    told = [name for name in discovered if name in params and not config.policy.values[name]]
    asked = [(row.name, "scope", row.units) for row in due]
    asked += [(discovered[name][0], "values", 1) for name in told]
    return [
        Line(
            resource=name,
            variant=why,
            windows=1,
            calls=1,
            units=units,
            units_min=units,
            units_max=units,
            reasons={why: 1},
        )
        for name, why, units in asked
    ]


def _values(config: RunConfig, rows: Sequence[Endpoint], beside: Sequence[Dataset]) -> VariantValues:
    """Values of the parameters that multiply calls; instead of asking for them, those that are loaded are taken."""
    values = dict(config.policy.values)
    for param, (name, column) in config.source.discovered.items():
        loaded = {
            variant
            for row in rows
            if [one.name for one in row.variant_columns] == [param]
            for variant in beside[-1].ledger.variants(row.name)
        }
        told = (one.warehouse.values(config.catalogue[name], column) for one in beside if one.warehouse.has(name))
        values[param] = values[param] or next(told, ()) or tuple(sorted(loaded)) or (f"(each {param})",)
    return values
