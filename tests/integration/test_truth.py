"""Every cell in DuckDB equals the server's truth, for every limiter algorithm and both generations."""

from datetime import date
from typing import Any

import pytest

from sandbox.atribu.state import Sandbox
from tests.integration.conftest import Elt, Serve, rows_of
from tests.integration.truth import (
    CALLS_A_SYNC,
    CALLS_A_WINDOW,
    DAILY,
    FIRST_CONTACT,
    aggregate,
    comparable,
    days,
    truth_of,
)

pytestmark = pytest.mark.untraced

FIRST, LAST = date(2026, 2, 20), date(2026, 3, 2)
WINDOW = ("--since", str(FIRST), "--until", str(LAST))
FEW, FEW_DAYS = date(2026, 2, 26), ("--since", "2026-02-26", "--until", str(LAST))
TODAY = ("--today", "2026-03-31")


def differing_cells(sandbox: Sandbox, first: date, models: tuple[str, ...] = ("last_touch",)) -> dict[str, Any]:
    """Tables whose rows since a day are not the truth, each with what is only there and only here."""
    found = {}
    for table in DAILY:
        truth, loaded = truth_of(sandbox, table, first, LAST, models), rows_of(table)
        names = {name for row in [*truth, *loaded] for name in row if name != "grain"}
        there, here = comparable(truth, names), comparable(loaded, names)
        if there != here:
            found[table] = [row for row in there if row not in here], [row for row in here if row not in there]
    return found


@pytest.mark.parametrize(
    ("generation", "algorithm"),
    [
        ("new", "fixed_window"),
        ("old", "weighted_windows"),
        pytest.param("new", "sliding_log", marks=pytest.mark.sweep),
        pytest.param("new", "token_bucket", marks=pytest.mark.sweep),
        pytest.param("new", "weighted_windows", marks=pytest.mark.sweep),
        pytest.param("old", "fixed_window", marks=pytest.mark.sweep),
        pytest.param("old", "sliding_log", marks=pytest.mark.sweep),
        pytest.param("old", "token_bucket", marks=pytest.mark.sweep),
    ],
)
def test_every_cell_equals_the_servers_truth_and_only_weighted_windows_refuse_a_call_or_two(
    serve: Serve, elt: Elt, generation: str, algorithm: str
) -> None:
    sandbox = serve(algorithm=algorithm, generation=generation, limit=40, period=0.4)

    result = elt("sync", "atribu", *FEW_DAYS, *TODAY, "--resources", ",".join(DAILY))

    assert result.code == 0, result.err
    assert sandbox.rejections <= (2 if algorithm == "weighted_windows" else 0)
    assert sandbox.units_spent > 2 * sandbox.settings.limit
    assert differing_cells(sandbox, FEW) == {}


@pytest.mark.slow
def test_units_spent_are_the_arithmetic_of_the_catalogue(serve: Serve, elt: Elt) -> None:
    sandbox = serve()

    result = elt("sync", "atribu", *WINDOW, *TODAY)

    expected = CALLS_A_WINDOW * len(list(days(FIRST, LAST))) + CALLS_A_SYNC + FIRST_CONTACT
    assert sandbox.units_spent == expected
    assert result.out.split()[-1] == str(expected)


@pytest.mark.sweep
def test_two_models_load_side_by_side(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = serve()
    monkeypatch.setenv("SOURCES__ATRIBU__MODELS", "last_touch,linear")

    assert elt("sync", "atribu", *FEW_DAYS, *TODAY, "--resources", ",".join(DAILY)).code == 0

    assert differing_cells(sandbox, FEW, ("last_touch", "linear")) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("grain", "windows"),
    [
        ("week", [("2026-02-16", "2026-02-22"), ("2026-02-23", "2026-03-01"), ("2026-03-02", "2026-03-08")]),
        ("month", [("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31")]),
    ],
)
def test_a_coarser_grain_stores_whole_weeks_and_months(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, grain: str, windows: list[tuple[str, str]]
) -> None:
    sandbox = serve()
    monkeypatch.setenv("SOURCES__ATRIBU__GRAIN", grain)

    assert elt("sync", "atribu", *WINDOW, *TODAY, "--resources", "channels,overview").code == 0

    for table in ("channels", "overview"):
        bounds = [(date.fromisoformat(start), date.fromisoformat(end)) for start, end in windows]
        truth = [row for start, end in bounds for row in aggregate(sandbox, table, start, end, ("last_touch",))]
        loaded = rows_of(table)
        names = {name for row in truth for name in row}
        assert comparable(loaded, names) == comparable(truth, names)
        assert {row["grain"] for row in loaded} == {grain}


@pytest.mark.slow
def test_a_second_sync_follows_a_world_that_has_changed(serve: Serve, elt: Elt) -> None:
    sandbox = serve(today=date(2026, 3, 3))
    resources = ("--resources", ",".join(DAILY))
    assert elt("sync", "atribu", *FEW_DAYS, "--today", "2026-03-03", *resources).code == 0
    before = {table: rows_of(table) for table in DAILY}

    sandbox.settings.today = date(2026, 3, 31)
    assert elt("sync", "atribu", *FEW_DAYS, *TODAY, *resources).code == 0

    assert differing_cells(sandbox, FEW) == {}
    assert [table for table in DAILY if rows_of(table) != before[table]]


@pytest.mark.sweep
def test_more_than_366_days_are_asked_for_in_pieces(serve: Serve, elt: Elt) -> None:
    sandbox = serve(first_day=date(2024, 1, 1))

    assert elt("sync", "atribu", "--since", "2024-01-01", *TODAY, "--resources", "timeseries,revenue").code == 0

    asked = [
        date.fromisoformat(one.query["date_to"]) - date.fromisoformat(one.query["date_from"]) for one in sandbox.log
    ]
    assert max(asked).days + 1 == 366
    assert len(rows_of("timeseries")) >= 750


@pytest.mark.slow
def test_snapshots_and_the_moment_equal_the_servers_truth(serve: Serve, elt: Elt) -> None:
    sandbox = serve()
    names = ("goals", "realtime", "top_performers", "creative_patterns", "archetypes", "ads_trajectory", "ads_forecast")

    result = elt("sync", "atribu", *TODAY, "--resources", ",".join((*names, "ads_funnel_diagnosis")))

    assert result.code == 0, result.err
    best: Any = sandbox.answer("top-performers", {"limit": "100"})
    patterns: Any = sandbox.answer("creative-patterns", {})
    online: Any = sandbox.answer("realtime", {})
    goals: Any = sandbox.answer("goals", {})
    flat = {name for row in best for name, value in row.items() if not isinstance(value, list)}
    assert comparable(rows_of("top_performers"), flat) == comparable(best, flat)
    assert len(rows_of("creative_patterns")) == len(patterns["patterns"])
    assert [row["visitors_online"] for row in rows_of("realtime")] == [online["visitors_online"]]
    events = [(goal["id"], place, name) for goal in goals for place, name in enumerate(goal["source_event_names"])]
    loaded = [(row["id"], row["position"], row["value"]) for row in rows_of("goals__source_event_names")]
    assert sorted(loaded) == sorted(events)
    trajectory: Any = sandbox.answer("ads/trajectory", {"ad_external_id": best[0]["ad_external_id"]})
    points = [row for row in rows_of("ads_trajectory") if row["ad_external_id"] == best[0]["ad_external_id"]]
    assert sorted((str(row["snapshot_date"]), row["spend"]) for row in points) == [
        (point["snapshot_date"], point["spend"]) for point in trajectory["points"]
    ]


@pytest.mark.slow
def test_capped_lists_are_reported_as_truncated(serve: Serve, elt: Elt) -> None:
    from sandbox.atribu import Size  # noqa: PLC0415 - only here

    serve(size=Size(keywords=300))

    result = elt("sync", "atribu", "--since", "2026-03-20", *TODAY, "--resources", "keywords")

    assert "keywords 2026-03-20" in result.err
    assert "cuts this list off" in result.err
