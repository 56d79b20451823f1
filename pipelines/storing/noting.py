"""What is said of a run that has changed no table: history and ledger as statements, without a load package.

A package makes dlt read, compare and write the schema of all tables several times over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import dlt
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.utils import generate_dlt_id
from dlt.common.storages.load_package import create_load_id
from dlt.pipeline.state_sync import state_doc

from pipelines.planning.ledger import STATE_KEY
from pipelines.sql.conditions import one_of
from pipelines.sql.runs import RUNS
from pipelines.sql.statement import Statement
from pipelines.sql.writing import delete, insert
from pipelines.storing.history import HISTORY
from pipelines.storing.status import kept_columns
from pipelines.storing.values import to_destination
from pipelines.storing.warehouse import Warehouse

ROWS_MAX: Final = 500
"""Most rows of a table that are written so; more are a matter for a package."""

_AT_ONCE: Final = 50
"""Rows of one statement; some databases take no more than a thousand values."""

History = Mapping[str, Sequence[Any]]
"""Rows of the tables of every run, by table."""


def can_be_noted(warehouse: Warehouse, rows: History) -> bool:
    """Whether the destination has the tables as they are today, and rows are few."""
    return bool(rows) and all(
        len(given) <= ROWS_MAX and len(kept_columns(warehouse, table)) == len(HISTORY[table].columns)
        for table, given in rows.items()
        if given
    )


def note_of(pipeline: dlt.Pipeline, rows: History, ledger: Mapping[str, Any]) -> list[Statement]:
    """Return what writes history and ledger, for one transaction.

    As of a package, dlt keeps the state if it has changed, and that it is complete.

    Args:
        pipeline: keeps the ledger in its state.
        rows: of a run that has left none but its own row in the table of runs.
        ledger: as state.
    """
    able, load_id = pipeline.destination.capabilities(), create_load_id()
    before = pipeline.state["_version_hash"]
    with pipeline.managed_state() as state:
        state.setdefault("sources", {}).setdefault(pipeline.pipeline_name, {})[STATE_KEY] = dict(ledger)
    schema = pipeline.default_schema
    of_dlt: dict[str, Mapping[str, Any]] = {
        schema.loads_table_name: {
            "load_id": load_id,
            "schema_name": schema.name,
            "status": 0,
            "inserted_at": datetime.fromtimestamp(float(load_id), UTC),
            "schema_version_hash": schema.version_hash,
        }
    }
    if state["_version_hash"] != before:
        of_dlt[schema.state_table_name] = {**state_doc(state, load_id), "_dlt_id": generate_dlt_id()}
    return [
        delete(RUNS, [one_of("run_id", [run.run_id for run in rows[RUNS]])]),
        *(one for table, given in rows.items() for one in _inserts(table, given, able)),
        *(insert(table, _sent(row, able)) for table, row in of_dlt.items()),
    ]


def _inserts(table: str, rows: Sequence[Any], able: DestinationCapabilitiesContext) -> list[Statement]:
    """Rows of a table; of several with one key the last one counts, as in a package."""
    keyed = {tuple(getattr(row, name) for name in HISTORY[table].key): _sent(asdict(row), able) for row in rows}
    sent = list(keyed.values())
    return [insert(table, *sent[start : start + _AT_ONCE]) for start in range(0, len(sent), _AT_ONCE)]


def _sent(row: Mapping[str, Any], able: DestinationCapabilitiesContext) -> dict[str, Any]:
    return dict(zip(row, to_destination(row.values(), able), strict=True))
