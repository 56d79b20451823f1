"""How many rows a day of an entity has, as far as some are loaded, or another endpoint has counted them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pipelines.planning.policy import Policy
from pipelines.sql.conditions import between
from pipelines.sql.reading import sums
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

Name = tuple[str, str]
"""A resource and the values of its variant."""


@dataclass(frozen=True)
class RowCounts:
    """Rows of entities.

    Attributes:
        per_day: rows that a day has.
        counted: days that another endpoint has counted, where nothing is loaded.
    """

    per_day: Mapping[Name, float]
    counted: Mapping[Name, Collection[Window]]


def row_counts(
    entities: Iterable[Endpoint],
    asked: Window,
    policy: Policy,
    dataset: Dataset,
    *,
    counting: Mapping[str, Endpoint],
    others: Collection[Dataset],
) -> RowCounts:
    """Ask the tables how many rows a day of some entities has.

    Args:
        entities: what is asked about.
        asked: days that are to be loaded.
        policy: says which variants there are, and how far the horizon reaches.
        dataset: where the entities are.
        counting: endpoints that count them, by name.
        others: where these may be.
    """
    per_day, counted = dict[Name, float](), dict[Name, Collection[Window]]()
    tables = dataset.warehouse.tables()
    for row in entities:
        known = _loaded(row, policy, dataset) if row.name in tables else {}
        per_day |= {(row.name, variant): rows for variant, rows in known.items()}
        for other in others:
            days = _days_counted(row, asked, policy, other, counting)
            for variant, count in _counted(row, days, policy, other).items():
                if variant not in known:
                    per_day[row.name, variant] = count / sum(one.days for one in days)
                    counted[row.name, variant] = days
    return RowCounts(per_day, counted)


def _loaded(row: Endpoint, policy: Policy, dataset: Dataset) -> dict[str, float]:
    """Rows per day over the horizon; of a list that is not read to its end yet, over the days since its first row."""
    today = policy.today
    checked = [
        dataset.ledger.behaviour(Task(row, variant=one), policy.grain).checked for one in row.variants(policy.values)
    ]
    horizon = policy.horizon(min(filter(None, checked), default=None))
    found = dataset.warehouse.rows_since(row, horizon.start)
    rates = dict.fromkeys(dataset.ledger.variants(row.name), 0.0)
    for values, (count, first) in found.items():
        names = (column.name for column in row.variant_columns)
        whole = Task(row, horizon, tuple(zip(names, values, strict=True)))
        days = sum(one.days for one in dataset.ledger.loaded(whole, policy.grain))
        days += dataset.ledger.behaviour(whole, policy.grain).checked == today  # today was read, and is not over
        if whole.variant_text not in rates:
            days = (today - first).days + 1
        rates[whole.variant_text] = count / max(1, days)
    return rates


def _days_counted(
    row: Endpoint, asked: Window, policy: Policy, other: Dataset, counting: Mapping[str, Endpoint]
) -> Collection[Window]:
    """Days of which a series is loaded that counts rows."""
    count = row.counted_by
    if count is None or count.endpoint not in other.warehouse.tables(other.ledger.endpoints()):
        return ()
    return other.ledger.loaded(Task(counting[count.endpoint], asked), policy.grain)


def _counted(row: Endpoint, days: Collection[Window], policy: Policy, other: Dataset) -> Mapping[str, float]:
    """Rows of each variant that a series has counted."""
    count = row.counted_by
    if count is None or not days:
        return {}
    where = [between("date", min(days).start, max(days).end)]
    told = other.warehouse.ask(sums(count.endpoint, {count.column: Type.TEXT}, [count.metric], where))
    found = {value: rows or 0.0 for value, rows, _ in told}
    return {value: found.get(value, 0.0) for value in policy.values[count.param]}
