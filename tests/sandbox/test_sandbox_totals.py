"""Every endpoint answers from the same events, so whatever names the same thing agrees."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from conftest import Client, make_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.atribu import Settings
from sandbox.atribu.answers.analytics import DIMENSIONS
from sandbox.atribu.facts.attribution import MODELS

FIRST, TODAY = date(2026, 1, 1), date(2026, 3, 31)
SOME = settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
windows = st.tuples(st.dates(FIRST - timedelta(3), TODAY + timedelta(3)), st.integers(0, 60).map(timedelta)).map(
    lambda pair: {"date_from": pair[0].isoformat(), "date_to": (pair[0] + pair[1]).isoformat()}
)
models = st.sampled_from(sorted(MODELS["new"]))
CENT = 0.0051


def total(rows: list[dict[str, float]], field: str) -> float:
    return round(sum(row[field] for row in rows), 2)


@pytest.fixture(params=["new", "old"])
def either(client: Client, settings: Settings, request: pytest.FixtureRequest) -> Client:
    settings.generation = request.param
    return client


@given(window=windows)
@SOME
def test_all_breakdowns_add_up_to_the_same_as_overview(either: Client, window: dict[str, str]) -> None:
    current = either.data("overview", **window)["current"]
    for path in DIMENSIONS:
        rows = either.data(path, limit=100, **window)
        assert sum(row["conversions"] for row in rows) == current["attributed_outcomes"], path
        assert total(rows, "revenue") == current["revenue"], path


@given(window=windows)
@SOME
def test_traffic_of_the_older_generation_agrees_between_endpoints(
    client: Client, settings: Settings, window: dict[str, str]
) -> None:
    settings.generation = "old"
    pageviews = client.data("overview", **window)["current"]["pageviews"]
    assert total(client.data("timeseries", **window), "pageviews") == pageviews
    assert client.data("quality", **window)["total_events"] == pageviews
    visits = {path: total(client.data(path, limit=100, **window), "visits") for path in DIMENSIONS}
    assert len(set(visits.values())) == 1
    for path in DIMENSIONS:
        assert total(client.data(path, limit=100, **window), "pageviews") == pageviews


@given(window=windows, model=models)
@SOME
def test_campaigns_and_the_organic_rest_add_up_to_overview_at_every_level(
    client: Client, settings: Settings, window: dict[str, str], model: str
) -> None:
    settings.generation = "new"
    current = client.data("overview", model=model, **window)["current"]
    for level in ("campaign", "ad_set", "ad"):
        rows = client.data("campaigns", level=level, model=model, limit=100, **window)
        assert total(rows, "spend") == current["spend"]
        credited = total(rows, "outcome_value") + current["organic_direct_revenue"]
        assert credited == pytest.approx(current["revenue"], abs=CENT * (len(rows) + 1))
    assert client.data("campaigns", model=model, limit=100, **window) == client.data(
        "campaigns", level="campaign", model=model, limit=100, **window
    )


@given(window=windows, model=models)
@SOME
def test_totals_are_equal_under_every_model(
    client: Client, settings: Settings, window: dict[str, str], model: str
) -> None:
    settings.generation = "new"
    current = client.data("overview", **window)["current"]
    other = client.data("overview", model=model, **window)["current"]
    assert current | {"organic_direct_revenue": other["organic_direct_revenue"]} == other


@given(window=windows, model=models)
@SOME
def test_the_daily_series_add_up_to_the_aggregates(either: Client, window: dict[str, str], model: str) -> None:
    current = either.data("overview", model=model, **window)["current"]
    series = either.data("timeseries", **window)
    assert total(series, "cash_revenue") == current["cash_revenue"]
    assert total(series, "spend") == current["spend"]
    revenue = either.data("revenue", model=model, **window)
    assert total(revenue, "revenue") == current["revenue"]
    assert total(revenue, "spend") == current["spend"]
    counts = Counter[str]()
    for row in either.data("conversions/timeseries", **window):
        counts[row["event_type"]] += row["count"]
    conversions = {row["event_type"]: row["count"] for row in either.data("conversions", **window)}
    assert conversions == counts
    assert sum(conversions.values()) == current["outcomes"]
    assert conversions.get("payment_received", 0) == current["cash_payments"]


@given(window=windows)
@SOME
def test_cash_by_source_coverage_and_customers_add_up_to_cash_revenue(client: Client, window: dict[str, str]) -> None:
    current = client.data("overview", **window)["current"]
    cash = client.data("revenue/cash", **window)
    assert sum(row["count"] for row in cash) == current["cash_payments"]
    per_usd = {"USD": 1, "MXN": 20}
    in_usd = round(sum(row["total"] / per_usd[row["currency"]] for row in cash), 2)
    assert in_usd == current["cash_revenue"]
    customers = client.sandbox.answer("customers", window | {"goal": "payment_received"}, capped=False)
    assert len(customers) == current["cash_payments"]
    assert total(customers, "revenue") == current["cash_revenue"]
    coverage = client.data("attribution-coverage", **window)
    if coverage is None:
        assert current["cash_payments"] == 0
        return
    buckets = coverage["buckets"].values()
    assert coverage["total"] == {"count": current["cash_payments"], "value": current["cash_revenue"]}
    assert sum(bucket["count"] for bucket in buckets) == current["cash_payments"]
    assert total(buckets, "value") == current["cash_revenue"]


@given(window=windows)
@SOME
def test_trend_adds_up_to_the_spend_of_each_campaign(client: Client, window: dict[str, str]) -> None:
    rows = client.data("campaigns", limit=100, **window)
    spend = {row["campaign_id"]: row["spend"] for row in rows if row["spend"]}
    if not spend:
        return
    sums = dict.fromkeys(spend, 0.0)
    for row in client.data("campaigns/trend", entity_ids=",".join(spend), level="campaign", **window):
        sums[row["entity_id"]] += row["spend"]
    assert {key: round(value, 2) for key, value in sums.items()} == spend


@given(window=windows)
@SOME
def test_previous_is_the_range_of_equal_length_right_before(client: Client, window: dict[str, str]) -> None:
    first, last = date.fromisoformat(window["date_from"]), date.fromisoformat(window["date_to"])
    before = {"date_from": first - (last - first) - timedelta(1), "date_to": first - timedelta(1)}
    assert client.data("overview", **window)["previous"] == client.data("overview", **before)["current"]


def test_additive_numbers_of_days_add_up_to_the_numbers_of_the_range(client: Client, settings: Settings) -> None:
    settings.generation = "new"
    whole = {row["value"]: row for row in client.data("pages", limit=100, date_from="2026-02-01", date_to="2026-02-28")}
    sums = {value: [0, 0.0] for value in whole}
    for day in range(1, 29):
        name = f"2026-02-{day:02}"
        for row in client.data("pages", limit=100, date_from=name, date_to=name):
            sums[row["value"]][0] += row["conversions"]
            sums[row["value"]][1] += row["revenue"]
    assert {value: (n, round(money, 2)) for value, (n, money) in sums.items()} == {
        value: (row["conversions"], row["revenue"]) for value, row in whole.items()
    }


def test_the_truth_is_what_http_says(client: Client) -> None:
    window = {"date_from": "2026-02-01", "date_to": "2026-02-28"}
    for path in ("overview", *DIMENSIONS, "campaigns", "revenue", "conversions", "keywords", "visitors"):
        assert client.data(path, **window) == client.sandbox.answer(path, window)


def test_the_same_seed_makes_the_same_world_and_another_seed_another(start: Callable[..., Client]) -> None:
    window = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
    one, same, other = (start(make_settings(seed=seed)).body("pages", **window) for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_asking_about_a_later_day_first_changes_nothing_about_an_earlier_one(start: Callable[..., Client]) -> None:
    window = {"date_from": "2026-01-01", "date_to": "2026-03-31"}
    early = start(make_settings(today=date(2026, 2, 1)))
    late = start(make_settings(today=date(2026, 3, 1)))
    assert late.data("visitors", **window)
    late.sandbox.settings.today = date(2026, 2, 1)
    for path in ("overview", "visitors", "campaigns", "revenue"):
        assert early.data(path, **window) == late.data(path, **window)


def test_some_days_are_quiet(client: Client, settings: Settings) -> None:
    settings.generation = "new"
    days = [(FIRST + timedelta(number)).isoformat() for number in range(90)]
    rows = [client.sandbox.answer("channels", {"date_from": day, "date_to": day}) for day in days]
    assert any(not day for day in rows)
    assert all(client.sandbox.answer("timeseries", {"date_from": day, "date_to": day}) for day in days)
    keywords = [client.sandbox.answer("keywords", {"date_from": day, "date_to": day}) for day in days]
    assert any(not day for day in keywords)
