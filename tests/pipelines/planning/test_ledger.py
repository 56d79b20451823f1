"""The ledger knows which days were loaded, survives its way through state, and stays small."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pendulum import Date

from pipelines.planning.ledger import STATE_KEY, Ledger
from pipelines.planning.server_behaviour import FIRST_TRIED, ServerBehaviour
from sources.atribu.endpoints import ENDPOINTS
from sources.atribu.options import LEVELS, MODELS
from sources.rest.errors import ConfigurationError
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

TODAY = Date(2026, 3, 31)
FIRST = Date(2026, 1, 1)


def task(name: str, start: str, end: str, *variant: tuple[str, str]) -> Task:
    return Task(ENDPOINTS[name], Window(Date.fromisoformat(start), Date.fromisoformat(end)), variant)


def loaded(tasks: Sequence[Task], grain: Grain = Grain.DAY, today: Date = TODAY) -> Ledger:
    ledger = Ledger()
    for one in tasks:
        ledger.add(one, grain, today)
    return ledger


def texts(windows: Sequence[Window]) -> list[str]:
    return [str(window) for window in windows]


def test_an_empty_ledger_misses_the_whole_window() -> None:
    assert texts(Ledger().missing(task("channels", "2026-03-01", "2026-03-05"), Grain.DAY)) == [
        "2026-03-01..2026-03-05"
    ]


@pytest.mark.parametrize(
    ("have", "expected"),
    [
        pytest.param([("03-01", "03-10")], [], id="all"),
        pytest.param([("02-01", "03-20")], [], id="more-than-all"),
        pytest.param([("03-01", "03-04")], ["2026-03-05..2026-03-10"], id="older-part"),
        pytest.param([("03-05", "03-10")], ["2026-03-01..2026-03-04"], id="newer-part"),
        pytest.param([("03-04", "03-06")], ["2026-03-07..2026-03-10", "2026-03-01..2026-03-03"], id="middle"),
        pytest.param(
            [("03-02", "03-03"), ("03-06", "03-08")],
            ["2026-03-09..2026-03-10", "2026-03-04..2026-03-05", "2026-03-01"],
            id="two-parts",
        ),
        pytest.param([("02-01", "02-28"), ("03-11", "03-12")], ["2026-03-01..2026-03-10"], id="only-neighbours"),
        pytest.param([("02-20", "03-01"), ("03-10", "03-20")], ["2026-03-02..2026-03-09"], id="both-ends-overlap"),
    ],
)
def test_gaps_are_told_newest_first(have: list[tuple[str, str]], expected: list[str]) -> None:
    ledger = loaded([task("channels", f"2026-{start}", f"2026-{end}") for start, end in have])
    assert texts(ledger.missing(task("channels", "2026-03-01", "2026-03-10"), Grain.DAY)) == expected


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=6), st.integers(0, 40), st.integers(0, 15))
def test_what_is_missing_are_exactly_the_days_that_were_not_added(
    spans: list[tuple[int, int]], first: int, days: int
) -> None:
    channels = ENDPOINTS["channels"]
    windows = [Window(FIRST.add(days=start), FIRST.add(days=start + more)) for start, more in spans]
    ledger = loaded([Task(channels, window) for window in windows])
    asked = Window(FIRST.add(days=first), FIRST.add(days=first + days))
    missing = ledger.missing(Task(channels, asked), Grain.DAY)
    have = {day for window in windows for day in window.dates()}
    assert [day for window in missing[::-1] for day in window.dates()] == [d for d in asked.dates() if d not in have]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(task("countries", "2026-03-01", "2026-03-02"), id="endpoint"),
        pytest.param(task("overview", "2026-03-01", "2026-03-02", ("model", "linear")), id="variant"),
    ],
)
def test_what_was_loaded_for_one_says_nothing_about_another(other: Task) -> None:
    ledger = loaded([task("overview", "2026-03-01", "2026-03-02", ("model", "last_touch"))])
    assert texts(ledger.missing(other, Grain.DAY)) == ["2026-03-01..2026-03-02"]


def test_aggregates_of_another_grain_are_missing() -> None:
    week = task("channels", "2026-03-02", "2026-03-08")
    ledger = loaded([week], Grain.WEEK)
    assert ledger.missing(week, Grain.WEEK) == []
    assert texts(ledger.missing(week, Grain.DAY)) == ["2026-03-02..2026-03-08"]


def test_a_series_is_the_same_at_every_grain() -> None:
    week = task("timeseries", "2026-03-02", "2026-03-08")
    assert loaded([week], Grain.WEEK).missing(week, Grain.DAY) == []


@pytest.mark.parametrize("name", ["timeseries", "channels", "visitors"])
def test_today_is_never_complete(name: str) -> None:
    today = task(name, "2026-03-31", "2026-03-31")
    assert texts(loaded([today]).missing(today, Grain.DAY)) == ["2026-03-31"]


def test_a_series_that_reaches_into_today_is_complete_until_yesterday() -> None:
    one = task("timeseries", "2026-03-01", "2026-03-31")
    assert texts(loaded([one]).missing(one, Grain.DAY)) == ["2026-03-31"]


def test_a_month_that_reaches_into_today_is_not_complete_in_any_part() -> None:
    one = task("channels", "2026-03-01", "2026-03-31")
    assert texts(loaded([one], Grain.MONTH).missing(one, Grain.MONTH)) == ["2026-03-01..2026-03-31"]


def test_a_task_without_dates_is_not_kept() -> None:
    goals = Task(ENDPOINTS["goals"])
    ledger = loaded([goals])
    assert ledger.missing(goals, Grain.DAY) == []
    assert ledger.to_state()["loaded"] == {}


def test_the_ledger_comes_back_from_state_as_it_was() -> None:
    tasks = [
        task("overview", "2026-03-01", "2026-03-05", ("model", "linear")),
        task("overview", "2026-03-08", "2026-03-09", ("model", "linear")),
        task("timeseries", "2025-12-31", "2026-01-01"),
    ]
    state = loaded(tasks).to_state()
    assert (state["version"], state["loaded"]) == (
        3,
        {
            "overview|day|linear": [["2026-03-01", "2026-03-05"], ["2026-03-08", "2026-03-09"]],
            "timeseries": [["2025-12-31", "2026-01-01"]],
        },
    )
    again = Ledger.from_state({STATE_KEY: json.loads(json.dumps(state))})
    assert again.to_state() == state
    again.add(task("overview", "2026-03-06", "2026-03-07", ("model", "linear")), Grain.DAY, TODAY)
    assert again.to_state()["loaded"]["overview|day|linear"] == [["2026-03-01", "2026-03-09"]]


def test_a_list_that_an_earlier_version_has_found_cut_off_is_asked_for_in_shorter_ranges() -> None:
    state = Ledger().to_state() | {"known": {"pages|day": {"capped": True}}}
    pages = task("pages", "2026-03-01", "2026-03-30")
    assert Ledger.from_state({STATE_KEY: state}).behaviour(pages, Grain.DAY).whole_days == FIRST_TRIED


def test_state_without_a_ledger_is_an_empty_one() -> None:
    assert Ledger.from_state({"resources": {}}).to_state() == Ledger().to_state()


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(ServerBehaviour(), id="nothing"),
        pytest.param(ServerBehaviour(whole_days=3, cut=(Window(TODAY, TODAY),)), id="lists-that-are-cut-off"),
        pytest.param(
            ServerBehaviour(rounded=True, not_additive=frozenset({"b", "a"}), whole_days=7, checked=TODAY), id="all"
        ),
    ],
)
def test_what_checks_have_learned_comes_back_for_its_variant_only(known: ServerBehaviour) -> None:
    linear, other = (task("overview", "2026-03-01", "2026-03-02", ("model", model)) for model in ("linear", "custom"))
    ledger = Ledger(tenant="p1")
    ledger.learn(linear, Grain.DAY, known)
    again = Ledger.from_state({STATE_KEY: json.loads(json.dumps(ledger.to_state()))})
    assert (again.behaviour(linear, Grain.DAY), again.behaviour(other, Grain.DAY), again.tenant) == (
        known,
        ServerBehaviour(),
        "p1",
    )


def test_days_of_a_window_that_were_loaded_are_told_oldest_first() -> None:
    ledger = loaded([task("channels", "2026-03-01", "2026-03-03"), task("channels", "2026-03-06", "2026-03-09")])
    asked = task("channels", "2026-03-02", "2026-03-07")
    assert texts(ledger.loaded(asked, Grain.DAY)) == ["2026-03-02..2026-03-03", "2026-03-06..2026-03-07"]
    assert ledger.loaded(task("channels", "2026-03-04", "2026-03-05"), Grain.DAY) == []


def test_forgetting_an_endpoint_leaves_the_others() -> None:
    revenue = [task("revenue", "2026-03-01", "2026-03-02", ("model", model)) for model in ("linear", "custom")]
    cash = task("revenue_cash", "2026-03-01", "2026-03-02")
    ledger = loaded([*revenue, cash])
    assert ledger.endpoints() == {"revenue", "revenue_cash"}
    ledger.drop("revenue")
    assert ledger.endpoints() == {"revenue_cash"}
    assert ledger.missing(cash, Grain.DAY) == []
    assert texts(ledger.missing(revenue[0], Grain.DAY)) == ["2026-03-01..2026-03-02"]


@pytest.mark.parametrize(
    "stored",
    [pytest.param({"version": 4, "loaded": {}}, id="later"), pytest.param({"loaded": {}}, id="none")],
)
def test_a_ledger_of_another_version_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(
        ConfigurationError, match=f"has version {stored.get('version')!r}, this program knows 3; update"
    ):
        Ledger.from_state({STATE_KEY: stored})


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        pytest.param("channels", "2026-03-01", "2026-03-02", id="complete"),
        pytest.param("channels", "2026-03-31", "2026-03-31", id="open"),
        pytest.param("timeseries", "2026-03-01", "2026-03-31", id="partly-complete"),
    ],
)
def test_a_variant_counts_as_checked_on_the_day_of_its_first_window_and_later_ones_do_not_move_that(
    name: str, start: str, end: str
) -> None:
    one = task(name, start, end)
    ledger = loaded([one])
    ledger.add(one, Grain.DAY, TODAY.add(days=5))
    assert ledger.behaviour(one, Grain.DAY) == ServerBehaviour(checked=TODAY)
    ledger.learn(one, Grain.DAY, ServerBehaviour(rounded=True, checked=TODAY.add(days=9)))
    ledger.add(one, Grain.DAY, TODAY.add(days=12))
    assert ledger.behaviour(one, Grain.DAY) == ServerBehaviour(rounded=True, checked=TODAY.add(days=9))


def test_what_was_learned_before_anything_was_loaded_stays_when_it_is() -> None:
    one = task("channels", "2026-03-01", "2026-03-02")
    ledger = Ledger()
    ledger.learn(one, Grain.DAY, ServerBehaviour(whole_days=7))
    ledger.add(one, Grain.DAY, TODAY)
    assert ledger.behaviour(one, Grain.DAY) == ServerBehaviour(whole_days=7, checked=TODAY)


def test_a_task_without_dates_is_never_checked() -> None:
    assert loaded([Task(ENDPOINTS["goals"])]).to_state()["known"] == {}


def test_knowledge_is_of_one_grain_but_for_series() -> None:
    series, aggregate = (task(name, "2026-03-02", "2026-03-08") for name in ("timeseries", "channels"))
    ledger = loaded([series, aggregate], Grain.WEEK)
    assert ledger.behaviour(series, Grain.DAY) == ServerBehaviour(checked=TODAY)
    assert ledger.behaviour(aggregate, Grain.DAY) == ServerBehaviour()


def test_only_what_was_learned_is_stored_and_in_a_fixed_order() -> None:
    one, other = task("pages", "2026-03-01", "2026-03-02"), task("channels", "2026-03-01", "2026-03-02")
    ledger = Ledger(tenant="p1")
    ledger.learn(one, Grain.DAY, ServerBehaviour(rounded=True, not_additive=frozenset({"b", "a"}), checked=TODAY))
    ledger.learn(other, Grain.WEEK, ServerBehaviour())
    state = ledger.to_state()
    assert state["tenant"] == "p1"
    assert state["known"] == {
        "channels|week": {},
        "pages|day": {"rounded": True, "not_additive": ["a", "b"], "checked": "2026-03-31"},
    }
    assert list(state["known"]) == ["channels|week", "pages|day"]


def test_a_forgotten_endpoint_keeps_what_was_learned_of_the_server_and_its_tenant() -> None:
    one = task("channels", "2026-03-01", "2026-03-02")
    ledger = loaded([one])
    ledger.tenant = "p1"
    ledger.learn(one, Grain.DAY, ServerBehaviour(rounded=True, checked=TODAY))
    ledger.drop("channels")
    assert (ledger.endpoints(), ledger.tenant) == (set(), "p1")
    assert ledger.behaviour(one, Grain.DAY) == ServerBehaviour(rounded=True, checked=TODAY)


def test_forgetting_goes_by_the_whole_name() -> None:
    ledger = loaded([task(name, "2026-03-01", "2026-03-02") for name in ("conversions", "conversions_timeseries")])
    ledger.drop("conversions")
    assert ledger.endpoints() == {"conversions_timeseries"}


@pytest.mark.parametrize(
    ("models", "months"),
    [
        pytest.param(MODELS[:2], range(36), id="two-models-and-a-gap-a-month"),
        pytest.param(MODELS, range(0, 36, 6), id="all-models-and-a-gap-each-half-year"),
    ],
)
def test_three_years_of_daily_history_with_gaps_fit_into_64_kilobytes(
    models: tuple[str, ...], months: Sequence[int]
) -> None:
    values = {"model": models, "level": LEVELS, "goal": ("payment_received", "lead_created", "call_booked")}
    ledger = Ledger()
    variants = 0
    for endpoint in ENDPOINTS.values():
        if not endpoint.dated:
            continue
        for variant in endpoint.variants(values):
            variants += 1
            for month in months:  # each month was loaded but for its last days
                start = Date(2023, 4, 1).add(months=month)
                ledger.add(Task(endpoint, Window(start, start.add(days=20)), variant), Grain.DAY, TODAY)
            known = ServerBehaviour(
                rounded=True, not_additive=frozenset(endpoint.additive), whole_days=7, checked=TODAY
            )
            ledger.learn(Task(endpoint, variant=variant), Grain.DAY, known)
    state = ledger.to_state()
    assert len(state["loaded"]) == variants
    assert {len(ranges) for ranges in state["loaded"].values()} == {len(months)}
    assert len(json.dumps(state)) < 64 * 1024
