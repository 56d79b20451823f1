"""What a lake keeps of rows that are deleted: earlier versions of its tables, until they are removed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from dlt.destinations.sql_client import SqlClientBase

from pipelines.destinations.lease import Lease
from pipelines.destinations.waiting import DestinationBusyError


class _Kept(Protocol):
    def forget_history(self, undisturbed: Callable[[], None]) -> None: ...

    def is_forgetting(self) -> bool | None: ...


def remove_earlier_versions(client: SqlClientBase[Any], lease: Lease) -> None:
    """Leave nothing of what the tables of a dataset have held before, where the destination keeps that.

    Raises:
        DestinationBusyError: another run is at work in the dataset; the next one that has it for itself does this.
    """
    if kept := _kept_by(client):
        kept.forget_history(lambda: lease.be_alone(client))


def finish_removing(client: SqlClientBase[Any], lease: Lease) -> None:
    """Begin only where nobody removes earlier versions; what was begun and cut off is done again.

    Raises:
        DestinationBusyError: somebody does.
    """
    kept = _kept_by(client)
    at_work = kept.is_forgetting() if kept else False
    if at_work:
        raise DestinationBusyError("somebody is erased from this dataset at this moment; run again later")
    if kept and at_work is None:
        with suppress(DestinationBusyError):  # the next run tries again
            remove_earlier_versions(client, lease)


def _kept_by(client: SqlClientBase[Any]) -> _Kept | None:
    """The tables of a lake; None for a destination that keeps nothing."""
    return getattr(client, "tables", None)
