"""An open dataset: its tables and the ledger of what was loaded into them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import dlt

from pipelines.destinations.attached import Attached
from pipelines.destinations.destination import Destination
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.lease_table import TABLE
from pipelines.destinations.read_only import ReadOnlyDestination
from pipelines.destinations.target import Target
from pipelines.planning.ledger import LAYOUT, READABLE, Ledger
from pipelines.storing.forgotten_people import forgotten_people, name_profiles
from pipelines.storing.indexes import index_days
from pipelines.storing.migration import migrate, read_as_today
from pipelines.storing.retyping import retype
from pipelines.storing.warehouse import Owner, Warehouse
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.privacy.forgotten import Forgotten
from sources.rest.windows import Grain


def _nothing() -> None:
    """Nobody writes, so there is nothing to renew."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An open dataset.

    Attributes:
        pipeline: the dlt pipeline that is attached to it.
        warehouse: its tables.
        ledger: what was loaded into them.
        forgotten: people who stay out; None where nobody would come in.
        pending: a run has read what it has not loaded yet: it is at work, or the next one goes on with it.
        at_work: a run holds the destination; None where none ever has.
        renew: keeps the lease of the run, if it is time to.
        shared_tables: those that other profiles may add columns to; none where there are no others.
    """

    pipeline: dlt.Pipeline
    warehouse: Warehouse
    ledger: Ledger
    forgotten: Forgotten | None = None
    pending: bool = False
    at_work: bool | None = None
    renew: Callable[[], None] = _nothing
    shared_tables: frozenset[str] = frozenset()


def open_dataset(destination: Destination, grain: Grain, catalogue: Mapping[str, Endpoint]) -> Dataset:
    """Attach to a destination and read its ledger, to load into it; what an earlier version has loaded is migrated.

    What the ledger says of tables that were dropped by hand does not count.

    Raises:
        ConfigurationError: credentials or path cannot work, a later version of this program wrote the ledger, or the
            list of people who stay out is not whole.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    with destination.opened():
        dataset = replace(_dataset(destination, grain, catalogue), renew=destination.renew)
        if dataset.pipeline.schema_names:
            dataset.warehouse.connect()  # beside the connection that is open this costs nothing
    with ExitStack() as stack, destination_errors(destination.name, personal=destination.personal):
        stack.callback(dataset.warehouse.release)
        if dataset.ledger.layout < LAYOUT:
            migrate(dataset.pipeline, dataset.warehouse, dataset.ledger)
        retype(dataset.pipeline, dataset.warehouse, catalogue)
        index_days(dataset.warehouse, catalogue)
        if destination.personal:
            name_profiles(dataset.warehouse)
            dataset = replace(dataset, forgotten=forgotten_people(dataset.warehouse, dataset.ledger.kept_out))
        stack.pop_all()  # it stays open for whoever asked for it
    return dataset


@contextmanager
def dataset_to_read(target: Target, grain: Grain, catalogue: Mapping[str, Endpoint]) -> Iterator[Dataset]:
    """Open a dataset to look at it, also beside a sync into it; nothing is written, and at the end it is closed.

    What an earlier version has loaded is read as it is there.

    Raises:
        ConfigurationError: credentials or path cannot work, or a later version of this program wrote the ledger.
        DestinationBusyError: another process holds the destination, or it does not answer.
    """
    with ReadOnlyDestination(target) as destination:
        with destination.opened():
            dataset = _dataset(destination, grain, catalogue)
        try:
            if dataset.ledger.layout < READABLE:
                with destination_errors(destination.name):
                    read_as_today(dataset.pipeline, dataset.warehouse)
            yield replace(dataset, pending=destination.pending, at_work=destination.at_work)
        finally:
            dataset.warehouse.release()


def _dataset(destination: Attached, grain: Grain, catalogue: Mapping[str, Endpoint]) -> Dataset:
    pipeline = destination.pipeline
    ledger = Ledger.from_state(pipeline.state.get("sources", {}).get(pipeline.pipeline_name, {}))
    ledger.tenant = ledger.tenant or destination.target.profile_id
    untold = frozenset(table for row in catalogue.values() if row.tenant is None for table in row.tables)
    owner = Owner(profile=lambda: ledger.tenant, nameless=not destination.target.ledger_id, untold=untold)
    warehouse = Warehouse(pipeline, grain, owner, destination.turn)
    tables = warehouse.tables({*ledger.endpoints(), TABLE})
    for name in ledger.endpoints():
        if not tables.issuperset(catalogue[name].reconciled_tables if name in catalogue else [name]):
            ledger.drop(name)
    seen = pipeline.default_schema.data_tables(seen_data_only=True) if pipeline.schema_names else []
    if not tables.issuperset(str(table["name"]) for table in seen):
        ledger.described = ""  # a table that was dropped by hand comes back without comments
    shared = {table for row in catalogue.values() for table in row.tables} if destination.target.shared else set()
    return Dataset(pipeline=pipeline, warehouse=warehouse, ledger=ledger, shared_tables=frozenset(shared))
