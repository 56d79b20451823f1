"""One writer at a time, wherever it runs: a lease in the dataset, whose number grows with each holder.

The lock file of `lock.py` keeps the runs of one home folder apart; this keeps apart those of other folders, users and
machines. A run that was thought dead and goes on finds another number, in the transaction of each statement that it
sends, and writes nothing more. Where the destination locks single rows, whoever takes the lease waits for transactions
that have seen the number before, so that none of them ends later. Clocks decide only how long a killed run keeps others
waiting, never whether a row is written.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import pendulum
from dlt.common.destination.exceptions import DestinationTerminalException, DestinationUndefinedEntity
from dlt.destinations.sql_client import SqlClientBase
from pendulum import DateTime
from pendulum.parsing.exceptions import ParserError

from pipelines.destinations.executing import execute
from pipelines.destinations.verdicts import is_locked
from pipelines.destinations.waiting import STOP, DestinationBusyError
from pipelines.sql.conditions import before, equal
from pipelines.sql.reading import Columns, Lock, rows
from pipelines.sql.writing import create, insert, update
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError

TABLE: Final = "run_lease"

LEASE_SECONDS: Final = 300
"""How long a run that was killed keeps other machines out; the next run of its own home folder need not wait."""

RENEW_SECONDS: Final = 60

PATIENCE_SECONDS: Final = 10
"""How long the last statements of a run that was killed are waited for."""

_NUMBER_MAX: Final = 2**62

_COLUMNS: Final[Columns] = {
    "lease_number": Type.BIGINT,
    "holder": Type.TEXT,
    "host": Type.TEXT,
    "pid": Type.BIGINT,
    "held_since": Type.TEXT,
    "held_until": Type.TEXT,
}


class LeaseLostError(DestinationBusyError, DestinationTerminalException):
    """Another run has taken the dataset over; dlt tries nothing again after it."""

    def __init__(self) -> None:
        super().__init__(
            "another run has taken this dataset over, because nothing was heard of this one; what this one has"
            " committed stays, the rest is read again by the next run"
        )


class _TakenMeanwhileError(Exception):
    """Somebody else has come first by a moment."""


@dataclass(frozen=True)
class Held:
    """A row of the table.

    Attributes:
        number: grows with each holder.
        holder: id of a home folder; empty while nobody holds it.
        host: name of the machine.
        pid: process on it.
        since: when it was taken, ISO 8601.
        until: from when on anybody may take it, unless it is renewed; ISO 8601.
    """

    number: int
    holder: str | None = None
    host: str | None = None
    pid: int | None = None
    since: str | None = None
    until: str | None = None

    @property
    def is_current(self) -> bool:
        """Somebody holds it, and it has not run out; a moment that nobody can read is over."""
        try:
            until = pendulum.parse(self.until or "")
        except ParserError:
            return False
        return bool(self.holder) and isinstance(until, DateTime) and until > pendulum.now("UTC")

    def __str__(self) -> str:
        """Who it is, for a message."""
        return (
            f"process {self.pid} on {self.host} since {self.since}; if it was killed, the dataset is free again at"
            f" {self.until}"
        )


def lease_of(client: SqlClientBase[Any], lock: Lock | None = None) -> Held | None:
    """Return who holds a dataset; None where nobody ever has.

    Two processes that make the table at the same moment may leave two rows: the highest number counts.

    Raises:
        ConfigurationError: somebody has changed the table by hand.
    """
    found = [Held(*row) for row in execute(client, rows(TABLE, _COLUMNS, lock=lock))]
    if not all(one.number is not None and 0 <= one.number < _NUMBER_MAX for one in found):
        raise ConfigurationError(
            f"the table {TABLE} of dataset {client.dataset_name} holds a number that no run has written; drop it while"
            " nothing runs, the next run makes it anew"
        )
    return max(found, key=lambda one: one.number, default=None)


class Lease:
    """The lease of one dataset, as one run has it.

    Attributes:
        number: once it is taken.
        lost: somebody else has taken it since.

    Args:
        holder: id of the home folder, whose lock file is held: whoever had the lease from here is dead.
    """

    def __init__(self, holder: str) -> None:
        self.number: int | None = None
        self.lost = False
        self._holder = holder
        self._since = pendulum.now("UTC")
        self._dataset = ""
        self._renewed_at = 0.0

    def take(self, client: SqlClientBase[Any]) -> int:
        """Take the lease over an open connection; return the number of the one before.

        Raises:
            DestinationBusyError: another run holds it; the message says which and until when.
        """
        self._dataset = client.dataset_name
        _make_table(client)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with _transaction(client):
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
            found = lease_of(client, Lock.SHARED)
        if found is None or (found.number, found.holder) != (self.number, self._holder):
            self.lost = True
            raise LeaseLostError

    @property
    def is_due(self) -> bool:
        """It is time to renew it."""
        return self.number is not None and time.monotonic() - self._renewed_at >= RENEW_SECONDS

    def renew(self, client: SqlClientBase[Any]) -> None:
        """Keep it for some time more.

        Raises:
            LeaseLostError: it is not this run's any more.
        """
        with _transaction(client):
            self.check(client)
            execute(client, update(TABLE, {"held_until": self._until()}, [equal("lease_number", self.number)]))
        self._renewed_at = time.monotonic()

    def give_back(self, client: SqlClientBase[Any]) -> None:
        """Let others take it at once; where somebody has taken it, nothing changes."""
        nobody = dict.fromkeys(name for name in _COLUMNS if name != "lease_number")
        mine = [equal("lease_number", self.number), equal("holder", self._holder)]
        with _transaction(client):
            execute(client, update(TABLE, nobody, mine))
        self.number = None

    def _take(self, client: SqlClientBase[Any]) -> int:
        found = lease_of(client, Lock.EXCLUSIVE)
        if found is None:
            raise _TakenMeanwhileError
        if found.is_current and found.holder != self._holder:
            raise DestinationBusyError(f"another sync into this destination is running: {found}")
        number = found.number + 1
        values = (number, self._holder, socket.gethostname(), os.getpid(), str(self._since), self._until())
        execute(client, update(TABLE, dict(zip(_COLUMNS, values, strict=True)), [before("lease_number", number)]))
        taken = {row[:2] for row in execute(client, rows(TABLE, _COLUMNS))}
        if taken != {(number, self._holder)}:
            raise _TakenMeanwhileError
        return number

    def _until(self) -> str:
        now: DateTime = pendulum.now("UTC")
        return str(now.add(seconds=LEASE_SECONDS))


def _make_table(client: SqlClientBase[Any]) -> None:
    """Make the table and its row, where they lack; others may do so at the same moment."""
    try:
        if lease_of(client) is not None:
            return
    except DestinationUndefinedEntity:
        try:
            if not client.has_dataset():
                client.create_dataset()
            execute(client, create(TABLE, _COLUMNS))
        except Exception:
            if not _is_there(client):
                raise
    execute(client, insert(TABLE, {"lease_number": 0}))


def _is_there(client: SqlClientBase[Any]) -> bool:
    try:
        lease_of(client)
    except DestinationUndefinedEntity:
        return False
    return True


@contextmanager
def _transaction(client: SqlClientBase[Any]) -> Iterator[None]:
    if client.capabilities.supports_transactions:
        with client.begin_transaction():
            yield
    else:
        yield
