"""Whether a destination takes rows: one is written to a table made for it, and everything is removed again."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from dlt.destinations.sql_client import SqlClientBase

from pipelines.destinations.attached import Attached
from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.executing import execute
from pipelines.destinations.sqlite_file import is_missing, main_file
from pipelines.destinations.target import Target
from pipelines.sql.reading import rows
from pipelines.sql.writing import create, delete, insert
from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError

_COLUMN: Final = "value"
_COLUMNS: Final = {_COLUMN: Type.BIGINT}
_VALUE: Final = 1


def try_writing(target: Target) -> None:
    """Write a row where rows go, read it, and remove it.

    A dataset that exists gets a table of its own for a moment. One that does not gets a stand-in beside it, and so does
    a file of DuckDB or SQLite: to remove the real one again could take it from a sync that has just begun.

    Raises:
        ConfigurationError: it cannot be written.
        DestinationBusyError: another process holds it, or it does not answer.
    """
    mark = f"elt_check_{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="elt-") as folder:
        _Scratch(target, Path(folder), mark).run()


class _UndoneError(Exception):
    """Rolls a transaction back."""


class _Scratch(Attached):
    def __init__(self, target: Target, folder: Path, mark: str) -> None:
        super().__init__(target)
        self._folder = folder
        self._mark = mark
        self._beside: Path | None = None
        if isinstance(self._factory, DuckDbFile):
            file = self._factory.file
            if not file.exists():
                self._beside = file.parent
                # DuckDB calls a database after its file
                self._factory = DuckDbFile(file.with_name(f"{mark}.duckdb"), destination_name=self._name)
        elif (main := main_file(config := self._configuration())) and is_missing(main, target.dataset_name):
            self._beside = main.parent
            address = f"{config.credentials.drivername}:///{main.with_name(f'{mark}{main.suffix}')}"
            self._factory = type(self._factory)(address, destination_name=self._name)

    def run(self) -> None:
        pipeline = self._attach()
        try:
            with destination_errors(self._name), pipeline.sql_client() as client:
                if client.has_dataset():
                    self._write(client)
                    return
                with client.with_alternative_dataset_name(f"{client.dataset_name}_{self._mark}"):
                    self._write_to_stand_in(client)
        finally:
            for left in self._beside.glob(f"*{self._mark}*") if self._beside else ():
                left.unlink(missing_ok=True)

    def _write_to_stand_in(self, client: SqlClientBase[Any]) -> None:
        if isinstance(self._factory, DuckDbFile):
            # DuckDB drops no schema of a database that has another one of the database's name
            with suppress(_UndoneError), client.begin_transaction():
                client.create_dataset()
                self._write(client)
                raise _UndoneError
            return
        client.create_dataset()
        try:
            self._write(client)
        finally:
            client.drop_dataset()

    def _write(self, client: SqlClientBase[Any]) -> None:
        execute(client, create(self._mark, _COLUMNS))
        try:
            execute(client, insert(self._mark, {_COLUMN: _VALUE}))
            found = execute(client, rows(self._mark, _COLUMNS))
            execute(client, delete(self._mark))
            left = execute(client, rows(self._mark, _COLUMNS))
        finally:
            client.drop_tables(self._mark)
        if found != [(_VALUE,)] or left:
            raise ConfigurationError(f"destination {self._name!r} does not keep what is written, or what is deleted")
