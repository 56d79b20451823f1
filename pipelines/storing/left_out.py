"""Columns that the configuration leaves out: what was loaded of them before is taken out, and stays so."""

from collections.abc import Callable, Collection, Iterator

from pipelines.planning.ledger import Ledger
from pipelines.sql.conditions import any_of, is_set
from pipelines.sql.reading import rows
from pipelines.sql.writing import update
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint


def blank_left_out(
    warehouse: Warehouse, ledger: Ledger, endpoints: Collection[Endpoint], keep: Callable[[], None]
) -> None:
    """Make null what is loaded of columns that are left out, so that no table holds some days of them and not others.

    The ledger notes it: if they are loaded again, these days are read again. It is kept before anything becomes null,
    so that whoever is cut off meanwhile leaves at worst days that are read again without need.

    Args:
        warehouse: what is loaded.
        ledger: of what is loaded.
        endpoints: those that are loaded now.
        keep: commits the ledger.
    """
    filled = [one for endpoint in endpoints if endpoint.left_out for one in _filled(warehouse, endpoint)]
    for endpoint in endpoints:
        ledger.leave_out(endpoint)
    if filled:
        keep()
    for table, names in filled:
        with warehouse.transaction():
            warehouse.change(update(table, dict.fromkeys(names), [any_of(map(is_set, names))]))


def _filled(warehouse: Warehouse, endpoint: Endpoint) -> Iterator[tuple[str, list[str]]]:
    """Tables of an endpoint that have values of columns that are left out, and these columns."""
    for table in endpoint.reconciled_tables:
        stored = warehouse.columns(table)
        there = [name for name in endpoint.left_out if name in stored]
        if names := [one for one in there if warehouse.ask(rows(table, {one: stored[one]}, [is_set(one)], limit=1))]:
            yield table, names
