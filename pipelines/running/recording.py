"""A run's row in `sync_runs`, from its start to its end."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipelines.destinations.waiting import DestinationBusyError
from pipelines.running.exit_codes import exit_code
from pipelines.running.journal import Journal
from pipelines.sql.conditions import equal
from pipelines.storing.commit import Committer
from pipelines.storing.history import RUNNING, Said
from pipelines.storing.status import note_runs, runs_of, takes_runs
from pipelines.storing.warehouse import Warehouse
from sources.rest.errors import ConfigurationError


@contextmanager
def recorded(journal: Journal, committer: Committer, warehouse: Warehouse) -> Iterator[None]:
    """Leave a row that says that the run has begun; if an error ends it, say which exit code that was.

    The lock of the destination has to be held: runs that have not come to their end were killed then.
    """
    journal.found(runs_of(warehouse, [equal("outcome", RUNNING)]))
    if takes_runs(warehouse):
        note_runs(warehouse, *journal.take_runs())  # a load package takes half a second of CPU, and this a statement
    else:
        committer.commit([], None, said=lambda _: Said(journal.take_rows(restatements=False)))
    try:
        yield
    except Exception as error:
        if not journal.ended:
            journal.end(exit_code(error))
            with suppress(ConfigurationError, DestinationBusyError):  # the run has failed with the error above
                committer.commit([], None, said=lambda _: Said(journal.take_rows(restatements=False)))
        raise
