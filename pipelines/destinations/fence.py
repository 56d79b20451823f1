"""SQL clients of dlt that write only while the lease is this run's."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dlt.destinations.sql_client import SqlClientBase

from pipelines.destinations.lease import Lease
from pipelines.sql.rendering import ROW_LOCKS

if TYPE_CHECKING:
    from dlt.destinations.typing import DBTransaction

_CHANGES_NOTHING: Final = ("select", "show", "pragma", "describe", "attach", "detach")
"""How a statement begins that changes nothing in a dataset."""


def fence(client: SqlClientBase[Any], lease: Lease) -> None:
    """Let a client check the lease in each transaction, and before each change outside of one.

    dlt makes a client for each thread that loads; there is no other way to be in the transactions that it opens.
    """
    client.__class__ = _fenced(type(client))
    client.lease = lease  # type: ignore[attr-defined] # it is of the class below now


class _Fenced(SqlClientBase[Any]):
    lease: Lease
    _needs_no_check = False

    @contextmanager
    def begin_transaction(self) -> Iterator["DBTransaction"]:
        with super().begin_transaction() as transaction:  # type: ignore[safe-super] # that of the client
            if self._needs_no_check:
                yield transaction
                return
            with self._unchecked():
                self.lease.check(self)
                yield transaction

    def execute_sql(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        if self._needs_no_check or (isinstance(sql, str) and sql.lstrip().lower().startswith(_CHANGES_NOTHING)):
            with self._unchecked():  # the client of SQLAlchemy opens a transaction for each statement
                return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client
        if self.capabilities.sqlglot_dialect in ROW_LOCKS:
            with self.begin_transaction():
                return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client
        with self._unchecked():
            self.lease.check(self)
            return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        before, self._needs_no_check = self._needs_no_check, True
        try:
            yield
        finally:
            self._needs_no_check = before


@cache
def _fenced(kind: type[SqlClientBase[Any]]) -> type[SqlClientBase[Any]]:
    return type(f"Fenced{kind.__name__}", (_Fenced, kind), {})
