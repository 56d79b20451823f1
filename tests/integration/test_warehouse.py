"""A warehouse is loaded like the file: a real PostgreSQL server."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg2
import pytest

from tests.integration.conftest import Elt, Serve
from tests.integration.truth import aggregate, comparable, days
from tests.postgres import postgres_server

pytestmark = pytest.mark.untraced


@pytest.fixture
def postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of its own, configured as the warehouse; gives the address of its database."""
    with postgres_server(tmp_path / "postgres") as (address, credentials):
        monkeypatch.setenv("DESTINATION__WAREHOUSE__CREDENTIALS", credentials)
        yield address


def test_a_warehouse_holds_the_servers_truth_also_after_a_second_sync(serve: Serve, elt: Elt, postgres: str) -> None:
    sandbox = serve(today=date(2026, 3, 5))
    arguments = ("sync", "atribu", "--since", "2026-02-25", "--destination", "warehouse", "--until", "2026-03-02")
    resources = ("--resources", "channels,overview,goals,conversions_timeseries")
    assert elt(*arguments, *resources, "--today", "2026-03-05").code == 0

    sandbox.settings.today = date(2026, 3, 31)
    result = elt(*arguments, *resources, "--today", "2026-03-31")

    assert result.code == 0, result.err
    with closing(psycopg2.connect(postgres)) as connection, connection.cursor() as cursor:
        for table in ("channels", "overview"):
            truth = [
                row
                for day in days(date(2026, 2, 25), date(2026, 3, 2))
                for row in aggregate(sandbox, table, day, day, ("last_touch",))
            ]
            names = {name for row in truth for name in row}
            cursor.execute(f"SELECT * FROM atribu.{table}")  # noqa: S608 - test's own names
            columns = [column.name for column in cursor.description or ()]
            loaded = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            assert comparable(loaded, names) == comparable(truth, names)
