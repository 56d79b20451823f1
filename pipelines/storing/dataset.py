"""An open dataset: its tables and the ledger of what was loaded into them."""

from collections.abc import Mapping
from dataclasses import dataclass

import dlt

from pipelines.destinations.attached import Attached
from pipelines.planning.ledger import Ledger
from pipelines.storing.warehouse import Warehouse
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.windows import Grain


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An open dataset.

    Attributes:
        pipeline: the dlt pipeline that is attached to it.
        warehouse: its tables.
        ledger: what was loaded into them.
    """

    pipeline: dlt.Pipeline
    warehouse: Warehouse
    ledger: Ledger


def open_dataset(destination: Attached, grain: Grain, catalogue: Mapping[str, Endpoint]) -> Dataset:
    """Attach to a destination and read its ledger; what that says of tables that were dropped by hand does not count.

    Raises:
        ConfigurationError: credentials or path cannot work, or a later version of this program wrote the ledger.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    destination.open()
    pipeline = destination.pipeline
    warehouse = Warehouse(pipeline, grain)
    ledger = Ledger.from_state(pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}))
    tables = warehouse.tables(ledger.endpoints())
    for name in ledger.endpoints():
        if not tables.issuperset(catalogue[name].reconciled_tables if name in catalogue else [name]):
            ledger.drop(name)
    return Dataset(pipeline=pipeline, warehouse=warehouse, ledger=ledger)
