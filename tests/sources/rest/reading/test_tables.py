"""Rows become tables: a key is there once and never null, and a window that became empty has a mark that clears it."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from sources.atribu.columns import MODEL
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.endpoints import Kind
from sources.rest.errors import WrongShapeError
from sources.rest.reading.tables import build
from tests.sources.rest.reading.things import CONTEXT, COUNT, DAY, KNOWN, NAME, SECRET, SERIES, THINGS, endpoint, things


def test_a_null_key_becomes_its_literal() -> None:
    assert things({"name": None, "count": 1}, {"name": "a", "count": 2}) == [
        {"name": "(null)", "count": 1},
        {"name": "a", "count": 2},
    ]


def test_a_null_key_without_a_literal_is_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^key field date is null$"):
        build(SERIES, [{"date": None, "count": 1}], {"profile_id": "p1"}, [date(2026, 3, 1)])


def test_a_row_without_its_key_field_is_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^a row lacks the key field name$"):
        things({"name": "a", "count": 1}, {"count": 2})


def test_rows_that_share_a_key_are_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^several rows share the key \(name\)$"):
        things({"name": SECRET, "count": 1}, {"name": SECRET, "count": 2})


def test_a_null_key_and_its_literal_are_the_same_key() -> None:
    with pytest.raises(WrongShapeError, match=r"^several rows share the key \(name\)$"):
        things({"name": None, "count": 1}, {"name": "(null)", "count": 2})


def test_rows_may_share_a_key_where_the_catalogue_says_so() -> None:
    one = endpoint(NAME, COUNT, unique=False)
    table = build(one, [{"name": "a", "count": 1}, {"name": "a", "count": 2}], CONTEXT, ())["things"]
    assert table["count"].to_pylist() == [1, 2]


def test_rows_without_a_single_known_field_beside_the_key_are_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^no known field in any row$"):
        things({"name": "a", "counted": 1})


def test_a_field_that_a_server_does_not_send_is_null() -> None:
    one = endpoint(NAME, COUNT, Column(name="revenue", type=Type.DOUBLE, description="Revenue."))
    table = build(one, [{"name": "a", "count": 1}], CONTEXT, ())["things"]
    assert table["revenue"].to_pylist() == [None]
    assert table["revenue"].type == pa.float64()


def test_dates_outside_of_the_question_are_refused() -> None:
    rows = [{"date": f"2026-03-0{day}", "count": 1} for day in (1, 2, 3)]
    with pytest.raises(WrongShapeError, match=r"^2 dates lie outside of the days that were asked for$"):
        build(SERIES, rows, {"profile_id": "p1"}, [date(2026, 3, 1)])


def test_a_series_has_a_clearing_row_for_each_day_without_one() -> None:
    days = [date(2026, 3, day) for day in (1, 2, 3)]
    table = build(SERIES, [{"date": "2026-03-02", "count": 7}], {"profile_id": "p1"}, days)["things"]
    assert table.to_pylist() == [
        {"profile_id": "p1", "date": days[1], "count": 7, "_loaded_at": None, "_deleted": False},
        {"profile_id": "p1", "date": days[0], "count": None, "_loaded_at": None, "_deleted": True},
        {"profile_id": "p1", "date": days[2], "count": None, "_loaded_at": None, "_deleted": True},
    ]


def test_a_series_by_model_is_cleared_for_the_model_that_was_asked() -> None:
    one = endpoint(DAY, COUNT, kind=Kind.SERIES, variant_columns=(MODEL,))
    table = build(one, [], {"profile_id": "p1", "model": "linear"}, [date(2026, 3, 1)])["things"]
    assert table.to_pylist() == [
        {
            "profile_id": "p1",
            "model": "linear",
            "date": date(2026, 3, 1),
            "count": None,
            "_loaded_at": None,
            "_deleted": True,
        }
    ]


def test_an_empty_window_of_an_aggregate_is_one_clearing_row() -> None:
    table = build(THINGS, [], CONTEXT, ())["things"]
    assert table.to_pylist() == [KNOWN | {"name": None, "count": None, "_deleted": True}]


def test_a_window_with_rows_has_no_clearing_row() -> None:
    table = build(THINGS, [{"name": "a", "count": 1}], CONTEXT, ())["things"]
    assert table.to_pylist() == [KNOWN | {"name": "a", "count": 1}]


def test_columns_that_are_merged_on_are_not_nullable() -> None:
    schema = build(THINGS, [], CONTEXT, ())["things"].schema
    assert {field.name: (str(field.type), field.nullable) for field in schema} == {
        "profile_id": ("string", False),
        "date": ("date32[day]", False),
        "grain": ("string", False),
        "name": ("string", True),
        "count": ("int64", True),
        "_loaded_at": ("timestamp[us, tz=UTC]", True),
        "_deleted": ("bool", True),
    }


def test_values_inside_nested_objects_are_found_by_their_path() -> None:
    deep = Column(name="ads_count", type=Type.BIGINT, description="Count.", path="buckets.ads.count")
    total = Column(name="total_count", type=Type.BIGINT, description="Count.", path="total.count")
    rows: list[dict[str, Any]] = [
        {"name": "a", "total": {"count": 3}, "buckets": {"ads": {"count": 2, "share": 0.5}, "new": {"count": 1}}},
        {"name": "b", "total": None, "buckets": {"ads": {"count": 4}}},
        {"name": "c"},
    ]
    table = build(endpoint(NAME, total, deep), rows, CONTEXT, ())["things"]
    assert table.drop_columns(list(KNOWN)).to_pylist() == [
        {"name": "a", "total_count": 3, "ads_count": 2, "buckets_ads_share": 0.5, "buckets_new_count": 1.0},
        {"name": "b", "total_count": None, "ads_count": 4, "buckets_ads_share": None, "buckets_new_count": None},
        {"name": "c", "total_count": None, "ads_count": None, "buckets_ads_share": None, "buckets_new_count": None},
    ]


def test_a_value_where_a_nested_object_belongs_is_refused() -> None:
    total = Column(name="total_count", type=Type.BIGINT, description="Count.", path="total.count")
    with pytest.raises(WrongShapeError, match=r"^field total is text, not an object$"):
        build(endpoint(NAME, total), [{"name": "a", "total": SECRET}], CONTEXT, ())


def test_fields_that_are_known_and_not_stored_are_left_out() -> None:
    one = endpoint(NAME, COUNT, ignored=("previous",))
    table = build(one, [{"name": "a", "count": 1, "previous": {"count": 9}}], CONTEXT, ())["things"]
    assert table.to_pylist() == [KNOWN | {"name": "a", "count": 1}]
