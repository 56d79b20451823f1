"""Every statement with sample arguments, and destinations to write it for; nothing of this is sent anywhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pendulum
from dlt.common.destination import Destination
from pendulum import Date

from pipelines.sql import (
    conditions,
    duckdb_file,
    earlier,
    indexes,
    marts,
    mysql,
    profiles,
    published_file,
    reading,
    runs,
    statement,
    views,
    writing,
)
from pipelines.sql.rendering import COMMENTS, Names
from pipelines.sql.statement import Statement
from pipelines.storing.models import models_of
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Type
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

DESTINATIONS: Final = (
    "duckdb",
    "postgres",
    "redshift",
    "snowflake",
    "bigquery",
    "databricks",
    "clickhouse",
    "mssql",
    "synapse",
    "fabric",
    "athena",
    "dremio",
    "sqlite",
    "mysql",
    "trino",
)
"""Destinations that dlt loads with SQL; the last ones through SQLAlchemy, where they are called by their dialect."""

_SQLALCHEMY: Final = frozenset({"sqlite", "mysql", "trino"})
_WITH_CATALOG: Final = frozenset({"duckdb", "bigquery", "databricks", "athena"})


_OWN: Final = {
    **dict.fromkeys((duckdb_file.__name__, published_file.__name__), "duckdb"),
    indexes.__name__: "postgres",
    mysql.__name__: "mysql",
}
"""Modules whose statements go to one destination alone."""


@dataclass(frozen=True)
class Sample:
    """A statement as some arguments make it.

    Attributes:
        function: what has made it.
        statement: what it has made.
    """

    function: Callable[..., Statement]
    statement: Statement

    def fits(self, destination: str) -> bool:
        """Whether the statement is ever sent to such a destination."""
        if self.function is writing.rename_column:
            return destination != "athena"  # nothing that an earlier version has loaded is there
        if self.function in (writing.comment_table, writing.comment_column):
            return destination in COMMENTS
        if self.function.__module__ in (marts.__name__, views.__name__):
            return destination in COMMENTS  # nobody has tried views anywhere else
        return destination == _OWN.get(self.function.__module__, destination)


def names_for(destination: str) -> Names:
    """How a destination writes names, as far as that is known without a connection.

    Raises:
        ValueError: there is no such destination.
    """
    if destination not in DESTINATIONS:
        raise ValueError(f"there is no sample for {destination!r}; there are {', '.join(DESTINATIONS)}")
    if destination in _SQLALCHEMY:
        return Names(destination, str, lambda table: ["atribu", table])
    factory: Any = Destination.from_reference(destination)
    capabilities = factory.capabilities()
    fold = capabilities.casefold_identifier

    def path(table: str) -> Sequence[str]:
        if destination == "clickhouse":
            return ["database", fold(f"atribu___{table}")]
        return [*(["catalog"] if destination in _WITH_CATALOG else []), fold("atribu"), fold(table)]

    return Names(capabilities.sqlglot_dialect, fold, path)


def samples() -> list[Sample]:
    """Every statement of this folder; where conditions or options make a difference, with each of them."""
    channels, overview, customers, visitors = (
        ENDPOINTS[name] for name in ("channels", "overview", "customers", "visitors")
    )
    march, moment = Window(Date(2026, 3, 1), Date(2026, 3, 31)), pendulum.datetime(2026, 3, 1, 14)
    by_value = reading.types_of(column for column in channels.columns if column.key)
    columns = reading.types_of(overview.table_columns)
    who = {"customer_profile_id": Type.TEXT}
    run = {"run_id": Type.TEXT, "started_at": Type.TIMESTAMP}
    figures = {"total_revenue": Type.DOUBLE}
    loaded = conditions.of_window(Task(overview, march, (("model", "last_touch"),)), Grain.DAY)
    anybody = ["6f0a", "it's 100%"]
    held = [conditions.one_of("value", anybody), conditions.between("date", march.start, march.end)]
    days = conditions.of_window(Task(channels, march), Grain.DAY)
    between = [
        conditions.since(customers.time_column, moment),
        conditions.before(customers.time_column, moment.add(days=1)),
    ]
    suspect = [conditions.holds_one_of("referrer", ("@", "?"))]
    theirs = [conditions.any_of(conditions.one_of(name, anybody) for name in (*who, *visitors.key))]
    filled = [conditions.any_of(map(conditions.is_set, ("name", "email")))]
    moved = [conditions.equal("referrer", "/?email=somebody")]
    recent = [conditions.since("started_at", moment)]
    variants = reading.types_of(customers.variant_columns)
    windows_of_layout_1 = {
        **{one: one for one in ("resource", "variant", "run_id", "date_to", "read_at", "error")},
        "date_range": "window",
        "profile_id": None,
    }
    return [
        _sample(reading.rows, "overview", columns, loaded),
        _sample(reading.rows, "channels", by_value, held),
        _sample(reading.rows, "customers", who, between),
        _sample(reading.rows, "customers", who, [conditions.after("figures_to", march.end)]),
        _sample(reading.rows, "customers", who, [conditions.is_set("email")], limit=1),
        _sample(reading.rows, "visitors", {"referrer": Type.TEXT}, suspect, distinct=True),
        _sample(reading.rows, "sync_runs", run, newest_by="started_at", limit=5),
        _sample(reading.rows, "channels", by_value, in_order_of=["date", "value"]),
        *(_sample(reading.rows, "run_lease", {"holder": Type.TEXT}, lock=lock) for lock in reading.Lock),
        _sample(reading.all_columns, "run_lease"),
        _sample(reading.sums, "channels", {"date": Type.DATE, **by_value}, list(channels.additive), days),
        _sample(reading.sums, "sync_runs", {}, ["units"], recent),
        _sample(reading.sums, "visitors", {}, where=theirs),
        _sample(reading.counts_set, "channels", {}, list(channels.additive), loaded),
        _sample(reading.counts_set, "journeys", who, ["revenue"], held),
        _sample(reading.largest, "customers", who, figures),
        _sample(reading.counts_since_first, "customers", variants, customers.time_column, between[:1]),
        _sample(reading.count_distinct, "overview", "profile_id", loaded),
        _sample(reading.latest_rows, "customers", *who, figures, moment=customers.time_column, key=customers.key),
        _sample(runs.last_answers),
        _sample(runs.last_truncated),
        _sample(runs.last_truncated, [runs.not_of("verify")]),
        _sample(runs.calls_of_runs, "check", "restated"),
        _sample(earlier.named_as_today, runs.last_answers(), {runs.WINDOWS: windows_of_layout_1}),
        _sample(writing.create, "run_lease", {"lease_number": Type.BIGINT, "holder": Type.TEXT}),
        _sample(writing.insert, "elt_check_1f0a", {"value": 1}),
        _sample(writing.insert, "sync_runs", {"run_id": "5a0d", "units": 1}, {"units": None, "run_id": "5a0e"}),
        _sample(writing.delete, "visitors", theirs),
        _sample(writing.delete, "_dlt_version"),
        _sample(writing.add_column, "run_lease", "profile_id", Type.TEXT),
        *(
            _sample(profiles.restricted, statement, profiles.of_profile(one, and_nobodys=nameless), bool)
            for one, nameless in (("5a0d", False), ("5a0d", True), (None, True))
            for statement in (
                runs.last_truncated(),
                writing.delete("visitors", theirs),
                writing.update("visitors", {"name": None}, filled),
            )
        ),
        _sample(writing.update, "visitors", {"name": None, "email": None}, filled),
        _sample(writing.update, "visitors", {"referrer": "/"}, moved),
        _sample(
            writing.update, "campaigns", {"ad_id": statement.column("campaign_id"), "campaign_id": "(null)"}, recent
        ),
        _sample(writing.rename_column, "sync_windows", "window", "date_range"),
        _sample(writing.retype_column, "channels", "visitors", Type.DOUBLE),
        _sample(writing.comment_table, "channels", "Conversions and revenue by channel."),
        _sample(writing.comment_column, "channels", "value", "Traffic channel, the profile's."),
        _sample(views.create_schema),
        _sample(views.drop_view, "restated"),
        *(
            _sample(views.create_view, one.name, one.query)
            for one in models_of("atribu", None)
            if one.name in ("conversion_paths", "daily_as_of")
        ),
        _sample(views.create_view, "channels", views.under_other_names("atribu.channels", {"value": "channel"})),
        _sample(views.comment_view, "restated", "Every version of a value."),
        _sample(views.comment_view_column, "restated", "version", "0 for what was loaded first."),
        _sample(indexes.create_index, "channels", channels.merge_key),
        _sample(indexes.indexed, ["channels", "overview"]),
        _sample(mysql.create_database, "atribu", "utf8mb4_nopad_bin"),
        _sample(
            marts.of_models,
            "select sum(amount) as amount from figures where valid_from <= :seen",
            "daily_as_of",
            {one.name: one.query for one in models_of("atribu", None) if one.name in ("restated", "daily_as_of")},
            [conditions.between("date", march.start, march.end)],
            {"seen": moment},
        ),
        _sample(duckdb_file.checkpoint),
        _sample(duckdb_file.attach_copy, "its own/file's.rewritten"),
        _sample(duckdb_file.attach_copy, "copy.duckdb", "v1.0.0"),
        _sample(duckdb_file.storage_version),
        _sample(duckdb_file.own_name),
        _sample(duckdb_file.copy_database, "atribu"),
        _sample(duckdb_file.detach_copy),
        _sample(published_file.tables_there),
        _sample(published_file.views_there),
        _sample(published_file.columns_described),
        _sample(published_file.rows_of, "atribu", "run_lease", ["holder", "held_until"]),
        _sample(published_file.create_schema, "atribu"),
        _sample(published_file.create_schema, "atribu", None),
        _sample(published_file.copy_table, "local", "atribu", "channels"),
        _sample(published_file.create_view, "CREATE VIEW atribu_models.restated AS SELECT 1;"),
        _sample(published_file.comment, "VIEW", ["atribu_models", "restated"], "Every version of a value."),
        _sample(published_file.comment, "COLUMN", ["atribu", "channels", "value"], "Traffic channel, the profile's."),
    ]


def _sample(function: Callable[..., Statement], *arguments: Any, **options: Any) -> Sample:
    return Sample(function, function(*arguments, **options))
