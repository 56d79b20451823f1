"""A field that nobody knows becomes a column of its own, and stays one."""

import pytest

from sources.rest.catalogue.columns import Column, Type
from sources.rest.errors import WrongShapeError
from sources.rest.reading.evolved_columns import EvolvedColumns
from sources.rest.reading.tables import build
from tests.sources.rest.reading.things import CONTEXT, NAME, endpoint, things


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


def test_an_unknown_field_that_is_nested_too_deep_to_be_written_is_named() -> None:
    deep: object = 1
    for _ in range(400):
        deep = [deep]
    with pytest.raises(WrongShapeError, match=r"^field newField holds a value that is no "):
        things({"name": "a", "count": 1, "newField": deep})


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
