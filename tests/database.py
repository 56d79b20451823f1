"""The database that a test loads: `local.duckdb` in its folder, or with `--warehouse` what stands for it.

That is a database of a PostgreSQL server, or a lake. A test calls it by the name of the file and asks it in the SQL of
DuckDB, whichever it is. Other files are files.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import duckdb
import psycopg2
import sqlglot
from sqlglot import exp

from pipelines.destinations.named import file_of_destinations
from tests.lake_database import LakeConnection, copy_lake, lake_of
from tests.postgres import postgres_server

FILE: Final = "local.duckdb"
"""The file of the destination that is loaded unless a test names another."""


class Standing(Protocol):
    """What stands for files of the name."""

    kind: str
    """Of the destination, as dlt calls it."""

    def settings(self, file: Path) -> Mapping[str, str]:
        """Settings of the destination `local`, by the end of their names."""

    def connection(self, file: Path) -> "Connection | LakeConnection":
        """A connection to what stands for a file."""

    def make(self, file: Path, *, like: Path | None = None) -> None:
        """Make an empty one in place of the one that may be there, or one that is as another one is."""

    def drop_below(self, folder: Path) -> None:
        """Leave nothing of those of a test."""


class Server:
    """A PostgreSQL server with a database for each file of the name.

    Args:
        address: of its first database, as psycopg2 takes it.
        credentials: the same, as dlt does.
    """

    def __init__(self, address: str, credentials: str) -> None:
        self._address = address
        self._credentials = credentials
        self._made = dict[Path, str]()
        for setting in ("fsync = off", "timezone = 'UTC'"):
            self._command(f"ALTER SYSTEM SET {setting}")
        self._command("SELECT pg_reload_conf()")

    kind = "postgres"

    def settings(self, file: Path) -> Mapping[str, str]:
        """Credentials of the database that stands for a file; it is made if it is not there."""
        if file not in self._made:
            self.make(file)
        return {"CREDENTIALS": self._credentials.replace("/postgres?", f"/{_name(file)}?")}

    def connection(self, file: Path) -> "Connection":
        """A connection to the database that stands for a file."""
        self.settings(file)
        return Connection(psycopg2.connect(self._address, dbname=_name(file)))

    def make(self, file: Path, *, like: Path | None = None) -> None:
        """Make a database in place of the one that may be there, empty or as another one is."""
        self._drop(file)
        template = f" TEMPLATE {_name(like)}" if like else ""
        self._command(f"CREATE DATABASE {_name(file)}{template}")
        self._made[file] = _name(file)

    def _drop(self, file: Path) -> None:
        self._command(f"DROP DATABASE IF EXISTS {_name(file)} WITH (FORCE)")
        self._made.pop(file, None)

    def drop_below(self, folder: Path) -> None:
        """Leave nothing of the databases of a test."""
        for file in [one for one in self._made if one.is_relative_to(folder)]:
            self._drop(file)

    def _command(self, sql: str) -> None:
        with closing(psycopg2.connect(self._address)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql)


class Connection:
    """What tests use of a connection to DuckDB, of one to PostgreSQL."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        connection.autocommit = True
        self._cursor = connection.cursor()

    def __enter__(self) -> Self:
        """Keep it open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._connection.close()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Self:
        """Execute statements that are written for DuckDB."""
        for statement in sqlglot.parse(sql, read="duckdb"):
            for query in statement.find_all(exp.Select) if statement else ():
                self._replace_columns(query)
            text = _translated(statement)
            numbered = {str(place): value for place, value in enumerate(values, 1)}  # $1 has become %(1)s
            self._cursor.execute(text, (numbered if "%(1)s" in text else tuple(values)) or None)
        return self

    def _replace_columns(self, query: exp.Select) -> None:
        """Name each column where all but some are asked for as they are, which PostgreSQL has no words for."""
        star = query.expressions[0]
        replaced = {one.alias: one for one in star.args.get("replace") or ()} if isinstance(star, exp.Star) else {}
        if replaced:
            named = "table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position"
            asked = f"SELECT column_name FROM information_schema.columns WHERE {named}"  # noqa: S608 - a text of ours
            self._cursor.execute(asked, (query.find(exp.Table).name,))  # type: ignore[union-attr] # there is one
            names = [name for (name,) in self._cursor.fetchall()]
            query.set("expressions", [replaced.get(name, exp.column(name, quoted=True)) for name in names])

    sql = execute

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the answer."""
        return [column.name for column in self._cursor.description]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Rows of the answer."""
        found: list[tuple[Any, ...]] = self._cursor.fetchall() if self._cursor.description else []
        return found


class Lakes:
    """A folder of tables for each file of the name, beside it.

    Args:
        table_format: of the tables.
    """

    kind = "filesystem"

    def __init__(self, table_format: str) -> None:
        self._format = table_format

    def settings(self, file: Path) -> Mapping[str, str]:
        """Where it lies, and its format."""
        return {"BUCKET_URL": str(lake_of(file)), "TABLE_FORMAT": self._format}

    def connection(self, file: Path) -> LakeConnection:
        """Its tables, as a connection to DuckDB has them."""
        return LakeConnection(self._format, file)

    def make(self, file: Path, *, like: Path | None = None) -> None:
        """Remove it, or copy another one."""
        self.drop_below(lake_of(file))
        if like:
            copy_lake(self._format, lake_of(like), lake_of(file))

    def drop_below(self, folder: Path) -> None:
        """Remove those of a test."""
        for one in folder.rglob("*.lake") if folder.suffix != ".lake" else [folder]:
            shutil.rmtree(one, ignore_errors=True)


_standing: Final[list[Standing]] = []


@contextmanager
def stood_for_by(kind: str, folder: Path) -> Iterator[None]:
    """Let something stand for the files of the name: what `--warehouse` names."""
    with ExitStack() as stack:
        if kind == "postgres":
            _standing.append(Server(*stack.enter_context(postgres_server(folder))))
        elif kind != "duckdb":
            _standing.append(Lakes(kind))
        try:
            yield
        finally:
            _standing.clear()


def is_elsewhere(file: Path) -> bool:
    """Whether something stands for a file."""
    return bool(_standing) and file.name == FILE


def connect(
    file: Path | str, *, read_only: bool = False
) -> AbstractContextManager[duckdb.DuckDBPyConnection | Connection | LakeConnection]:
    """Connect to the database of a file."""
    place = Path(file).absolute()
    if is_elsewhere(place):
        return _standing[0].connection(place)
    return duckdb.connect(str(file), read_only=read_only)


def settings_of(folder: Path) -> Mapping[str, str]:
    """Environment in which `elt` loads into the test's database of a folder."""
    if not _standing:
        return {}
    (standing,) = _standing
    named = folder / "destinations.toml"
    if not named.exists():
        first = '[destination.local]\ndestination_type = "%s"'
        packaged = file_of_destinations().read_text()
        named.write_text(packaged.replace(first % "duckdb", first % standing.kind))
    settings = standing.settings(folder.absolute() / FILE)
    return {f"DESTINATION__LOCAL__{name}": value for name, value in settings.items()}


def copy(source: Path, target: Path) -> None:
    """Copy a database; the target is that of a folder or of a file."""
    file = target.absolute() / FILE if target.is_dir() else target.absolute()
    if is_elsewhere(file):
        _standing[0].make(file, like=source.absolute())
    else:
        shutil.copy(source, file)


def remove(file: Path) -> None:
    """Remove a database."""
    if is_elsewhere(file):
        _standing[0].make(file.absolute())
    else:
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()


def forget_below(folder: Path) -> None:
    """Remove what a test has made at a server; its files lie in its folder."""
    for standing in _standing:
        standing.drop_below(folder)


def _name(file: Path) -> str:
    return f"t_{hashlib.sha256(str(file).encode()).hexdigest()[:16]}"


def _translated(statement: exp.Expr | None) -> str:
    """A statement for PostgreSQL, where the database is no part of a name."""
    if statement is None:
        return ""
    if isinstance(statement, exp.Use):
        return f"SET search_path TO {statement.this.name}"
    for place in statement.find_all(exp.Column):  # where a row lies, which changes if it is written again
        if place.name == "rowid":
            place.replace(exp.cast(exp.column("ctid"), exp.DataType.Type.TEXT).as_("rowid"))
    for table in statement.find_all(exp.Table):
        table.set("catalog", None)
        if table.db == "main":  # where a person's own views are
            table.set("db", exp.to_identifier("public"))
    return statement.sql("postgres")
