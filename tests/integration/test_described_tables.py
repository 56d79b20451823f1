"""Tables are there after the first run, rows or not, and say in the database what they hold."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.storing.describing import OWN
from pipelines.storing.history import HISTORY
from sources.atribu.columns import PROFILE_TABLE
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import OWN_COLUMNS
from tests import database
from tests.integration.conftest import Elt, Serve

pytestmark = pytest.mark.untraced

FEW = ("--since", "2026-03-30", "--today", "2026-03-31", "--resources", "channels,goals,top_performers")
IN_DUCKDB = """
    SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'atribu'
    UNION ALL
    SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE schema_name = 'atribu'
"""
IN_POSTGRES = """
    SELECT relname, obj_description(oid, 'pg_class') FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST('atribu' AS regnamespace)
    UNION ALL
    SELECT relname || '.' || attname, col_description(attrelid, attnum)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind = 'r' AND relnamespace = CAST('atribu' AS regnamespace) AND attnum > 0 AND NOT attisdropped
"""


def comments() -> dict[str, str | None]:
    """Comment of each table that is not dlt's own, and of each of their columns, as `table.column`."""
    statement = IN_POSTGRES if database.is_elsewhere(Path("local.duckdb")) else IN_DUCKDB
    with database.connect("local.duckdb", read_only=True) as connection:
        found = connection.sql(statement).fetchall()
    return {name: text for name, text in found if not name.startswith("_dlt") and "._dlt" not in name}


@pytest.mark.slow
def test_every_table_of_a_run_is_there_also_where_it_has_no_row(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt("sync", "atribu", *FEW).code == 0

    tables = {table for name in FEW[-1].split(",") for table in ENDPOINTS[name].tables}
    counts = {}
    with database.connect("local.duckdb", read_only=True) as connection:
        for table in (*tables, *HISTORY, PROFILE_TABLE, "run_lease"):
            ((counts[table],),) = connection.sql(f"SELECT count(*) FROM local.atribu.{table}").fetchall()  # noqa: S608 - our names
    assert {table for table, count in counts.items() if not count} >= {"restatements"}
    assert counts["sync_runs"] == 1


@pytest.mark.slow
@pytest.mark.database("comments")
def test_every_table_of_a_run_is_described_also_where_it_has_no_row(serve: Serve, elt: Elt) -> None:
    serve()
    assert elt("sync", "atribu", *FEW).code == 0

    found = comments()

    chosen = {name: row for name, row in ENDPOINTS.items() if name in FEW[-1].split(",")}
    tables = {table: row for row in chosen.values() for table in row.tables}
    assert {name for name in found if "." not in name} == {*tables, *HISTORY, PROFILE_TABLE, "run_lease"}
    for table, row in tables.items():
        assert found[table] == row.describe(table)
        described = {column.name: column.description for column in (*row.tables[table], *OWN_COLUMNS)}
        assert {name: found[f"{table}.{name}"] for name in described} == described
    assert [name for name, text in found.items() if not text] == []
    assert found["run_lease"] == OWN["run_lease"][0]


@pytest.mark.slow
@pytest.mark.database("comments")
def test_a_sync_writes_comments_again_only_if_a_table_was_made_or_a_description_has_changed(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    assert elt("sync", "atribu", *FEW).code == 0
    change("COMMENT ON TABLE local.atribu.channels IS 'Ours.'")
    assert elt("sync", "atribu", *FEW).code == 0
    assert comments()["channels"] == "Ours."

    change("DROP TABLE local.atribu.goals")
    assert elt("sync", "atribu", *FEW).code == 0
    assert comments()["goals"] == ENDPOINTS["goals"].description

    monkeypatch.setitem(ENDPOINTS, "channels", replace(ENDPOINTS["channels"], description="It's new; 100% so?"))
    assert elt("sync", "atribu", *FEW).code == 0
    assert comments()["channels"] == "It's new; 100% so?"


def change(sql: str) -> None:
    with database.connect("local.duckdb") as connection:
        connection.execute(sql)
