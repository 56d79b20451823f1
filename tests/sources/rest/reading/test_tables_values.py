"""A value of its column's type is stored; another is refused and never quoted."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sources.rest.catalogue.columns import Type
from sources.rest.errors import WrongShapeError
from sources.rest.reading.tables import build
from tests.sources.rest.reading.things import CONTEXT, SECRET, THINGS, things, typed


def test_whole_numbers_that_a_double_cannot_tell_apart_stay_whole() -> None:
    rows = [{"name": "a", "count": 1, "large": 2**53 + 1}, {"name": "b", "count": 1, "large": 7}]
    assert [row["large"] for row in things(*rows)] == [2**53 + 1, 7]


def value_of(kind: Type, value: object) -> object:
    """Store one value in a column of a type and read it back."""
    row: dict[str, Any] = {"name": "a", "value": value}
    tables = build(typed(kind), [row], CONTEXT, ())
    return tables["things"]["value"].to_pylist()[0]


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
