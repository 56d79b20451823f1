"""An open dataset: its tables and the ledger of what was loaded into them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import dlt

from pipelines.destinations.attached import Attached
from pipelines.destinations.read_only import ReadOnlyDestination
from pipelines.destinations.target import Target
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
        pending: a run has read what it has not loaded yet: it is at work, or the next one goes on with it.
    """

    pipeline: dlt.Pipeline
    warehouse: Warehouse
    ledger: Ledger
    pending: bool = False


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


@contextmanager
def dataset_to_read(target: Target, grain: Grain, catalogue: Mapping[str, Endpoint]) -> Iterator[Dataset]:
    """Open a dataset to look at it, also beside a sync into it; nothing is written, and at the end it is closed.

    Raises:
        ConfigurationError: credentials or path cannot work, or a later version of this program wrote the ledger.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    with ReadOnlyDestination(target) as destination:
        dataset = replace(open_dataset(destination, grain, catalogue), pending=destination.pending)
        try:
            yield dataset
        finally:
            dataset.warehouse.release()
