"""What a destination has to be able to do, compared with what dlt says of it, before anything is asked or opened."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dlt
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import WithStateSync
from dlt.destinations.sql_client import WithSqlClient

from sources.rest.catalogue.columns import Type
from sources.rest.errors import ConfigurationError
from sources.rest.reading.capacity import Capacity
from sources.rest.reading.evolved_columns import Names

_POSTGRES_COLUMNS: Final = 1600
"""Most columns of a table, https://www.postgresql.org/docs/current/limits.html."""

_POSTGRES_ROW: Final = 8160
"""Most bytes of a row: a page of 8 kB without its header (the same page)."""

_POSTGRES_OWN: Final = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})
"""System columns of every table, https://www.postgresql.org/docs/current/ddl-system-columns.html."""

_FILES: Final = frozenset({"duckdb", "sqlite"})
"""Catalogs of DuckLake without room for two connections: DuckDB has it open already, with SQLite no sync ended."""

MERGE: Final = "delete-insert"
"""The strategy of dlt that replaces all rows of a merge key and deletes those that carry a `hard_delete` mark."""

PROVED: Final = "duckdb, postgres, filesystem with a table format, or sqlalchemy with SQLite or MariaDB"
"""Types of destinations that the tests load twice and compare cell by cell."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What dlt says of a destination, as far as it can be told at the moment.

    Attributes:
        kind: its `destination_type`.
        capabilities: what dlt says that it can do.
        client: class of its client; None as long as its driver is not imported.
        configured: its settings are known, which decide on dialect, format and types of some.
        catalog: the kind of database that says what is where; None where it is not kept apart from the rows.
    """

    kind: str
    capabilities: DestinationCapabilitiesContext
    client: type[Any] | None = None
    configured: bool = False
    catalog: str | None = None

    @property
    def merges(self) -> Sequence[str]:
        """Strategies by which it merges a table of the format that it makes."""
        able = self.capabilities
        known = able.supported_merge_strategies or ()
        if able.merge_strategies_selector is None or not self.configured:
            return known
        table: Any = {"name": "t", "columns": {}, "table_format": able.preferred_table_format}
        return able.merge_strategies_selector(known, table_schema=table)

    @property
    def untyped(self) -> list[str]:
        """Types of the catalogue that it has no column for."""
        return [one for one in Type if one is not Type.ANY and not self._has(one)]  # what is of any type becomes text

    def _has(self, kind: Type) -> bool:
        column: Any = {"name": "c", "data_type": kind.value, "nullable": True}
        table: Any = {"name": "t", "columns": {"c": column}}
        try:
            return bool(self.capabilities.get_type_mapper().to_destination_type(column, table))
        except Exception:  # noqa: BLE001 - each mapper says no in its own way, those that are missing too
            return False


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something without which rows would be wrong.

    Attributes:
        lacking: what to say of an offer that lacks it; empty where it is there.
        reason: what would go wrong.
    """

    lacking: Callable[[Offer], str]
    reason: str


def _merge(offer: Offer) -> str:
    found = ", ".join(offer.merges) or "nothing"
    return "" if MERGE in offer.merges else f"replace rows by key (dlt needs {MERGE} for it and offers {found})"


def _sql(offer: Offer) -> str:
    speaks = offer.client is None or issubclass(offer.client, WithSqlClient)
    known = offer.capabilities.sqlglot_dialect or not offer.configured
    return "" if speaks and known else "be asked for sums and rows in SQL"


def _state(offer: Offer) -> str:
    return "" if offer.client is None or issubclass(offer.client, WithStateSync) else "keep the ledger of dlt's state"


def _connections(offer: Offer) -> str:
    if offer.catalog not in _FILES:
        return ""
    return f"be reached by several connections at once, because its catalog is a file ({offer.catalog})"


def _types(offer: Offer) -> str:
    return f"store {', '.join(offer.untyped)}" if offer.configured and offer.untyped else ""


NEEDS: Final = (
    Need(lacking=_merge, reason="a window that is read again would be there twice, and what vanished would stay"),
    Need(lacking=_sql, reason="nobody could tell whether what is loaded is still what the API says"),
    Need(lacking=_state, reason="each run would read everything again"),
    Need(lacking=_connections, reason="a sync would fail or never end; give it a catalog in PostgreSQL"),
    Need(lacking=_types, reason="values would be changed on their way"),
)
"""What the engine needs of a destination, worst first."""


def refuse_what_lacks(name: str, offer: Offer, needs: Iterable[Need] = NEEDS) -> None:
    """See whether a destination can do all that is needed.

    Raises:
        ConfigurationError: it cannot; the message says what it lacks, what that would do, and what to take instead.
    """
    lacking = [(found, need.reason) for need in needs if (found := need.lacking(offer))]
    if lacking:
        what = ", nor ".join(found for found, _ in lacking)
        raise ConfigurationError(
            f"destination {name!r} ({offer.kind}) cannot {what}: {lacking[0][1]}; nothing was loaded, use a"
            f" destination of type {PROVED} (see docs/destinations.md)"
        )


def capacity_of(capabilities: DestinationCapabilitiesContext) -> Capacity:
    """Return what a destination can hold; dlt says how long names are, and nothing of the limits of PostgreSQL."""
    postgres = capabilities.sqlglot_dialect == "postgres"
    return Capacity(
        columns=_POSTGRES_COLUMNS if postgres else None,
        nul=not postgres,
        row_bytes=_POSTGRES_ROW if postgres else None,
        names=Names(
            longest=min(filter(None, (capabilities.max_identifier_length, capabilities.max_column_identifier_length))),
            reserved=_POSTGRES_OWN if postgres else frozenset(),
        ),
    )


def is_lake(pipeline: dlt.Pipeline) -> bool:
    """Whether tables are files of a table format, beside which nothing keeps comments and views."""
    return pipeline.destination.capabilities().preferred_table_format is not None
