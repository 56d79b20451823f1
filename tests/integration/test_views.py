"""`elt views`: the models without dbt, compared with what the server says; the dictionary's questions, with answers."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pendulum import Date

from docs.answers import DICTIONARY, SETTINGS, answered, commands
from pipelines.commands.sandbox import STAND_INS
from pipelines.storing.models import models_of
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.options import MODELS
from sources.rest.catalogue.columns import PiiCategory
from tests import database
from tests.integration.conftest import Elt, Serve
from tests.integration.test_report import charts_of
from tests.postgres import postgres_server

pytestmark = pytest.mark.database("views")

FIRST, LAST = date(2026, 3, 16), date(2026, 4, 5)
"""Days of the dictionary's demo."""

FEW = ("--since", "2026-03-30", "--today", "2026-03-31")
MOMENTS = {"read_at", "seen_at", "next_seen_at", "valid_from", "valid_to"}
"""When a sync did something, which is another time in another database."""

Answer = tuple[list[str], list[tuple[Any, ...]]]


@pytest.fixture
def demo(elt: Elt, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the dictionary's demo makes, in the test's folder."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    kept = files / "demo"
    if not kept.exists():
        for arguments in commands(DICTIONARY.read_text()):
            assert elt(*arguments).code == 0
        shutil.copy("sandbox.duckdb", kept)
    else:
        shutil.copy(kept, "sandbox.duckdb")


def ask(query: str, file: str = "sandbox.duckdb") -> Answer:
    with database.connect(file, read_only=True) as connection:
        found = connection.sql(query)
        return found.columns, found.fetchall()


def server(today: date) -> Sandbox:
    """The demo's server, as it is on a day."""
    found: Sandbox = STAND_INS["atribu"].app(Date(today.year, today.month, today.day), 1000, 1.0, (), {}).state.sandbox
    return found


def money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


@pytest.mark.slow
@pytest.mark.usefixtures("demo")
def test_the_dictionary_answers_its_questions() -> None:
    text = DICTIONARY.read_text()

    assert answered(text, ask) == text, "run `make docs`"
    assert text.count("```sql") == 12


@pytest.mark.slow
@pytest.mark.usefixtures("demo")
def test_campaigns_channels_and_the_bridge_are_what_the_server_says_of_the_whole_range() -> None:
    sandbox, days = server(LAST), {"date_from": str(FIRST), "date_to": str(LAST)}
    asked = {**days, "model": "last_touch"}

    campaigns: Any = sandbox.answer("campaigns", {**asked, "level": "campaign", "limit": "100"})
    _, found = ask(
        "SELECT campaign_id, sum(spend), sum(revenue), sum(conversions) FROM atribu_models.campaign_daily"
        " GROUP BY campaign_id"
    )
    assert {row[0]: row[1:] for row in found} == {
        row["campaign_id"]: (money(row["spend"]), money(row["outcome_value"]), row["outcome_count"])
        for row in campaigns
    }
    linear: Any = sandbox.answer("campaigns", {**asked, "model": "linear", "level": "campaign", "limit": "100"})
    _, found = ask(
        "SELECT campaign_id, sum(spend), sum(revenue_linear), count(revenue_time_decay)"
        " FROM atribu_models.attribution_comparison GROUP BY campaign_id"
    )
    shared = {row["campaign_id"]: row for row in linear}
    assert {row[0]: (row[1], row[3]) for row in found} == {one: (money(row["spend"]), 0) for one, row in shared.items()}
    rounded = 0.005 * (LAST - FIRST).days  # the server shares cents, and rounds each day
    assert all(abs(float(row[2]) - shared[row[0]]["outcome_value"]) <= rounded for row in found)
    channels: Any = sandbox.answer("channels", {**days, "limit": "100"})
    _, found = ask("SELECT channel, sum(revenue) FROM atribu_models.channel_daily GROUP BY channel")
    assert dict(found) == {row["value"]: money(row["revenue"]) for row in channels}
    coverage: Any = sandbox.answer("attribution-coverage", asked)
    _, found = ask(
        "SELECT sum(cash_revenue), sum(revenue_from_ads), sum(organic_revenue), sum(unattributed_revenue),"
        " max(abs(unexplained_revenue)), sum(attributed_revenue) FROM atribu_models.revenue_bridge"
    )
    parts = {name: one["value"] for name, one in coverage["buckets"].items()}
    ads = sum(parts[name] for name in ("ad_attributed", "inherited", "dangling_ad"))
    expected = (coverage["total"]["value"], ads, parts["organic_direct"], parts["unattributed"], 0.0, ads)
    assert found == [tuple(map(money, expected))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "today"),
    [
        pytest.param("(SELECT max(started_at) FROM atribu.sync_runs)", date(2026, 3, 31), id="before the last sync"),
        pytest.param("now()", LAST, id="now"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_figures_as_of_a_moment_are_what_the_server_said_then(moment: str, today: date) -> None:
    last = date(2026, 3, 30)
    _, found = ask(f"""
        SELECT date, figure, amount FROM atribu_models.daily_as_of, (SELECT {moment} AS looked_from)
        WHERE date <= '{last}' AND coalesce(valid_from, looked_from) <= looked_from
            AND (valid_to IS NULL OR valid_to > looked_from)
    """)  # noqa: S608 - our own words

    days = {"date_from": str(FIRST), "date_to": str(last)}
    revenue: Any = server(today).answer("revenue", {**days, "model": "last_touch"})
    figures = {"attributed_revenue": "revenue", "organic_revenue": "organic_direct_revenue", "spend": "spend"}
    told = {(row["date"], name): money(row[field]) for row in revenue for name, field in figures.items()}
    seen = {(str(day), figure): amount for day, figure, amount in found if figure != "cash_revenue"}
    assert len(seen) == len(found) * 3 // 4
    assert {cell: amount for cell, amount in seen.items() if amount} == {
        cell: amount for cell, amount in told.items() if amount
    }


@pytest.mark.usefixtures("demo")
def test_every_view_has_the_columns_that_are_described_and_none_names_a_person() -> None:
    _, found = ask(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'atribu_models'"
        " ORDER BY table_name, column_index"
    )
    stored: dict[str, dict[str, str]] = {}
    for view, column, text in found:
        stored.setdefault(view, {})[column] = text
    models = {one.name: one for one in models_of("atribu", None)}

    assert stored == {name: dict(one.columns) for name, one in models.items()}
    people = {*PiiCategory} - {PiiCategory.URL}  # a path of channels is not that of a page
    personal = {column.name for row in ENDPOINTS.values() for column in row.columns if column.pii in people}
    assert {"name", "email", "city", "customer_profile_id"} <= personal
    assert personal & {column for columns in stored.values() for column in columns} == set()
    assert {name for name in stored["attribution_comparison"] if name.startswith("revenue_")} == {
        f"revenue_{model}" for model in MODELS
    }


@pytest.mark.slow
def test_what_is_not_loaded_is_named_and_made_once_it_is(serve: Serve, elt: Elt) -> None:
    serve()
    refused = elt("views", "atribu")
    assert refused.code == 78
    assert refused.err.endswith(" local nothing is loaded into the dataset atribu; run elt sync atribu first\n")
    assert elt("sync", "atribu", *FEW, "--resources", "channels").code == 0

    first = elt("views", "atribu")

    assert first.code == 0
    assert "atribu_models.channel_daily " in first.out
    assert "landing_pages not made: pages not loaded\n" in first.out
    assert elt("sync", "atribu", *FEW, "--resources", "pages").code == 0
    again = elt("views", "atribu")
    assert "atribu_models.landing_pages " in again.out
    assert ask("SELECT count(*) > 0 FROM local.atribu_models.landing_pages", "local.duckdb")[1] == [(True,)]


@pytest.mark.slow
def test_what_is_in_the_way_of_a_view_is_not_replaced(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    serve()
    assert elt("sync", "atribu", *FEW, "--resources", "channels").code == 0
    with database.connect("local.duckdb") as connection:
        connection.execute("CREATE SCHEMA local.atribu_models")
        connection.execute("CREATE TABLE local.atribu_models.channel_daily AS SELECT 'mine' AS word")

    refused = elt("views", "atribu")

    assert refused.code == 78
    assert "a table has its name, as dbt may have made it" in refused.err
    assert ask("SELECT word FROM local.atribu_models.channel_daily", "local.duckdb")[1] == [("mine",)]
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", "week")
    assert elt("views", "atribu").err.endswith(" local the models have a row per day, and option grain is week\n")


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of its own, configured as the warehouse; gives the address of its database."""
    with postgres_server(tmp_path / "postgres") as (address, credentials):
        monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", credentials)
        yield address


@pytest.mark.sweep
@pytest.mark.duckdb_file("compares one with a server of its own")
def test_a_warehouse_shows_the_same_in_its_views_and_describes_them(serve: Serve, elt: Elt, postgres: str) -> None:
    serve()
    names = "timeseries,revenue,campaigns,campaigns_trend,channels,pages,conversions_timeseries,revenue_cash"
    resources = (*FEW, "--resources", f"{names},attribution_coverage,customers", "--include-pii")
    for place in ("local", "warehouse"):
        assert elt("sync", "atribu", *resources, "--destination", place).code == 0
        for _ in range(2):  # what is there is made anew
            assert elt("views", "atribu", "--destination", place).code == 0
        assert elt("report", "atribu", "--destination", place, "--output", f"{place}.html").code == 0

    assert charts_of("local.html") == charts_of("warehouse.html")
    models = models_of("atribu", None)
    with closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
        for one in models:
            columns = ", ".join(name for name in one.columns if name not in MOMENTS)
            query = f"SELECT {columns} FROM atribu_models.{one.name}"  # noqa: S608 - names of the package
            cursor.execute(query)
            there = sorted(map(repr, map(plain, cursor.fetchall())))
            assert there == sorted(map(repr, map(plain, ask(query, "local.duckdb")[1]))), one.name
        cursor.execute(
            "SELECT obj_description('atribu.channels'::regclass), col_description('atribu_models.cohorts'::regclass, 3)"
        )
        cohorts = next(one for one in models if one.name == "cohorts")
        assert cursor.fetchall() == [(ENDPOINTS["channels"].description, cohorts.columns["months_later"])]


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Numbers of each type as such of one: a warehouse and a file divide at different scales."""
    return tuple(round(float(value), 6) if isinstance(value, Decimal | float | int) else value for value in row)
