"""One writer of a profile at a time, wherever it runs: a lease in the dataset, whose number grows with each holder.

The lock file of `lock.py` keeps the runs of one home folder apart; this keeps apart those of other folders, users and
machines. A run that was thought dead and goes on finds another number, in the transaction of each statement that it
sends, and writes nothing more. Where the destination locks single rows, whoever takes the lease waits for transactions
that have seen the number before, so that none of them ends later. Clocks decide only how long a killed run keeps others
waiting, never whether a row is written.
"""

import os
import socket
import time
from contextlib import suppress
from typing import Any, Final

import pendulum
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationUndefinedEntity
from dlt.destinations.sql_client import SqlClientBase
from pendulum import DateTime
from sqlglot import exp

from pipelines.destinations.executing import execute
from pipelines.destinations.lease_table import (
    LEASE,
    TABLE,
    Known,
    held_by_others,
    lease_of,
    make_row,
    of_ledger,
    transaction,
)
from pipelines.destinations.verdicts import is_locked
from pipelines.destinations.waiting import STOP, DestinationBusyError
from pipelines.sql.conditions import before, equal
from pipelines.sql.reading import Lock, rows
from pipelines.sql.writing import update

LEASE_SECONDS: Final = 300
"""How long a run that was killed keeps other machines out; the next run of its own home folder need not wait."""

RENEW_SECONDS: Final = 60

PATIENCE_SECONDS: Final = 10
"""How long the last statements of a run that was killed are waited for."""


class LeaseLostError(DestinationBusyError, DestinationTerminalException):
    """Another run has taken the dataset over; dlt tries nothing again after it."""

    def __init__(self) -> None:
        super().__init__(
            "another run has taken this dataset over, because nothing was heard of this one; what this one has"
            " committed stays, the rest is read again by the next run"
        )


class _TakenMeanwhileError(Exception):
    """Somebody else has come first by a moment."""


class Lease:
    """The lease of one profile in a dataset, as one run has it.

    Attributes:
        number: once it is taken.
        lost: somebody else has taken it since.

    Args:
        holder: id of the home folder, whose lock file is held: whoever had the lease from here is dead.
        ledger_id: which of the dataset's ledgers it is about.
    """

    def __init__(self, holder: str, ledger_id: str = "") -> None:
        self.number: int | None = None
        self.lost = False
        self._holder = holder
        self._ledger_id = ledger_id
        self._since = pendulum.now("UTC")
        self._dataset = ""
        self._renewed_at = 0.0

    def take(self, client: SqlClientBase[Any]) -> int:
        """Take the lease over an open connection; return the number of the one before.

        Raises:
            DestinationBusyError: another run holds it; the message says which and until when.
        """
        self._dataset = client.dataset_name
        make_row(client, self._ledger_id)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with transaction(client):
                    number = self._take(client)
            except Exception as error:
                if not (isinstance(error, _TakenMeanwhileError) or is_locked(error)):
                    raise
                if time.monotonic() >= deadline or STOP.is_set():
                    raise DestinationBusyError(
                        "another run writes to this dataset at this moment; run again later"
                    ) from error
                time.sleep(1)
            else:
                self.number, self._renewed_at = number, time.monotonic()
                return number - 1

    def check(self, client: SqlClientBase[Any]) -> None:
        """Make sure that the lease is still this run's; meant for the beginning of a transaction.

        Raises:
            LeaseLostError: it is not.
        """
        found = None
        # the client may be at its staging dataset; a table that was dropped holds nobody's lease
        with client.with_alternative_dataset_name(self._dataset), suppress(DestinationUndefinedEntity):
            found = lease_of(client, self._ledger_id, Lock.SHARED)
        if found is None or (found.number, found.holder) != (self.number, self._holder):
            self.lost = True
            raise LeaseLostError

    @property
    def is_due(self) -> bool:
        """It is time to renew it."""
        return self.number is not None and time.monotonic() - self._renewed_at >= RENEW_SECONDS

    def be_alone(self, client: SqlClientBase[Any]) -> None:
        """Make sure that nobody holds the lease of another profile; that of this one is this run's.

        Raises:
            DestinationBusyError: somebody does.
        """
        for other in held_by_others(client, self._ledger_id):
            raise DestinationBusyError(
                "rows are deleted, but earlier versions of the tables still hold them, because another sync into this"
                f" dataset is running: {other}; the next run that has it for itself removes them"
            )

    def renew(self, client: SqlClientBase[Any]) -> None:
        """Keep it for some time more.

        Raises:
            LeaseLostError: it is not this run's any more.
        """
        with transaction(client):
            self.check(client)
            execute(client, update(TABLE, {"held_until": self._until()}, self._mine()))
        self._renewed_at = time.monotonic()

    def give_back(self, client: SqlClientBase[Any], known: Known | None = None) -> None:
        """Let others take it at once; where somebody has taken it, nothing changes.

        Args:
            client: an open connection.
            known: what there is to note of the profile; None where no answer has told whose key it is.
        """
        nobody = dict.fromkeys(name for name in LEASE if name != "lease_number")
        with transaction(client):
            execute(client, update(TABLE, {**nobody, **(known.noted if known else {})}, self._mine()))
        self.number = None

    def _take(self, client: SqlClientBase[Any]) -> int:
        found = lease_of(client, self._ledger_id, Lock.EXCLUSIVE)
        if found is None:
            raise _TakenMeanwhileError
        if found.is_current and found.holder != self._holder:
            raise DestinationBusyError(f"another run of this profile into this destination is at work: {found}")
        number = found.number + 1
        values = (number, self._holder, socket.gethostname(), os.getpid(), str(self._since), self._until())
        own = of_ledger(self._ledger_id)
        earlier = [*own, before("lease_number", number)]
        execute(client, update(TABLE, dict(zip(LEASE, values, strict=True)), earlier))
        taken = {row[:2] for row in execute(client, rows(TABLE, LEASE, own))}
        if taken != {(number, self._holder)}:
            raise _TakenMeanwhileError
        return number

    def _mine(self) -> list[exp.Expr]:
        """The row that this run has taken."""
        return [*of_ledger(self._ledger_id), equal("lease_number", self.number), equal("holder", self._holder)]

    def _until(self) -> str:
        now: DateTime = pendulum.now("UTC")
        return str(now.add(seconds=LEASE_SECONDS))
