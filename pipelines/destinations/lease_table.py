"""The table `run_lease` of a dataset: a row per profile, which says who loads it now and whose ledger is whose."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pendulum
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations.sql_client import SqlClientBase
from pendulum import DateTime
from pendulum.parsing.exceptions import ParserError
from sqlglot import exp

from pipelines.destinations.executing import execute, execute_by_name
from pipelines.destinations.meanwhile import made_by_somebody
from pipelines.sql.conditions import equal, is_null
from pipelines.sql.reading import Columns, Lock, all_columns, rows
from pipelines.sql.writing import add_column, create, insert, update
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError

TABLE: Final = "run_lease"

_NUMBER_MAX: Final = 2**62

LEASE: Final[Columns] = {
    "lease_number": Type.BIGINT,
    "holder": Type.TEXT,
    "host": Type.TEXT,
    "pid": Type.BIGINT,
    "held_since": Type.TEXT,
    "held_until": Type.TEXT,
}

ABOUT: Final[Columns] = {
    "ledger_id": Type.TEXT,
    "profile_id": Type.TEXT,
    "profile_name": Type.TEXT,
    "key_fingerprint": Type.TEXT,
}
"""Columns that an earlier version, which knew one profile, had not."""

DESCRIPTION: Final = "One row per profile: which run loads it now, and which ledger of the dataset is its own."

MEANINGS: Final[Mapping[str, str]] = {
    "lease_number": "Grows with each run that loads.",
    "holder": "Home folder of the run that loads now, as an id; empty while none does.",
    "host": "Machine of that run.",
    "pid": "Process of that run.",
    "held_since": "When it began, ISO 8601.",
    "held_until": "From when on another run may begin, unless this one says that it lives, ISO 8601.",
    "ledger_id": "Which ledger is the profile's; empty for one that was loaded without a name.",
    "profile_id": "Profile; null where no answer has told it.",
    "profile_name": "What the configuration calls the profile; empty for the one without a name.",
    "key_fingerprint": "Tells the key that was used from others; nobody can make out the key from it.",
}
"""What the columns of both hold."""


@dataclass(frozen=True)
class Held:
    """What a row says of the lease.

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


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a row says of a profile.

    Attributes:
        ledger_id: which of the dataset's ledgers is its own.
        profile_id: id of the profile; None where no answer has told it yet.
        name: what it was last called in the configuration; empty for the one without a name.
        key: fingerprint of the key that last worked; empty where none has.
    """

    ledger_id: str = ""
    profile_id: str | None = None
    name: str = ""
    key: str = ""

    @property
    def noted(self) -> Mapping[str, str | None]:
        """What is written of it into its row; a key that nobody has answered to is not."""
        key = {"key_fingerprint": self.key} if self.key else {}
        return {"profile_id": self.profile_id, "profile_name": self.name, **key}


def lease_of(client: SqlClientBase[Any], ledger_id: str, lock: Lock) -> Held | None:
    """Return who holds the lease of a profile; None where nobody ever has.

    Two processes that make a row at the same moment may leave two: the highest number counts.

    Raises:
        ConfigurationError: somebody has changed the table by hand.
    """
    found = [Held(*row) for row in execute(client, rows(TABLE, LEASE, of_ledger(ledger_id), lock=lock))]
    if not all(one.number is not None and 0 <= one.number < _NUMBER_MAX for one in found):
        raise ConfigurationError(
            f"the table {TABLE} of dataset {client.dataset_name} holds a number that no run has written; drop it while"
            " nothing runs, the next run makes it anew"
        )
    return max(found, key=lambda one: one.number, default=None)


def holder_of(client: SqlClientBase[Any], ledger_id: str) -> Held | None:
    """Return the same of a table that may be of an earlier version, or may not be there.

    Raises:
        ConfigurationError: somebody has changed the table by hand.
    """
    rows_found = [row for row in _rows(client) if (row.get("ledger_id") or "") == ledger_id]
    if lacking := sorted({name for row in rows_found for name in LEASE.keys() - row.keys()}):
        raise ConfigurationError(
            f"the table {TABLE} of dataset {client.dataset_name} has no {', '.join(lacking)}: somebody has taken a"
            " column from a table: put it back, or drop the table while nothing runs"
        )
    found = [Held(*[row[name] for name in LEASE]) for row in rows_found]
    return max(found, key=lambda one: one.number, default=None)


def held_by_others(client: SqlClientBase[Any], ledger_id: str) -> list[Held]:
    """Return who holds the lease of another profile of the dataset now."""
    others = [row for row in _rows(client) if (row["ledger_id"] or "") != ledger_id]
    return [one for one in (Held(*[row[name] for name in LEASE]) for row in others) if one.is_current]


def known_profiles(client: SqlClientBase[Any]) -> list[Known]:
    """Return the profiles that have a ledger in a dataset; none where nothing was loaded."""
    found = (
        Known(
            ledger_id=row.get("ledger_id") or "",
            profile_id=row.get("profile_id") or None,
            name=row.get("profile_name") or "",
            key=row.get("key_fingerprint") or "",
        )
        for row in _rows(client)
    )
    return list(dict.fromkeys(found))


def of_ledger(ledger_id: str) -> list[exp.Expr]:
    """The row is that of a ledger."""
    return [equal("ledger_id", ledger_id)]


def make_row(client: SqlClientBase[Any], ledger_id: str) -> None:
    """Make the table and the row of a profile, where they lack; others may do so at the same moment."""
    made_by_somebody(partial(_make_table, client))
    if not execute(client, rows(TABLE, LEASE, of_ledger(ledger_id))):
        execute(client, insert(TABLE, {"lease_number": 0, "ledger_id": ledger_id}))


@contextmanager
def transaction(client: SqlClientBase[Any]) -> Iterator[None]:
    """Let changes come true together, where the destination knows transactions."""
    if client.capabilities.supports_transactions:
        with client.begin_transaction():
            yield
    else:
        yield


def _make_table(client: SqlClientBase[Any]) -> None:
    there = _columns(client)
    if not there:
        try:
            if not client.has_dataset():
                client.create_dataset()
            execute(client, create(TABLE, {**LEASE, **ABOUT}))
        except Exception:
            if not _columns(client):
                raise
        return
    for name in sorted(ABOUT.keys() - there):
        execute(client, add_column(TABLE, name, ABOUT[name]))
    if any(row["ledger_id"] is None for row in _rows(client)):  # of the one that an earlier version knew
        execute(client, update(TABLE, {"ledger_id": ""}, [is_null("ledger_id")]))


def _rows(client: SqlClientBase[Any]) -> list[dict[str, Any]]:
    try:
        return execute_by_name(client, all_columns(TABLE))[1]
    except DestinationUndefinedEntity:
        return []


def _columns(client: SqlClientBase[Any]) -> set[str]:
    """Columns of the table; none where it is not there."""
    try:
        return set(execute_by_name(client, all_columns(TABLE))[0])
    except DestinationUndefinedEntity:
        return set()
