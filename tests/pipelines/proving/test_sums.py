"""Sums per key agree exactly, differ by rounding alone, or differ; a key that one side lacks counts as nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.proving.sums import Gap, gaps, sums_of
from pipelines.storing.sums import Sums
from sources.atribu.endpoints import ENDPOINTS

CASH = ENDPOINTS["revenue_cash"]
"""`total` is money, `count` is a count, per source and currency."""

EUR, USD = ("stripe", "EUR"), ("stripe", "USD")
Row = tuple[tuple[str, str], float | None, int | None]
ROWS = st.lists(st.tuples(st.sampled_from([EUR, USD]), st.integers(0, 10**9), st.integers(0, 10**6)), max_size=30)


def sums(*rows: Row) -> Sums:
    return sums_of(
        CASH,
        [{"source": key[0], "currency": key[1], "total": total, "count": count} for key, total, count in rows],
    )


def rounded(found: Sequence[Gap]) -> set[tuple[Any, str, float, bool]]:
    return {(gap.key, gap.metric, round(gap.size, 6), gap.rounding) for gap in found}


def test_rows_are_summed_per_key_and_counted() -> None:
    assert sums((EUR, 1.5, 2), (USD, 4.0, 1), (EUR, 2.25, 3)) == Sums(
        {EUR: {"total": 3.75, "count": 5}, USD: {"total": 4.0, "count": 1}}, {EUR: 2, USD: 1}
    )


def test_a_metric_that_is_null_or_absent_adds_nothing() -> None:
    assert sums((EUR, None, 2), (EUR, 2.0, None)) == Sums({EUR: {"total": 2.0, "count": 2}}, {EUR: 2})
    assert sums_of(CASH, [{"source": "stripe", "currency": "EUR"}]) == Sums({EUR: {"total": 0, "count": 0}}, {EUR: 1})


def test_no_rows_are_no_sums() -> None:
    assert sums_of(CASH, []) == Sums()


def test_rows_without_key_columns_are_one_sum() -> None:
    found = sums_of(ENDPOINTS["quality"], [{"total_events": 3}, {"total_events": 4}])
    assert (found.values[()]["total_events"], found.rows) == (7, {(): 2})


def test_campaigns_are_told_apart_by_their_ids_even_where_one_is_null() -> None:
    rows: list[Mapping[str, Any]] = [{"campaign_id": "c", "ad_id": ad, "spend": 1.0} for ad in (None, "1", "2", "1")]
    assert {key: found["spend"] for key, found in sums_of(ENDPOINTS["campaigns"], rows).values.items()} == {
        ("c", None, None): 1.0,
        ("c", None, "1"): 2.0,
        ("c", None, "2"): 1.0,
    }


def test_a_difference_keeps_the_keys_and_the_roundings_of_both() -> None:
    one, other = sums((EUR, 5.0, 2)), sums((EUR, 1.5, 3), (USD, 2.0, 1))
    assert one - other == Sums({EUR: {"total": 3.5, "count": -1}, USD: {"total": -2.0, "count": -1}}, {EUR: 2, USD: 1})
    assert one + other == Sums({EUR: {"total": 6.5, "count": 5}, USD: {"total": 2.0, "count": 1}}, {EUR: 2, USD: 1})
    assert (one, other) == (sums((EUR, 5.0, 2)), sums((EUR, 1.5, 3), (USD, 2.0, 1)))


@given(ROWS, ROWS)
def test_what_is_added_and_taken_away_again_leaves_no_gap(one: list[Row], other: list[Row]) -> None:
    rest = sums(*one, *other) - sums(*other)
    assert gaps(CASH, rest, sums(*one)) == []


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=366))
def test_exact_cents_of_a_year_leave_no_gap(cents: list[int]) -> None:
    truth = sums((EUR, sum(cents) / 100, len(cents)))
    assert gaps(CASH, truth, sums(*((EUR, cent / 100, 1) for cent in cents))) == []


@pytest.mark.parametrize(
    ("truth", "loaded", "expected"),
    [
        pytest.param([(EUR, 10.0, 3)], [(EUR, 4.0, 1), (EUR, 6.0, 2)], set(), id="equal"),
        pytest.param([(EUR, 10.0, 3)], [(EUR, 10.0, 2)], {(EUR, "count", 1.0, False)}, id="a-count-more"),
        pytest.param([(EUR, 10.0, 3)], [(EUR, 10.0, 4)], {(EUR, "count", -1.0, False)}, id="a-count-less"),
        pytest.param([(EUR, 12.0, 3)], [(EUR, 10.0, 3)], {(EUR, "total", 2.0, False)}, id="money"),
        pytest.param([(EUR, 10.01, 3)], [(EUR, 4.0, 1), (EUR, 6.0, 2)], {(EUR, "total", 0.01, True)}, id="a-cent"),
        pytest.param([(EUR, 10.001, 3)], [(EUR, 10.0, 3)], set(), id="less-than-half-a-cent"),
        pytest.param(
            [(EUR, 1.0, 1)],
            [(EUR, 1.0, 1), (USD, 2.0, 1)],
            {(USD, "total", -2.0, False), (USD, "count", -1.0, False)},
            id="a-key-that-vanished",
        ),
        pytest.param(
            [(EUR, 1.0, 1), (USD, 2.0, 1)],
            [(EUR, 1.0, 1)],
            {(USD, "total", 2.0, False), (USD, "count", 1.0, False)},
            id="a-key-that-appeared",
        ),
        pytest.param([(EUR, 1.0, 0)], [], {(EUR, "total", 1.0, False)}, id="nothing-loaded"),
        pytest.param([], [(EUR, 1.0, 0)], {(EUR, "total", -1.0, False)}, id="nothing-left"),
        pytest.param(
            [(EUR, 3.0, 0), (USD, 1.0, 0)],
            [(EUR, 1.0, 0), (USD, 3.0, 0)],
            {(EUR, "total", 2.0, False), (USD, "total", -2.0, False)},
            id="moved-between-keys",
        ),
    ],
)
def test_gaps_are_told_by_key_and_metric_with_their_size(
    truth: list[Row], loaded: list[Row], expected: set[tuple[Any, str, float, bool]]
) -> None:
    assert rounded(gaps(CASH, sums(*truth), sums(*loaded))) == expected


@pytest.mark.parametrize("rows", [pytest.param(rows, id=f"{rows}-rows") for rows in (1, 2, 30, 366)])
def test_each_row_and_the_sum_itself_may_explain_half_a_cent_of_a_difference(rows: int) -> None:
    loaded = sums(*[(EUR, 1.0, 0)] * rows)
    within, beyond = 0.005 * (rows + 1), 0.005 * (rows + 3)
    for sign in (1, -1):
        assert [gap.rounding for gap in gaps(CASH, sums((EUR, rows + sign * within, 0)), loaded)] == [True]
        assert [gap.rounding for gap in gaps(CASH, sums((EUR, rows + sign * beyond, 0)), loaded)] == [False]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=100))
def test_rounding_of_every_answer_is_never_taken_for_a_change(tenths: list[int]) -> None:
    def cents(amount: int) -> float:
        return (amount + 5) // 10 / 100

    found = gaps(CASH, sums((EUR, cents(sum(tenths)), 0)), sums(*((EUR, cents(one), 0) for one in tenths)))
    assert all(gap.rounding for gap in found)


def test_a_count_is_never_off_by_rounding_however_many_rows_there_are() -> None:
    found = gaps(CASH, sums((EUR, 0.0, 501)), sums(*[(EUR, 0.0, 1)] * 500))
    assert rounded(found) == {(EUR, "count", 1.0, False)}


def test_metrics_that_do_not_add_up_are_not_compared() -> None:
    truth, loaded = sums((EUR, 5.0, 2)), sums((EUR, 3.0, 1))
    assert rounded(gaps(CASH, truth, loaded, frozenset({"count"}))) == {(EUR, "total", 2.0, False)}
    assert gaps(CASH, truth, loaded, frozenset({"count", "total"})) == []
