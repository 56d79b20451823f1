"""`elt plan`: what a sync would do now and what it would cost; asks nothing of the API, loads nothing."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from pipelines.people.detail_queue import DetailQueue, queue_of
from pipelines.people.granted_scopes import granted_to, not_known
from pipelines.people.scope_probes import scopes_of
from pipelines.planning.estimate import Habits, Line, calls_before, counting_lines, details_line, estimate, newcomers
from pipelines.planning.ledger import Ledger
from pipelines.planning.plan import Plan
from pipelines.running.config import RunConfig
from pipelines.running.first_contact import Question, open_questions, usable
from pipelines.running.opening import split_by_privacy
from pipelines.running.prepare import planned
from pipelines.running.range_contact import TRIES, is_open, range_questions
from pipelines.storing.dataset import Dataset, dataset_to_read
from pipelines.storing.habits import habits_of
from pipelines.storing.loaded_ids import LoadedIds
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.range_ends import CALLS_MAX
from sources.rest.reading.tasks import VariantValues

FIRST_CONTACT: Final = "first contact"
"""Reason of a call that shows whether the server takes a value."""


RANGE_CALLS: Final = 12
"""Calls that usually show how a server reads ranges."""


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
    open_ = partial(dataset_to_read, grain=config.policy.grain, catalogue=config.catalogue)
    with open_(config.to_be_read(config.target)) as series:
        for rows in split_by_privacy(config.endpoints):
            personal = rows[0].pii
            target = config.to_be_read(config.target.for_personal_data())
            with open_(target) if personal else nullcontext(series) as dataset:
                found = _lines(config, dataset, rows, series)
                # what is loaded first need not be asked for, and is checked then
                lines += [replace(line, units_min=0, units_max=None) for line in found] if dataset.pending else found
                pending |= dataset.pending
            series.warehouse.release()
    return Preview(lines=lines, pending=pending)


def _lines(config: RunConfig, dataset: Dataset, rows: Sequence[Endpoint], series: Dataset) -> list[Line]:
    catalogue = config.catalogue
    chosen, values = usable(rows, _values(config, rows, dataset, series), dataset.ledger)
    plan, policy = planned(config, dataset, chosen, values, series=series)
    unsure = list(open_questions(config, chosen, values, dataset.ledger))
    ids = LoadedIds(dataset, policy, endpoints=catalogue, options=config.options)
    queues = {row: queue_of(row, catalogue, dataset.warehouse, policy.today) for row in plan.details}
    habits = habits_of(dataset.warehouse, {row.name: queue.length for row, queue in queues.items()}, policy.today)
    lines = estimate(
        plan.tasks,
        ids.count,
        grain=policy.grain,
        most_ids=ids.most,
        habits=habits,
        before=calls_before(policy, dataset.ledger),
        perhaps=plan.unproved,
    )
    return [
        *(_lines_before(config, rows, dataset.ledger) if rows[0].pii else []),
        *map(_line_of_question, unsure),
        *_line_of_ranges(config, chosen, values, dataset.ledger),
        *(_perhaps(line, {one.value for one in unsure}) for line in lines),
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


def _line_of_question(one: Question) -> Line:
    """What it costs to ask whether the server takes a value; names may need the rows above them."""
    units = one.task.endpoint.units
    return Line(
        resource=one.task.endpoint.name,
        variant=f"{FIRST_CONTACT} {one.value}",
        windows=1,
        calls=1,
        units=units,
        units_min=units,
        units_max=2 * units,
        reasons={FIRST_CONTACT: 1},
    )


def _line_of_ranges(
    config: RunConfig, rows: Sequence[Endpoint], values: VariantValues, ledger: Ledger
) -> Iterator[Line]:
    """What it costs to ask how the server reads ranges: a few calls of the first day that has figures."""
    doubt = config.source.api(config.options).range_doubt
    first = next(range_questions(rows, values, config.policy.today), None)
    if first and is_open(config, ledger, doubt):
        most, units = TRIES * CALLS_MAX, first.endpoint.units
        yield Line(
            resource=first.endpoint.name,
            variant=f"{FIRST_CONTACT} ranges",
            windows=1,
            calls=RANGE_CALLS,
            units=RANGE_CALLS * units,
            units_min=units,
            units_max=most * units,
            reasons={FIRST_CONTACT: 1},
        )


def _perhaps(line: Line, unsure: AbstractSet[str]) -> Line:
    """Return a line of which nothing is asked if the server does not take a value."""
    return replace(line, units_min=0) if unsure & {*line.variant.split()} else line


def _values(config: RunConfig, rows: Sequence[Endpoint], dataset: Dataset, snapshots: Dataset) -> VariantValues:
    """Values of the parameters that multiply calls; instead of asking for them, those that are loaded are taken."""
    values = dict(config.policy.values)
    for param, (name, column) in config.source.discovered.items():
        used = {
            variant
            for row in rows
            if [one.name for one in row.variant_columns] == [param]
            for variant in dataset.ledger.variants(row.name)
        }
        told = snapshots.warehouse.values(name, column) if snapshots.warehouse.has(name) else ()
        values[param] = values[param] or told or tuple(sorted(used)) or (f"(each {param})",)
    return values
