"""Columns that the configuration leaves out, of no day, and again of every day once they are wanted; or renames."""

from datetime import date

import duckdb
import psycopg2.errors
import pytest

from sandbox.atribu import Size
from tests.integration.conftest import Elt, Serve, rows_of

ASKED = ("sync", "atribu", "--resources", "channels,timeseries")
SMALL = Size(visits_per_day=40, conversions_per_day=8, campaigns=2, ad_sets=1, ads=2, pages=8, keywords=5)


def filled(table: str, column: str) -> tuple[int, int]:
    """Rows, and how many of them have a value."""
    values = [row[column] for row in rows_of(table)]
    return len(values), sum(value is not None for value in values)


@pytest.mark.slow
@pytest.mark.untraced
def test_a_column_is_emptied_not_compared_and_read_again_for_every_day_when_it_comes_back(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(first_day=date(2025, 11, 1), size=SMALL, today=date(2026, 2, 20))
    monkeypatch.setenv("SOURCES__ATRIBU__HORIZON_DAYS", "3")
    day = ("--today", "2026-02-20")
    monkeypatch.setenv("SOURCES__ATRIBU__START_DATE", "2026-02-12")
    assert elt(*ASKED, *day).code == 0
    before = {name: rows_of(name) for name in ("channels", "timeseries")}
    rows, _ = filled("channels", "revenue")

    monkeypatch.setenv("SOURCES__ATRIBU__LEAVE_OUT", "channels.revenue,timeseries.bounces")
    assert elt(*ASKED, *day).code == 0
    assert [filled("channels", "revenue"), filled("timeseries", "bounces")[1]] == [(rows, 0), 0]
    proof = elt("verify", "atribu", "--resources", "channels", *day)
    assert proof.code == 0, proof.err
    assert "channels: revenue left out by the configuration (leave_out), and not compared" in proof.err
    assert "\nrevenue " not in elt("docs", "atribu", "channels").out

    monkeypatch.delenv("SOURCES__ATRIBU__LEAVE_OUT")
    plan = elt("plan", "atribu", "--resources", "channels", *day)
    assert "again 8" in plan.out, plan.out
    assert elt(*ASKED, *day).code == 0
    assert {name: sorted(rows_of(name), key=str) for name in before} == {
        name: sorted(found, key=str) for name, found in before.items()
    }
    assert "again" not in elt("plan", "atribu", "--resources", "channels", *day).out


def test_a_column_that_is_needed_is_refused_by_its_name(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__LEAVE_OUT", "channels.value")
    result = elt("config", "atribu")
    assert result.code == 78
    assert "option leave_out: channels.value cannot be left out: rows are told apart" in result.err


@pytest.mark.slow
@pytest.mark.database("views")
def test_a_table_is_shown_under_the_names_that_are_wanted_until_they_are_not(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(first_day=date(2026, 2, 1), size=SMALL, today=date(2026, 2, 20))
    monkeypatch.setenv("SOURCES__ATRIBU__RENAME", "channels.value=channel,channels.revenue=income")
    asked = ("--resources", "channels", "--today", "2026-02-20")
    assert elt("sync", "atribu", "--since", "2026-02-18", *asked).code == 0
    monkeypatch.setenv("SOURCES__ATRIBU__LEAVE_OUT", "channels.conversions")
    assert "in its view: value is channel, revenue is income" in elt("docs", "atribu", "channels").out
    made = elt("views", "atribu")
    assert (made.code, "atribu_models.channels " in made.out) == (0, True)

    names = {"value": "channel", "revenue": "income"}
    loaded = rows_of("channels")
    assert {"value", "revenue", "conversions"} <= loaded[0].keys()
    assert sorted(rows_of("channels", dataset="atribu_models"), key=str) == sorted(
        ({names.get(name, name): value for name, value in row.items() if name != "conversions"} for row in loaded),
        key=str,
    )
    assert elt("verify", "atribu", *asked).code == 0

    monkeypatch.delenv("SOURCES__ATRIBU__RENAME")
    assert elt("views", "atribu").code == 0
    with pytest.raises((duckdb.CatalogException, psycopg2.errors.UndefinedTable)):
        rows_of("channels", dataset="atribu_models")
    monkeypatch.setenv("SOURCES__ATRIBU__RENAME", "channels.value=revenue")
    refused = elt("config", "atribu")
    assert (refused.code, "option rename: channels.value cannot be called 'revenue'" in refused.err) == (78, True)
