"""Columns that the configuration leaves out: what was loaded of them before is taken out, and stays so."""

from collections.abc import Iterable

from pipelines.planning.ledger import Ledger
from pipelines.sql.conditions import any_of, is_set
from pipelines.sql.reading import rows
from pipelines.sql.writing import update
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint


def blank_left_out(warehouse: Warehouse, ledger: Ledger, endpoints: Iterable[Endpoint]) -> None:
    """Make null what is loaded of columns that are left out, so that no table holds some days of them and not others.

    The ledger notes it: if they are loaded again, these days are read again. To be cut off and begun again does no
    harm.
    """
    for endpoint in endpoints:
        for table in endpoint.reconciled_tables if endpoint.left_out else ():
            stored = warehouse.columns(table)
            there = [name for name in endpoint.left_out if name in stored]
            filled = [one for one in there if warehouse.ask(rows(table, {one: stored[one]}, [is_set(one)], limit=1))]
            if filled:
                with warehouse.transaction():
                    warehouse.change(update(table, dict.fromkeys(filled), [any_of(map(is_set, filled))]))
        ledger.leave_out(endpoint)
