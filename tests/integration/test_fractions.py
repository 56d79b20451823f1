"""Every number may be a fraction: it is loaded as it is, and told where a whole number belongs."""

import gzip
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu import Size
from tests.integration.conftest import Elt, Serve
from tests.integration.test_earlier_layout import FIRST_DAY, STATEMENTS
from tests.integration.truth import differing_tables, truth_of
from tests.processes import Machine, served
from tests.warehouses import TO_THE_WAREHOUSE, Warehouse, duckdb_file, postgres_databases

LAST = date(2026, 3, 2)
DAYS = ("--since", "2026-03-01", "--until", str(LAST), "--today", "2026-03-31")
TABLES = ("overview", "channels", "campaigns", "campaigns_trend", "conversions_timeseries", "quality", "revenue_cash")
EARLIER = ("--since", "2026-03-29", "--today", "2026-04-02", "--resources", "timeseries,channels,goals")
TYPES = (
    "SELECT DISTINCT lower(data_type) FROM information_schema.columns WHERE column_name IN ('visitors', 'pageviews')"
    " AND table_schema IN ('atribu', 'atribu_staging')"
)
CHANNELS = (
    "SELECT date, value, visitors, conversions, revenue FROM atribu.channels WHERE date < '2026-04-01' ORDER BY 1, 2"
)
NEW_DAY = "SELECT value, conversions, revenue FROM atribu.channels WHERE date = '2026-04-01' ORDER BY 1"


@pytest.mark.slow
@pytest.mark.untraced
def test_fractions_are_loaded_cell_by_cell_and_told_where_whole_numbers_belong(serve: Serve, elt: Elt) -> None:
    sandbox = serve(fractions=True, generation="old", levels="own_ids")

    result = elt("sync", "atribu", *DAYS, "--resources", ",".join(TABLES))

    assert result.code == 0, result.err
    assert differing_tables(sandbox, date(2026, 3, 1), LAST, TABLES) == []
    words = " ".join(result.err.split())
    assert "overview: the API sends fractions where whole numbers belong (cash_payments, outcomes, pageviews" in words

    again = elt("verify", "atribu", *DAYS[:4], *DAYS[4:], "--resources", "overview,channels,quality")

    assert again.code == 0, again.err


def in_duckdb(folder: Path) -> Iterator[Warehouse]:
    """A DuckDB file."""
    yield duckdb_file(folder / "warehouse.duckdb")


def in_postgres(folder: Path) -> Iterator[Warehouse]:
    """A database of a PostgreSQL server."""
    with postgres_databases(folder / "postgres") as database:
        yield database("earlier")


@pytest.fixture(
    params=[
        pytest.param(in_duckdb, id="duckdb"),
        pytest.param(in_postgres, id="postgres", marks=[pytest.mark.sweep, pytest.mark.untraced]),
    ]
)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """What commit 018c2d2 has loaded, with whole numbers as BIGINT."""
    make: Callable[[Path], Iterator[Warehouse]] = request.param
    for warehouse in make(tmp_path):
        warehouse.ask(gzip.decompress(STATEMENTS.read_bytes()).decode())
        yield warehouse


@pytest.fixture
def machine(earlier: Warehouse, tmp_path: Path) -> Iterator[tuple[Machine, Any]]:
    """A machine that goes on with it, and the sandbox that it asks."""
    size = Size(visits_per_day=20, conversions_per_day=6)
    with served(first_day=FIRST_DAY, today=date(2026, 4, 2), fractions=True, size=size) as (sandbox, url):
        mask = os.umask(0o022)
        try:
            yield earlier.machine(tmp_path / "home", url), sandbox
        finally:
            os.umask(mask)  # a command makes files for the user alone, and PostgreSQL runs as another one


@pytest.mark.slow
def test_a_database_of_whole_numbers_takes_fractions_and_nothing_is_read_again(
    earlier: Warehouse, machine: tuple[Machine, Any]
) -> None:
    here, sandbox = machine
    before = earlier.ask(CHANNELS)
    assert earlier.ask(TYPES) == [("bigint",)]
    if earlier.credentials.startswith("postgresql"):  # DuckDB looks a view's tables up when it is asked
        earlier.ask("CREATE VIEW atribu.mine AS SELECT date, pageviews FROM atribu.channels")
        refused = here.run_here("sync", "atribu", *EARLIER, *TO_THE_WAREHOUSE)
        assert (refused.code, "drop the view" in " ".join(refused.err.split())) == (78, True), refused
        assert (sandbox.log, earlier.ask(TYPES)) == ([], [("bigint",)])
        earlier.ask("DROP VIEW atribu.mine")

    end = here.run_here("sync", "atribu", *EARLIER, *TO_THE_WAREHOUSE)

    assert end.code == 0, end
    assert [kind for (kind,) in earlier.ask(TYPES)] in (["double"], ["double precision"])
    assert earlier.ask(CHANNELS) == before
    assert {call.query["date_from"] for call in sandbox.log if call.path == "channels"} == {"2026-04-01", "2026-04-02"}
    truth = truth_of(sandbox, "channels", date(2026, 4, 1), date(2026, 4, 1))
    assert earlier.ask(NEW_DAY) == sorted((row["value"], row["conversions"], row["revenue"]) for row in truth)
    assert any(row["conversions"] % 1 for row in truth)
