"""How many rows of entities there are, as far as they are loaded, or another endpoint has counted them."""

from collections.abc import Iterable, Mapping

from pipelines.planning.policy import Counted, Policy
from pipelines.sql.conditions import between
from pipelines.sql.reading import sums
from pipelines.storing.dataset import Dataset
from sources.rest.catalogue.columns import Type
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window

Name = tuple[str, str]
"""An endpoint, and the values of its variant."""


def rows_per_day(entities: Iterable[Endpoint], policy: Policy, dataset: Dataset) -> Mapping[Name, float]:
    """Return how many rows a day of some entities has, as far as some are loaded."""
    tables = dataset.warehouse.tables()
    return {
        (row.name, variant): rows
        for row in entities
        if row.name in tables and row.time_column
        for variant, rows in _loaded(row, policy, dataset).items()
    }


def counted(
    entities: Iterable[Endpoint], asked: Window, policy: Policy, series: Dataset, catalogue: Mapping[str, Endpoint]
) -> Mapping[Name, Counted]:
    """Return how many rows of some entities the series of a dataset count in the days that are asked for."""
    tables = series.warehouse.tables(series.ledger.endpoints())
    found = dict[Name, Counted]()
    for row in entities:
        count = row.counted_by
        if count is None or count.endpoint not in tables:
            continue
        days = series.ledger.loaded(Task(catalogue[count.endpoint], asked), policy.grain)
        if not days:
            continue
        where = [between("date", days[0].start, days[-1].end)]
        told = series.warehouse.ask(sums(count.endpoint, {count.column: Type.TEXT}, [count.metric], where))
        rows = {value: total or 0.0 for value, total, _ in told}
        length = sum(one.days for one in days)
        found |= {
            (row.name, value): Counted(rows.get(value, 0.0) / length, days) for value in policy.values[count.param]
        }
    return found


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
