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

_CHANGES_NOTHING: Final = ("select", "with", "show", "pragma", "describe", "attach", "detach")
"""How a statement begins that changes nothing in a dataset."""


def fence(client: SqlClientBase[Any], lease: Lease) -> None:
    """Let a client check the lease in each transaction, and before each change outside of one.

    dlt makes a client for each thread that loads; there is no other way to be in the transactions that it opens.
    """
    client.__class__ = _fenced(type(client))
    client.lease = lease  # type: ignore[attr-defined] # it is of the class below now


class _Fenced(SqlClientBase[Any]):
    lease: Lease
    _inside = False

    @contextmanager
    def begin_transaction(self) -> Iterator["DBTransaction"]:
        with super().begin_transaction() as transaction:  # type: ignore[safe-super] # that of the client
            self._inside = True
            try:
                self.lease.check(self)
                yield transaction
            finally:
                self._inside = False

    def execute_sql(self, sql: Any, *args: Any, **kwargs: Any) -> Any:
        if self._inside or (isinstance(sql, str) and sql.lstrip().lower().startswith(_CHANGES_NOTHING)):
            return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client
        if self.capabilities.sqlglot_dialect in ROW_LOCKS:
            with self.begin_transaction():
                return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client
        self.lease.check(self)
        return super().execute_sql(sql, *args, **kwargs)  # type: ignore[safe-super] # that of the client


@cache
def _fenced(kind: type[SqlClientBase[Any]]) -> type[SqlClientBase[Any]]:
    return type(f"Fenced{kind.__name__}", (_Fenced, kind), {})
