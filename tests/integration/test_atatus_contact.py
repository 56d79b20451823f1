"""How a server reads ranges is found out before rows are loaded; what was found out is asked again."""

from datetime import date, timedelta

import pendulum
import pytest

from sandbox.atatus import PROJECTS, Size
from sandbox.atatus.state import Sandbox
from tests.integration.atatus_truth import loaded, truth
from tests.integration.conftest import Elt, Result, ServeAtatus, rows_of

FIRST, LAST = date(2026, 3, 10), date(2026, 3, 14)
BUSY = Size(transactions=3, events_per_day=3_000)


@pytest.fixture(autouse=True)
def days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__START_DATE", str(FIRST))
    monkeypatch.setenv("SOURCES__ATATUS__HORIZON_DAYS", "2")


def on(day: date) -> tuple[str, str]:
    return "--today", str(day)


def synced(elt: Elt, sandbox: Sandbox, day: date) -> Result:
    sandbox.settings.as_of = day
    return elt("sync", "atatus", *on(day))


def loaded_nothing() -> bool:
    """Whether no table has a row; they are there from the start of a run on."""
    return not [row for table in ("transactions", "transaction_stats") for row in rows_of(table, dataset="atatus")]


@pytest.mark.slow
def test_a_server_that_counts_the_end_of_a_range_is_found_out_before_anything_is_loaded(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus(end_inclusive=True)

    sandbox.settings.as_of = pendulum.today("UTC").date()  # check looks at the days before today
    checked = elt("check", "atatus")
    first = synced(elt, sandbox, LAST)

    for result in (checked, first):
        assert result.code == 78
        assert 'set window_end = "inclusive"' in result.out + result.err
    assert loaded_nothing()
    monkeypatch.setenv("SOURCES__ATATUS__WINDOW_END", "inclusive")
    assert synced(elt, sandbox, LAST).code == 0
    assert loaded("transactions") == truth(sandbox, PROJECTS, FIRST, LAST)


@pytest.mark.slow
def test_times_that_are_refused_as_they_are_sent_end_the_first_sync_with_the_option_that_helps(
    serve_atatus: ServeAtatus, elt: Elt
) -> None:
    sandbox = serve_atatus()
    # takes the separator in one spelling only, which is not the documented one
    sandbox.settings.accepts_time = "percent"  # type: ignore[assignment] # a spelling of the test's own
    from sandbox.atatus import timing  # noqa: PLC0415 - its table is changed here

    timing._SPELLINGS["percent"] = frozenset({"%20"})  # type: ignore[index] # noqa: SLF001 - see above

    result = synced(elt, sandbox, LAST)

    assert result.code == 78
    assert 'set time_separator = "%20" under [sources.atatus]; nothing was loaded' in " ".join(result.err.split())
    assert len(sandbox.log) <= 3


@pytest.mark.slow
def test_a_server_that_changes_its_mind_is_found_out_and_everything_loaded_is_made_right(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = serve_atatus(size=BUSY, late_days=0)
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", PROJECTS[0])
    assert synced(elt, sandbox, LAST).code == 0
    sandbox.settings.end_inclusive = True
    told = [synced(elt, sandbox, LAST + timedelta(offset)) for offset in range(1, 4)]
    last = LAST + timedelta(3)

    assert any('set window_end = "inclusive"' in one.err for one in told)
    assert "total_count does not add up over days on this server" in " ".join(one.err for one in told)
    monkeypatch.setenv("SOURCES__ATATUS__WINDOW_END", "inclusive")
    assert synced(elt, sandbox, last).code == 0
    assert loaded("transactions") == truth(sandbox, PROJECTS[:1], FIRST, last)
    proved = elt("verify", "atatus", *on(last))
    assert (proved.code, "does not add up over days on this server" in proved.err) == (0, False)
    assert "success_time" in proved.err
