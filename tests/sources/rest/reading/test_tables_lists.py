"""A list inside a row becomes a table of its own."""

from typing import Any

import pytest

from sources.rest.catalogue.relations import ChildList
from sources.rest.errors import WrongShapeError
from sources.rest.reading.tables import build
from tests.sources.rest.reading.things import CONTEXT, COUNT, KNOWN, NAME, SECRET, STEPS, TAGS, endpoint


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
