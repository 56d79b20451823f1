"""DuckDB as a destination whose file and dataset may share a name, such as `atribu.duckdb` and `atribu`.

DuckDB calls the catalog after the file and takes `atribu.channels` for ambiguous when a schema has that name too; dlt
leaves the catalog out of its SQL. Here every name is written in full: catalog, schema, table.

A file that another process has open is waited for wherever a connection is opened.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb as database
from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.exceptions import DestinationConnectionError
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration, DuckDbCredentials
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from pipelines.destinations.configured_once import ConfiguredOnce
from pipelines.destinations.turns import Turn, turn_at, use_of
from pipelines.destinations.waiting import STOP, DestinationBusyError
from pipelines.sql.duckdb_file import attach_copy, checkpoint, copy_database, detach_copy, own_name, storage_version
from pipelines.sql.statement import Statement
from sources.rest.errors import ConfigurationError

T = TypeVar("T")

_RESERVED: Final = frozenset({"main", "temp", "system"})
_NOT_OURS: Final = frozenset({errno.ENOENT, errno.ELOOP, errno.EISDIR})
"""A copy is not there, or is a link or a folder."""

_SCHEMAS: Final = frozenset({"information_schema"})

RETRY_SECONDS: Final = 0.2
"""How often a file that another process holds is tried again."""

CLOSING_SECONDS: Final = 10.0
"""How long a file is waited for that another thread of this process is closing: DuckDB lets go of it a moment later."""

_HELD: Final = ("Conflicting lock", "Could not set lock")
_CLOSING: Final = "Unique file handle conflict"


@configspec(init=False)
class _Credentials(DuckDbCredentials):
    def __str__(self) -> str:
        """As dlt tells where a file is, without SQLAlchemy: importing that takes as long as half of dlt."""
        return f"duckdb:///{self.database}"


@configspec(init=False)
class _Configuration(DuckDbClientConfiguration):
    credentials: _Credentials = None  # type: ignore[assignment] # as in dlt


class DuckDbFile(ConfiguredOnce, duckdb):
    """dlt's DuckDB destination, with names written in full, and with patience.

    Attributes:
        wait: seconds to wait for a file that another process holds.
        note: what a user should know of the file; empty for nothing.
        published: the file that readers get a copy in; None where none is asked for.

    Args:
        file: where it is.
        read_only: it is only read.
        options: those of dlt's own.
    """

    spec = _Configuration
    wait = 0.0
    note = ""
    published: Path | None = None

    def __init__(self, file: Path, *, read_only: bool = False, **options: Any) -> None:
        # dlt would read an address with SQLAlchemy, where that is installed
        credentials = _Credentials(read_only=read_only)
        credentials.database = str(file)
        super().__init__(credentials, **options)
        self._path = file

    def configuration(
        self,
        initial_config: Any,
        accept_partial: bool = False,  # noqa: FBT001, FBT002 - as in dlt
    ) -> DuckDbClientConfiguration:
        """Return the configuration of a client that has a connection of its own."""
        made: DuckDbClientConfiguration = super().configuration(initial_config, accept_partial)
        if not accept_partial:
            made.credentials.on_resolved()
        return made

    def client(self, schema: Schema, initial_config: Any = None) -> DuckDbClient:
        """Return a client that waits."""
        client = super().client(schema, initial_config)
        client.sql_client.wait = self.wait  # type: ignore[attr-defined] # it is ours
        return client

    @property
    def turn(self) -> Turn:
        """Held by whoever changes something: the file has one connection to write."""
        return turn_at(str(self.file))

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Note that a run of this process works with the file; the last one that does rewrites it, if that is due.

        Raises:
            DestinationBusyError: another process holds the file, or it cannot be copied.
        """
        place = str(self.file)
        with self.turn:
            use_of(place).runs += 1
        try:
            yield
        finally:
            with self.turn:
                use = use_of(place)
                use.runs -= 1
                if use.rewrite and not use.runs:
                    use.rewrite = False
                    self.rewrite()

    def rewrite_later(self) -> None:
        """Let the file be rewritten once no run of this process uses it; if it is killed before, by the next one."""
        with self.turn:
            use_of(str(self.file)).rewrite = True
            rewritten(self.file).touch(mode=0o600)

    def rewrite(self) -> None:
        """Copy the database into a new file: the old one still holds what was deleted, in blocks that are free.

        Raises:
            DestinationBusyError: another process holds the file, or it cannot be copied.
        """
        file, copy = self.file, rewritten(self.file)
        was = file.stat()
        try:
            with database.connect(str(file)) as connection:  # held until the end, so that nobody writes meanwhile
                ((name,),) = execute(connection, own_name()).fetchall()
                write_copy(connection, copy, [copy_database(name)])
                copy.replace(file)
                file.chmod(was.st_mode & 0o777)  # only now: what a kill leaves behind is private
                with suppress(PermissionError):
                    os.chown(file, was.st_uid, was.st_gid)
        except database.Error as error:
            remove_file(copy)
            raise DestinationBusyError(
                "rows are deleted, but the DuckDB file cannot be rewritten and holds them in free blocks still"
                f" ({type(error).__name__}); run elt forget again, it rewrites the file whomever it is told to forget"
            ) from None

    @property
    def file(self) -> Path:
        """The file itself, whatever links lead to it."""
        return self._path.resolve()

    def empty_leftover(self) -> bool:
        """Whether a rewrite was killed and has yet to be done again; nothing of what it had copied stays."""
        copy = rewritten(self.file)
        with self.turn:  # a lock of the file keeps out other processes only
            return self._empty(copy)

    def _empty(self, copy: Path) -> bool:
        if not self.file.exists():
            remove_file(copy)
        try:
            # what a link leads to is none of ours, whoever has put it there
            left = os.open(copy, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in _NOT_OURS:
                return False
            raise
        try:
            fcntl.lockf(left, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as DuckDB does while it writes
            os.ftruncate(left, 0)
            Path(f"{copy}.wal").unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(left)
        return True

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that writes them."""
        return _Client


def catalog_of(file: Path) -> str:
    """What DuckDB calls the database of a file that is no link: its name up to a dot; some it keeps for itself."""
    name = next((part for part in file.name.split(".") if part), "")
    return f"{name}_db" if name.lower() in _RESERVED else name


def unusable(file: Path) -> str:
    """What no database may have in its name, or be called; empty where the name of a file is one.

    dlt cuts its statements apart where a semicolon stands or a line ends, and takes a question mark for a value, also
    within a name. A schema that DuckDB has in every database cannot be told from a database of that name.
    """
    name = catalog_of(file)
    if name.lower() in _SCHEMAS:
        return f"the name {name}, which DuckDB has for itself"
    return "" if name.isprintable() and not {";", "?"} & {*name} else "a semicolon, question mark or control character"


def refuse_name(place: Path, datasets: Collection[str]) -> None:
    """Refuse a file that DuckDB would call as one of the datasets in it.

    Raises:
        ConfigurationError: it would.
    """
    name = catalog_of(place)
    if name.lower() in {one.lower() for one in datasets}:
        raise ConfigurationError(
            f"publish_to {place} has the name of the dataset {name}, and DuckDB could not tell one from the other; give"
            " the file another name"
        )


def rewritten(file: Path) -> Path:
    """Where a DuckDB file is copied to while it is rewritten: beside it, by a name that git ignores as others."""
    return file.with_name(f"{file.name}.rewritten.duckdb")


def write_copy(connection: database.DuckDBPyConnection, copy: Path, statements: Iterable[Statement]) -> None:
    """Write a new file that readers of the same versions of DuckDB can read, and close it.

    Args:
        connection: an open one to the database; nobody else writes while it is open.
        copy: the file.
        statements: what fills it; in them it is called `pipelines.sql.duckdb_file.COPY`.
    """
    remove_file(copy)
    execute(connection, checkpoint())
    ((version,),) = execute(connection, storage_version()).fetchall()
    execute(connection, attach_copy(str(copy), (version or "").removesuffix("+")))
    connection.begin()  # else each statement waits for the disk
    for statement in statements:
        execute(connection, statement)
    connection.commit()
    execute(connection, detach_copy())


def remove_file(copy: Path) -> None:
    """Remove a file that nobody has open, and what DuckDB has left beside it."""
    copy.unlink(missing_ok=True)
    Path(f"{copy}.wal").unlink(missing_ok=True)


def patiently(opening: Callable[[], T], wait: float) -> T:
    """Open a file, and wait so many seconds while another process holds it.

    Raises:
        DestinationBusyError: it still does.
    """
    began = time.monotonic()
    while True:
        try:
            return opening()
        except (DestinationConnectionError, database.Error) as error:
            text = " ".join(str(getattr(error, "inner_exc", error)).split())
            if not any(one in text for one in (*_HELD, _CLOSING)):
                raise
            longest = max(wait, CLOSING_SECONDS) if _CLOSING in text else wait
            if time.monotonic() >= began + longest or STOP.is_set():
                raise DestinationBusyError(
                    "the DuckDB file is held by another process, close it or run again later:"
                    f" {text.partition('See also')[0].strip()}"
                ) from error
        time.sleep(RETRY_SECONDS)


class _SqlClient(DuckDbSqlClient):
    wait = 0.0

    def open_connection(self) -> Any:
        return patiently(super().open_connection, self.wait)

    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:  # noqa: ARG002, FBT001, FBT002 - as in dlt
        name = catalog_of(Path(self.credentials.database))
        return str(self.capabilities.escape_identifier(name)) if quote else name

    def warn_if_catalog_equals_dataset_name(self) -> None:
        """Nothing to warn of."""


class _Client(DuckDbClient):
    def __init__(
        self, schema: Schema, config: DuckDbClientConfiguration, capabilities: DestinationCapabilitiesContext
    ) -> None:
        super().__init__(schema, config, capabilities)
        names = self.create_dataset_names(schema, config)
        self.sql_client: Any = _SqlClient(*names, config.credentials, capabilities)


def execute(connection: database.DuckDBPyConnection, statement: Statement) -> database.DuckDBPyConnection:
    """Execute a statement that names tables in full, and takes no values beside its text."""
    return connection.execute(statement.expression.sql("duckdb"))
