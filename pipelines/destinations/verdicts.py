"""What an error of a destination calls for: to wait, or to change something.

What never reached a server, or was cut off, may be there again later; what a server answers by refusing will be refused
again until somebody changes something. Whatever neither dlt nor a driver says this of is left to whoever catches it.
"""

import errno
import re
import sqlite3
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
from dlt.common.destination.exceptions import DestinationTransientException, DestinationUndefinedEntity
from dlt.common.exceptions import TerminalException
from dlt.destinations.exceptions import DestinationConnectionError


class WrittenMeanwhileError(DestinationTransientException):
    """Somebody else has written first; whoever comes second writes nothing."""

    def __init__(self, table: str) -> None:
        super().__init__(f"table {table} was written by another process at the same moment")


@dataclass(frozen=True)
class Verdict:
    """What an error calls for.

    Attributes:
        error: the one that tells.
        advice: what to change; empty where it is enough to wait.
        quotes: its text may hold values of rows.
    """

    error: BaseException
    advice: str = ""
    quotes: bool = False


LATER: Final = ""
_RIGHTS: Final = "let the user create schemas and tables in this database, and write to those of the dataset"
_READ_ONLY: Final = "it can only be read: write to the primary server, or to a file that may be written"
_CREDENTIALS: Final = "check host, database, user, password and certificates under credentials"
_PATH: Final = "check path and permissions"
_DAMAGED: Final = "the file is damaged: put back a copy, or give the path of a new one"
_OTHER_FILE: Final = "it is an SQLite file: give the path of another, or change destination_type to sqlalchemy"
_CHANGED: Final = (
    "somebody has taken a column from a table: put it back, or drop the table, and the next sync loads it again; if an"
    " earlier version of this program has made the table, run elt sync first"
)

_SQLSTATES: Final[Mapping[str, str]] = {
    "08": LATER,  # connection exception: cut off, or none came about
    "57P": LATER,  # operator intervention: the server stops, starts or has crashed
    "57014": LATER,  # statement_timeout has cancelled it
    "25P03": LATER,  # idle_in_transaction_session_timeout has cut it off
    "25P04": LATER,  # transaction_timeout has
    "53": LATER,  # insufficient resources: disk, memory, connections
    "40": LATER,  # deadlock or serialization failure: another transaction was in the way
    "55P03": LATER,  # lock_timeout: another transaction holds the table
    "58": LATER,  # the server's own input and output failed
    "28": _CREDENTIALS,  # invalid authorization: user, password, pg_hba.conf
    "3D": "check the name of the database, or create it",  # no such database
    "3F": "let the user create the schema of the dataset, or create it",  # no such schema
    "42501": _RIGHTS,  # insufficient privilege
    "42703": _CHANGED,  # undefined column: one that dlt's schema has
    "25006": _READ_ONLY,  # read-only transaction: a replica, or default_transaction_read_only
}
"""Beginning of an SQLSTATE (ISO 9075, appendix A of the manual of PostgreSQL) -> what to change; the longest counts."""

_PROGRAM_LIMIT: Final = "54"
"""Class of SQLSTATE: too many columns, a row too long, a statement too complex; psycopg2 calls it operational."""

_NAMES: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
"""Names of hosts, users and files in a message; they may hold any word."""

_REFUSALS: Final = (
    "authentication failed",
    "access denied",
    "permission denied",
    "pg_hba.conf",
    "no password supplied",
    "not permitted to log in",
    "does not exist",
    "unknown database",
    "no such database",
    "no such user",
    "not found",
    "not specified",
    "unsupported",
    "does not support ssl",
    "required",
    "insecure",
    "certificate",
    "invalid",
    "expected authentication request",
)
"""Words of a server or a pooler, or of a client that reads its own settings or meets a server of another kind. libpq
and PyMySQL have no SQLSTATE for a connection that does not come about: without one of these words it counts as away,
since trying again does no harm."""

_CLOSED: Final = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    }
)
"""Errors of the operating system that stay until somebody changes a path or its permissions; a full disk heals."""

_SQLITE: Final[Mapping[int, str]] = {
    sqlite3.SQLITE_PERM: _PATH,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _PATH,
    sqlite3.SQLITE_NOTADB: "it is no SQLite file: give the path of another",
    sqlite3.SQLITE_BUSY: LATER,
    sqlite3.SQLITE_LOCKED: LATER,
    sqlite3.SQLITE_FULL: LATER,
    sqlite3.SQLITE_IOERR: LATER,
}
"""Primary result code of SQLite -> what to change."""

_DUCKDB: Final[Sequence[tuple[tuple[type[duckdb.Error], ...], tuple[str, ...], str]]] = (
    ((duckdb.PermissionException,), ("",), _PATH),
    ((duckdb.IOException, duckdb.InvalidInputException), ("read-only",), _READ_ONLY),
    (
        (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException),
        ("could not read enough bytes", "corrupt database file", "checksum"),
        _DAMAGED,
    ),
    ((duckdb.Error,), ("corrupt database file",), _DAMAGED),  # its base type, for a block that was written over
    ((duckdb.IOException,), ('"sqlite_scanner"',), _OTHER_FILE),  # the extension that reads it
    ((duckdb.BinderException,), ("referenced column",), _CHANGED),
    ((duckdb.IOException,), ("cannot open", "not a valid duckdb", "permission denied", "is a directory"), _PATH),
    (
        (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.ConnectionException, duckdb.TransactionException),
        ("",),
        LATER,
    ),
)
"""Types of DuckDB's errors, and words of which the text holds one -> what to change; the first that fits counts.

It has one type, `IOException`, for a path that is wrong, a file that is damaged and a disk that is full."""


def chain(error: BaseException) -> Iterator[BaseException]:
    """Return an error and what has led to it, the nearest first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def verdict_of(error: BaseException) -> Verdict | None:
    """Return what an error calls for; None where neither dlt nor a driver says so."""
    errors = list(chain(error))
    for one in errors:
        advice = _of_driver(one)
        if advice is not None:
            return Verdict(one, advice)
    if any(isinstance(one, DestinationConnectionError) for one in errors) and isinstance(errors[-1], ValueError):
        return Verdict(errors[-1], _CREDENTIALS)  # the client cannot read what it is to connect with, such as a key
    # of what no driver has a code for, dlt says at least whether it is worth trying again
    for one in errors:
        if _is_away(one) and not any(map(_is_of_rows, errors)):
            return Verdict(errors[-1], LATER, quotes=True)
    return None


def was_made_meanwhile(error: BaseException) -> bool:
    """Whether somebody else has made a table, column or schema at the same moment, so that it is there now."""
    made = {"42P06", "42P07", "42701", "23505", "40P01", "40001"}
    return any(
        isinstance(one, WrittenMeanwhileError)
        or _sqlstate(one) in made
        or (isinstance(one, duckdb.CatalogException) and "already exists" in str(one))
        for one in chain(error)
    )


def is_locked(error: BaseException) -> bool:
    """Whether somebody holds the row that was to be locked, or has changed it first."""
    held = {"55P03", "40001", "40P01"}
    return any(isinstance(one, WrittenMeanwhileError) or _sqlstate(one) in held for one in chain(error))


def _of_driver(error: BaseException) -> str | None:
    """What the type or the code of a driver's error says: empty to wait, None where it says nothing."""
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", -1) & 0xFF)  # the rest of the number is its kind
    if isinstance(error, duckdb.Error):
        return _of_duckdb(error)
    state = _sqlstate(error)
    if state:
        found = max((one for one in _SQLSTATES if state.startswith(one)), key=len, default=None)
        return None if found is None else _SQLSTATES[found]
    if isinstance(error, OSError) and error.errno is not None:
        refused = _CREDENTIALS if isinstance(error, ssl.SSLCertVerificationError) else _PATH
        return refused if error.errno in _CLOSED or refused is _CREDENTIALS else LATER
    return _of_connection(error)


def _of_connection(error: BaseException) -> str | None:
    """What is said of a connection by errors that PEP 249 names: other ones speak of rows or of statements."""
    names = _names(error)
    if names & {"ArgumentError", "NoSuchModuleError"}:
        return "give an address that SQLAlchemy knows under credentials, such as sqlite:////path/to/file.db"
    if "ProgrammingError" in names and str(error).startswith("invalid dsn"):
        return _CREDENTIALS  # psycopg2 has sent nothing: it cannot read the address
    if not names & {"OperationalError", "InterfaceError"} or getattr(error, "orig", None) is not None:
        return None  # SQLAlchemy wraps what the driver has raised
    text = _NAMES.sub("", str(error)).lower()
    return _CREDENTIALS if any(word in text for word in _REFUSALS) else LATER


def _of_duckdb(error: duckdb.Error) -> str | None:
    text = str(error).lower()
    for kinds, words, advice in _DUCKDB:
        of_kind = type(error) is duckdb.Error if duckdb.Error in kinds else isinstance(error, kinds)
        if of_kind and any(word in text for word in words):
            return advice
    return None


def _sqlstate(error: BaseException) -> str:
    """Five characters that a database names an error by; psycopg2, psycopg and Snowflake each have a field for it."""
    for name in ("pgcode", "sqlstate"):
        code = getattr(error, name, None)
        if isinstance(code, str) and code:
            return code
    return ""


def _is_away(error: BaseException) -> bool:
    # a table that was dropped in the middle of a run is made again by the next one
    if isinstance(error, DestinationUndefinedEntity):
        return True
    return isinstance(error, DestinationTransientException) and not isinstance(error, TerminalException)


def _is_of_rows(error: BaseException) -> bool:
    """Whether PEP 249 or an SQLSTATE says that rows or statements are at fault: they will be again."""
    return _sqlstate(error).startswith(_PROGRAM_LIMIT) or bool(
        _names(error) & {"DataError", "IntegrityError", "ProgrammingError", "NotSupportedError"}
    )


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
