"""Rows become typed tables: known fields strictly, unknown ones as columns, emptied windows as marks that clear."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from sources.atribu.columns import MODEL, PROFILE_ID
from sources.rest.catalogue.columns import NOT_SET, Column, Type
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList
from sources.rest.errors import WrongShapeError
from sources.rest.reading.evolved_columns import NO_EVOLVED_COLUMNS, EvolvedColumns
from sources.rest.reading.tables import build

SECRET = "jane@example.com"
NAME = Column(name="name", type=Type.TEXT, description="Name.", key=True, missing=NOT_SET)
DAY = Column(name="date", type=Type.DATE, description="Day.", key=True)
COUNT = Column(name="count", type=Type.BIGINT, description="Count.")
CONTEXT = {"profile_id": "p1", "date": date(2026, 3, 1), "grain": "day"}
KNOWN = {"profile_id": "p1", "date": date(2026, 3, 1), "grain": "day", "_deleted": None}


def endpoint(*columns: Column, **differs: Any) -> Endpoint:
    given = {
        "name": "things",
        "path": "/things",
        "kind": Kind.AGGREGATE,
        "scope": None,
        "description": "Things.",
        "docs_url": "https://example.com",
        "tenant": PROFILE_ID,
        "columns": columns,
    }
    return Endpoint(**(given | differs))


THINGS = endpoint(NAME, COUNT)
SERIES = endpoint(DAY, COUNT, kind=Kind.SERIES)
TAGS = ChildList(name="tags", description="Tags.", columns=(Column(name="value", type=Type.TEXT, description="Tag."),))
STEPS = ChildList(
    name="steps",
    description="Steps.",
    columns=(
        Column(name="label", type=Type.TEXT, description="Label."),
        Column(name="seconds", type=Type.DOUBLE, description="Seconds."),
    ),
)


def test_whole_numbers_that_a_double_cannot_tell_apart_stay_whole() -> None:
    rows = [{"name": "a", "count": 1, "large": 2**53 + 1}, {"name": "b", "count": 1, "large": 7}]
    assert [row["large"] for row in things(*rows)] == [2**53 + 1, 7]


def typed(kind: Type) -> Endpoint:
    return endpoint(NAME, Column(name="value", type=kind, description="A value."))


def value_of(kind: Type, value: object) -> object:
    """Store one value in a column of a type and read it back."""
    row: dict[str, Any] = {"name": "a", "value": value}
    tables = build(typed(kind), [row], CONTEXT, ())
    return tables["things"]["value"].to_pylist()[0]


def things(*rows: dict[str, Any], evolved: EvolvedColumns = NO_EVOLVED_COLUMNS) -> list[dict[str, Any]]:
    """Rows of the table of a small aggregate, without the columns that are the same everywhere."""
    table = build(THINGS, rows, CONTEXT, (), evolved)["things"]
    return [{name: value for name, value in row.items() if name not in KNOWN} for row in table.to_pylist()]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        pytest.param(Type.BIGINT, 85, 85, id="count"),
        pytest.param(Type.BIGINT, 85.0, 85, id="count-written-as-85.0"),
        pytest.param(Type.BIGINT, 0, 0, id="count-of-zero"),
        pytest.param(Type.BIGINT, -3, -3, id="negative-count"),
        pytest.param(Type.BIGINT, 2**53 + 1, 2**53 + 1, id="count-beyond-a-double"),
        pytest.param(Type.DOUBLE, 8.5, 8.5, id="number"),
        pytest.param(Type.DOUBLE, 8, 8.0, id="whole-number"),
        pytest.param(Type.TEXT, "a 'quoted' ünïcode \x00 text", "a 'quoted' ünïcode \x00 text", id="text"),
        pytest.param(Type.TEXT, "", "", id="empty-text"),
        pytest.param(Type.BOOLEAN, False, False, id="boolean"),
        pytest.param(Type.DATE, "2024-02-29", date(2024, 2, 29), id="date"),
        pytest.param(
            Type.TIMESTAMP, "2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC), id="timestamp-in-utc"
        ),
        pytest.param(
            Type.TIMESTAMP,
            "2026-03-01T10:00:00.123456+02:00",
            datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC),
            id="timestamp-with-an-offset",
        ),
        pytest.param(
            Type.TIMESTAMP, "2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC), id="timestamp-without-offset"
        ),
        pytest.param(
            Type.TIMESTAMP, "2026-03-01 10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC), id="timestamp-with-a-space"
        ),
        pytest.param(Type.ANY, "text", "text", id="untyped-text-stays"),
        pytest.param(Type.ANY, 5, "5", id="untyped-number"),
        pytest.param(Type.ANY, True, "true", id="untyped-boolean"),
        pytest.param(Type.ANY, {"a": [1, None]}, '{"a":[1,null]}', id="untyped-object"),
        pytest.param(Type.ANY, ["ü"], '["ü"]', id="untyped-list"),
    ],
)
def test_a_value_of_its_columns_type_is_stored(kind: Type, value: object, expected: object) -> None:
    stored = value_of(kind, value)
    assert (stored, type(stored)) == (expected, type(expected))


@pytest.mark.parametrize("kind", list(Type))
def test_a_value_may_be_null_or_absent(kind: Type) -> None:
    rows: list[dict[str, Any]] = [{"name": "a", "value": None}, {"name": "b"}]
    table = build(typed(kind), rows, CONTEXT, ())["things"]
    assert table["value"].to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        pytest.param(Type.BIGINT, True, "field value holds a boolean where bigint belongs", id="boolean-as-count"),
        pytest.param(Type.BIGINT, "5", "field value holds text where bigint belongs", id="text-as-count"),
        pytest.param(Type.BIGINT, 85.5, "field value holds a value that is no bigint", id="half-a-count"),
        pytest.param(Type.BIGINT, 1e300, "field value holds a value that is no bigint", id="count-beyond-all-counts"),
        pytest.param(Type.BIGINT, [1], "field value holds a list where bigint belongs", id="list-as-count"),
        pytest.param(Type.DOUBLE, False, "field value holds a boolean where double belongs", id="boolean-as-number"),
        pytest.param(Type.DOUBLE, "5.0", "field value holds text where double belongs", id="text-as-number"),
        pytest.param(Type.DOUBLE, {"a": 1}, "field value holds an object where double belongs", id="object-as-number"),
        pytest.param(Type.TEXT, 5, "field value holds a number where text belongs", id="number-as-text"),
        pytest.param(Type.TEXT, True, "field value holds a boolean where text belongs", id="boolean-as-text"),
        pytest.param(Type.TEXT, {"a": 1}, "field value holds an object where text belongs", id="object-as-text"),
        pytest.param(Type.BOOLEAN, 1, "field value holds a number where bool belongs", id="one-as-boolean"),
        pytest.param(Type.BOOLEAN, "true", "field value holds text where bool belongs", id="text-as-boolean"),
        pytest.param(Type.DATE, 20260301, "field value holds a number where date belongs", id="number-as-date"),
        pytest.param(Type.DATE, "2026-02-30", "field value holds a value that is no date", id="no-such-day"),
        pytest.param(Type.DATE, "", "field value holds a value that is no date", id="empty-date"),
        pytest.param(Type.DATE, "01/03/2026", "field value holds a value that is no date", id="other-way-of-writing"),
        pytest.param(
            Type.TIMESTAMP, 1772359200, "field value holds a number where timestamp belongs", id="seconds-as-timestamp"
        ),
        pytest.param(
            Type.TIMESTAMP, "yesterday", "field value holds a value that is no timestamp", id="word-as-timestamp"
        ),
    ],
)
def test_a_value_of_another_type_is_refused(kind: Type, value: object, message: str) -> None:
    with pytest.raises(WrongShapeError) as caught:
        value_of(kind, value)
    assert str(caught.value) == message


def test_a_count_too_large_for_the_column_is_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^field value holds a value that is no bigint$"):
        value_of(Type.BIGINT, 2**63)


@pytest.mark.parametrize("kind", [kind for kind in Type if kind not in (Type.TEXT, Type.ANY)])
def test_a_refusal_never_quotes_the_value(kind: Type) -> None:
    with pytest.raises(WrongShapeError) as caught:
        value_of(kind, SECRET)
    assert "jane" not in f"{caught.value!r} {caught.value.__context__ if not caught.value.__suppress_context__ else ''}"


def test_one_wrong_value_among_right_ones_is_refused() -> None:
    with pytest.raises(WrongShapeError, match=r"^field count holds text where bigint belongs$"):
        things({"name": "a", "count": 1}, {"name": "b", "count": SECRET}, {"name": "c", "count": None})


def test_several_wrong_types_are_named_in_order() -> None:
    with pytest.raises(WrongShapeError, match=r"^field count holds a boolean, a list, text where bigint belongs$"):
        things({"name": "a", "count": "x"}, {"name": "b", "count": [1]}, {"name": "c", "count": True})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param(["a", 1], "a row is a list, not an object", id="list"),
        pytest.param(SECRET, "a row is text, not an object", id="text"),
        pytest.param(None, "a row is null, not an object", id="null"),
        pytest.param(7, "a row is a number, not an object", id="number"),
    ],
)
def test_a_row_that_is_no_object_is_refused(row: Any, message: str) -> None:
    with pytest.raises(WrongShapeError) as caught:
        build(THINGS, [{"name": "a", "count": 1}, row], CONTEXT, ())
    assert str(caught.value) == message


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
        {"profile_id": "p1", "date": days[1], "count": 7, "_deleted": None},
        {"profile_id": "p1", "date": days[0], "count": None, "_deleted": True},
        {"profile_id": "p1", "date": days[2], "count": None, "_deleted": True},
    ]


def test_a_series_by_model_is_cleared_for_the_model_that_was_asked() -> None:
    one = endpoint(DAY, COUNT, kind=Kind.SERIES, variant_columns=(MODEL,))
    table = build(one, [], {"profile_id": "p1", "model": "linear"}, [date(2026, 3, 1)])["things"]
    assert table.to_pylist() == [
        {"profile_id": "p1", "model": "linear", "date": date(2026, 3, 1), "count": None, "_deleted": True}
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
        "_deleted": ("bool", True),
    }


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        pytest.param(5, 5.0, id="number"),
        pytest.param(5.5, 5.5, id="fraction"),
        pytest.param(True, True, id="boolean"),
        pytest.param("text", "text", id="text"),
        pytest.param({"a": 1}, '{"a":1}', id="object"),
        pytest.param([1, "a"], '[1,"a"]', id="list"),
    ],
)
def test_an_unknown_field_becomes_a_column_of_its_type(value: object, stored: object) -> None:
    row = things({"name": "a", "count": 1, "newField": value})[0]
    assert row == {"name": "a", "count": 1, "new_field": stored}
    assert type(row["new_field"]) is type(stored)


def test_an_unknown_field_that_some_rows_lack_is_null_there() -> None:
    assert things({"name": "a", "count": 1}, {"name": "b", "count": 2, "extra": 3}) == [
        {"name": "a", "count": 1, "extra": None},
        {"name": "b", "count": 2, "extra": 3.0},
    ]


def test_an_unknown_field_of_several_types_is_kept_as_json_text() -> None:
    values = [1, "one", None, True, [1]]
    rows = [{"name": str(number), "count": 1, "extra": value} for number, value in enumerate(values)]
    assert [row["extra"] for row in things(*rows)] == ["1", "one", None, "true", "[1]"]


def test_an_unknown_field_that_is_always_null_makes_no_column() -> None:
    assert things({"name": "a", "count": 1, "extra": None}) == [{"name": "a", "count": 1}]


@pytest.mark.parametrize(
    ("evolved", "value", "expected"),
    [
        pytest.param(Type.DOUBLE, 5, {"extra": 5.0}, id="as-before"),
        pytest.param(Type.DOUBLE, "five", {"extra__v_text": "five"}, id="text-after-numbers"),
        pytest.param(Type.TEXT, 5, {"extra__v_double": 5.0}, id="number-after-text"),
        pytest.param(Type.TEXT, [5], {"extra": "[5]"}, id="list-after-text"),
        pytest.param(Type.BIGINT, 5, {"extra__v_double": 5.0}, id="number-after-a-hint"),
        pytest.param(Type.BOOLEAN, 5, {"extra__v_double": 5.0}, id="number-after-boolean"),
    ],
)
def test_a_learned_column_is_never_retyped(evolved: Type, value: object, expected: dict[str, object]) -> None:
    rows = things({"name": "a", "count": 1, "extra": value}, evolved=EvolvedColumns({"things": {"extra": evolved}}))
    assert rows == [{"name": "a", "count": 1, **expected}]


def test_an_unknown_field_with_the_name_of_a_known_column_stands_beside_it() -> None:
    assert things({"name": "a", "count": 1, "Count": 2}) == [{"name": "a", "count": 1, "count__v_double": 2.0}]


def test_an_unknown_field_stands_beside_a_known_column_also_in_later_loads() -> None:
    one = endpoint(NAME, Column(name="spend", type=Type.DOUBLE, description="Spend."))
    evolved = EvolvedColumns({"things": {"name": Type.TEXT, "spend": Type.DOUBLE, "spend__v_double": Type.DOUBLE}})
    table = build(one, [{"name": "a", "spend": 1.0, "Spend": 2.0}], CONTEXT, (), evolved)["things"]
    assert table["spend"].to_pylist() == [1.0]
    assert table["spend__v_double"].to_pylist() == [2.0]


def test_two_unknown_fields_with_one_name_are_both_kept() -> None:
    assert things({"name": "a", "count": 1, "newField": 1, "new_field": 2}) == [
        {"name": "a", "count": 1, "new_field": 1.0, "new_field__v_double": 2.0}
    ]


def test_two_unknown_fields_with_one_name_are_both_kept_also_in_later_loads() -> None:
    evolved = EvolvedColumns({"things": {"new_field": Type.DOUBLE, "new_field__v_double": Type.DOUBLE}})
    assert things({"name": "a", "count": 1, "newField": 1, "new_field": 2}, evolved=evolved) == [
        {"name": "a", "count": 1, "new_field": 1.0, "new_field__v_double": 2.0}
    ]


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


def test_a_list_of_values_becomes_a_child_table_with_keys_and_positions() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a", "count": 1, "tags": ["x", "y"]},
        {"name": None, "count": 2, "tags": ["x"]},
    ]
    tables = build(endpoint(NAME, COUNT, lists=(TAGS,)), rows, CONTEXT, ())
    assert list(tables) == ["things", "things__tags"]
    assert tables["things__tags"].to_pylist() == [
        KNOWN | {"name": "a", "position": 0, "value": "x"},
        KNOWN | {"name": "a", "position": 1, "value": "y"},
        KNOWN | {"name": "(null)", "position": 0, "value": "x"},
    ]
    assert "tags" not in tables["things"].column_names


def test_a_list_of_objects_becomes_a_child_table_with_their_columns() -> None:
    rows = [{"name": "a", "count": 1, "steps": [{"label": "x", "seconds": 1}, {"label": "y", "new": True}]}]
    tables = build(endpoint(NAME, COUNT, lists=(STEPS,)), rows, CONTEXT, ())
    assert tables["things__steps"].to_pylist() == [
        KNOWN | {"name": "a", "position": 0, "label": "x", "seconds": 1.0, "new": None},
        KNOWN | {"name": "a", "position": 1, "label": "y", "seconds": None, "new": True},
    ]


def test_a_list_item_cannot_replace_its_parents_key_or_its_place() -> None:
    rows = [{"name": "a", "count": 1, "steps": [{"label": "x", "seconds": 1, "name": "other", "position": 9}]}]
    child = build(endpoint(NAME, COUNT, lists=(STEPS,)), rows, CONTEXT, ())["things__steps"]
    assert (child["name"].to_pylist(), child["position"].to_pylist()) == (["a"], [0])


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"name": "a", "count": 1, "tags": []}, id="empty"),
        pytest.param({"name": "a", "count": 1, "tags": None}, id="null"),
        pytest.param({"name": "a", "count": 1}, id="absent"),
    ],
)
def test_a_window_without_list_items_clears_the_child_table(row: dict[str, Any]) -> None:
    tables = build(endpoint(NAME, COUNT, lists=(TAGS,)), [row], CONTEXT, ())
    cleared = KNOWN | {"name": None, "position": None, "value": None, "_deleted": True}
    assert tables["things__tags"].to_pylist() == [cleared]
    assert tables["things"].to_pylist() == [KNOWN | {"name": "a", "count": 1}]


@pytest.mark.parametrize(
    ("lists", "row", "message"),
    [
        pytest.param((TAGS,), {"tags": SECRET}, "field tags is text, not a list", id="text-as-list"),
        pytest.param((TAGS,), {"tags": {"a": 1}}, "field tags is an object, not a list", id="object-as-list"),
        pytest.param((TAGS,), {"tags": ["a", 5]}, "field value holds a number where text belongs", id="number-in-it"),
        pytest.param((STEPS,), {"steps": [SECRET]}, "an item of steps is text, not an object", id="text-in-it"),
        pytest.param(
            (STEPS,),
            {"steps": [{"seconds": SECRET}]},
            "field seconds holds text where double belongs",
            id="text-as-number-in-it",
        ),
    ],
)
def test_a_list_of_another_shape_is_refused(lists: tuple[ChildList, ...], row: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongShapeError) as caught:
        build(endpoint(NAME, COUNT, lists=lists), [{"name": "a", "count": 1} | row], CONTEXT, ())
    assert str(caught.value) == message


def test_fields_that_are_known_and_not_stored_are_left_out() -> None:
    one = endpoint(NAME, COUNT, ignored=("previous",))
    table = build(one, [{"name": "a", "count": 1, "previous": {"count": 9}}], CONTEXT, ())["things"]
    assert table.to_pylist() == [KNOWN | {"name": "a", "count": 1}]
