"""A day that cannot be read costs a day, and the smallest allowance gets somewhere in every run."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.atatus import PROJECTS, Fault
from sandbox.atatus.state import Sandbox
from tests.integration.atatus_truth import asks_for_days, loaded, stats_truth
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 14)
DAYS = [str(FIRST + timedelta(offset)) for offset in range((LAST - FIRST).days + 1)]
SYNC = ("sync", "atatus", "--since", str(FIRST))


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__MAX_TRIES", "1")
    monkeypatch.setenv("SOURCES__ATATUS__MAX_IN_FLIGHT", "1")
    monkeypatch.setenv("SOURCES__ATATUS__RESTATEMENT", "none")


@pytest.fixture
def served(serve_atatus: ServeAtatus, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    sandbox = serve_atatus(as_of=LAST)
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", PROJECTS[0])
    return sandbox


def on_days(*days: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda query: asks_for_days(query) and query["timeStart"][:10] in days


def days_in(sandbox: Sandbox) -> list[str]:
    """Days that were asked for since the log was cleared, in order."""
    return [call.query["timeStart"][:10] for call in sandbox.log if asks_for_days(call.query)]


def days_loaded() -> list[str]:
    return [str(row["date"]) for row in loaded("transaction_stats")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        pytest.param("reset", DAYS[-2:-1], id="reset"),
        pytest.param("403", DAYS[-1:], id="forbidden"),
        pytest.param("404", DAYS[-4:-2], id="not-found", marks=pytest.mark.sweep),
        pytest.param("html", DAYS[2:10], id="eight-in-a-row"),
    ],
)
def test_bad_days_cost_themselves_and_are_named(served: Sandbox, elt: Elt, kind: Any, bad: list[str]) -> None:
    served.faults.append(Fault("*", kind, times=None, match=on_days(*bad)))

    result = elt(*SYNC, "--today", str(LAST))

    assert result.code == (77 if kind == "403" else 4), result.err
    assert days_loaded() == [day for day in DAYS if day not in bad]
    assert [day for day in DAYS if f"transactions {PROJECTS[0]} {day}: " in result.err] == bad
    assert "everything else is loaded" in result.err


@pytest.mark.slow
def test_days_that_fail_again_and_again_are_asked_for_last_and_less_often(served: Sandbox, elt: Elt) -> None:
    served.faults.append(Fault("*", "500", times=None, match=on_days(DAYS[5])))
    asked, codes = [], []
    for offset in range(6):
        served.log.clear()
        served.settings.as_of = LAST + timedelta(offset)
        codes.append(elt(*SYNC, "--today", str(LAST + timedelta(offset))).code)
        asked.append(DAYS[5] in days_in(served))
        if asked[-1] and offset:
            assert days_in(served)[-1] == DAYS[5]

    assert (asked, codes) == ([True, True, True, False, False, True], [4] * 6)
    served.faults.clear()
    healed = elt(*SYNC, "--today", str(LAST + timedelta(5)), "--full")
    assert (healed.code, DAYS[5] in days_loaded()) == (0, True)


@pytest.mark.sweep
def test_the_smallest_allowance_reads_another_day_in_every_run(served: Sandbox, elt: Elt) -> None:
    smallest = ("--since", DAYS[-4], "--today", str(LAST), "--max-units", "1")
    codes = [elt("sync", "atatus", *smallest).code for _ in range(5)]

    assert days_in(served) == [*DAYS[:-5:-1], DAYS[-1]]
    assert codes == [3, 3, 3, 3, 0]
    assert loaded("transaction_stats") == stats_truth(served, PROJECTS[:1], LAST - timedelta(3), LAST)


def test_windows_that_are_all_rejected_alike_end_the_run_with_one_sentence(served: Sandbox, elt: Elt) -> None:
    served.faults.append(Fault("*", "404", times=None))

    result = elt(*SYNC, "--today", str(LAST))

    assert result.code == 4
    assert result.err.count("could not be found (404)") <= 1
    assert "windows that were asked for failed so, and no other was asked for" in result.err


@pytest.mark.slow
def test_a_bad_id_costs_that_id(served: Sandbox, elt: Elt) -> None:
    ids = {str(row["id"]) for row in served.rows(PROJECTS[0], LAST)}
    bad = min(ids)
    served.faults.append(Fault(f"projects/*/transactions/{bad}", "404", times=None))

    result = elt("sync", "atatus", "--since", str(LAST), "--today", str(LAST), "--resources", "transaction_details")

    assert result.code == 4
    assert f"transaction_details {PROJECTS[0]} {LAST} {bad}: " in result.err
    rows = rows_of("transaction_details", "local.duckdb", dataset="atatus")
    assert {row["transaction_id"] for row in rows} == ids - {bad}
