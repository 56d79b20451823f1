"""The Atribu source in a dlt pipeline of its own, against a small sandbox."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.extract import DltSource
from pendulum import Date

from sandbox.atribu import FULL_KEY, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from sources.atribu import atribu
from tests.own_settings import own_settings

FIRST, TODAY = Date(2026, 1, 3), Date(2026, 1, 20)
DAYS = [str(FIRST.add(days=offset)) for offset in range(18)]
"""From the first day to today."""

Query = Callable[[str], list[tuple[Any, ...]]]
Source = Callable[..., DltSource]


@pytest.fixture
def settings_dir(tmp_path: Path) -> Iterator[Path]:
    with own_settings(tmp_path) as folder:
        yield folder


def small_sandbox(**differs: Any) -> AbstractContextManager[tuple[str, Sandbox]]:
    """Serve a world of few visits."""
    size = Size(visits_per_day=6, conversions_per_day=3)
    app = create_app(Settings(**{"limit": 100_000, "size": size, "today": date(2026, 1, 20), **differs}))

    @contextmanager
    def serving() -> Iterator[tuple[str, Sandbox]]:
        with running(app) as url:
            yield url, app.state.sandbox

    return serving()


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, Sandbox]]:
    with small_sandbox() as serving:
        yield serving


@pytest.fixture
def sandbox(served: tuple[str, Sandbox]) -> Iterator[Sandbox]:
    _, sandbox = served
    sandbox.log.clear()
    yield sandbox
    sandbox.faults.clear()


@pytest.fixture
def source(served: tuple[str, Sandbox]) -> Source:
    """Make the source against the sandbox; options may differ."""
    url, _ = served

    def make(*resources: str, **differs: Any) -> DltSource:
        given: dict[str, Any] = {
            "resources": resources,
            "today": TODAY,
            "start_date": FIRST,
            "base_url": url,
            "api_key": FULL_KEY,
            "rate_limit": 100_000,
            "horizon_days": 2,
            "max_tries": 1,
        }
        return atribu(**(given | differs))

    return make


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    return dlt.pipeline(
        "atribu_test",
        pipelines_dir=str(tmp_path / "pipelines"),
        destination=dlt.destinations.duckdb(str(tmp_path / "warehouse.duckdb")),
        dataset_name="atribu",
    )


@pytest.fixture
def query(tmp_path: Path) -> Query:
    """Ask the file that was loaded."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return ask


def asked(sandbox: Sandbox) -> list[tuple[str, str, str]]:
    """Path and range of every call, in order of the dates."""
    calls = [(entry.path, entry.query.get("date_from", ""), entry.query.get("date_to", "")) for entry in sandbox.log]
    return sorted(calls)


def day_range(day: str) -> dict[str, str]:
    return {"date_from": day, "date_to": day}


def truth_by_day(sandbox: Sandbox, path: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of an aggregate for each single day, as the server gives them."""
    rows: list[tuple[Any, ...]] = []
    for day in DAYS:
        answer: Any = sandbox.answer(path, day_range(day) | {"limit": "100"})
        rows += [(date.fromisoformat(day), *(row[column] for column in columns)) for row in answer]
    return sorted(rows)
