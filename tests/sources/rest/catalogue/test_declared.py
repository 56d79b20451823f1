"""A declared endpoint becomes a catalogue row, or is refused with the name of the field that is wrong."""

from typing import Any

import pytest
from pendulum import Date

from sources.rest.catalogue.api import DateRange
from sources.rest.catalogue.columns import Column, Type
from sources.rest.catalogue.declared import declared
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.errors import ConfigurationError
from sources.rest.windows import Window

PROJECT = Column(name="project_id", type=Type.TEXT, description="Project.")
USUAL = DateRange(start="timeStart", end="timeEnd", format="%Y-%m-%d+%H:%M", end_exclusive=True)
GOOD = {"name": "releases", "path": "/projects/{project}/releases"}
KEY = {"primary_key": ["id"]}
TYPED = {**KEY, "types": {"id": "text"}}
WINDOW = {"start_param": "from", "end_param": "to"}


def make(**fields: Any) -> Endpoint:
    row = {name: value for name, value in {**GOOD, **fields}.items() if value is not None}
    return declared(row, source="atatus", usual=USUAL, by={"project": PROJECT}, taken={"transactions"})


def test_without_a_window_it_is_a_snapshot_per_project() -> None:
    row = make(primary_key=["id"], data="result.items", params={"limit": "7"})
    assert (row.kind, row.path, row.merge_key) == (
        Kind.SNAPSHOT,
        "/projects/{project_id}/releases",
        ("project_id",),
    )
    assert (row.rows, row.identity, row.params, row.default) == ("result.items", ("id",), {"limit": "7"}, True)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, {"from": "2026-03-01+00:00", "to": "2026-03-03+00:00"}, id="as-the-vendor-is-asked"),
        pytest.param({"format": "%d.%m.%Y"}, {"from": "01.03.2026", "to": "03.03.2026"}, id="format"),
        pytest.param(
            {"format": "%Y-%m-%d", "end": "inclusive"}, {"from": "2026-03-01", "to": "2026-03-02"}, id="inclusive"
        ),
        pytest.param(
            {"format": "%Y-%m-%dT%H:%M:%SZ", "end": "inclusive"},
            {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T23:59:59Z"},
            id="inclusive-moment",
        ),
    ],
)
def test_with_a_window_it_is_asked_for_days_in_its_own_way(fields: dict[str, str], expected: dict[str, str]) -> None:
    row = make(**WINDOW, **fields)
    assert row.kind is Kind.AGGREGATE
    assert row.date_range is not None
    assert row.date_range.params(Window(Date(2026, 3, 1), Date(2026, 3, 2))) == expected


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        pytest.param({"name": None}, "field name is missing", id="no-name"),
        pytest.param({"name": "Big Name"}, "field name must be a free table name", id="name-with-a-space"),
        pytest.param({"name": "a__b"}, "field name must be a free table name", id="name-of-a-child-table"),
        pytest.param({"name": "sync_runs"}, "field name must be a free table name", id="name-of-ours"),
        pytest.param({"name": "transactions"}, "field name is taken", id="taken"),
        pytest.param({"name": 7}, "field name must be text", id="name-is-a-number"),
        pytest.param({"path": None}, "field path is missing", id="no-path"),
        pytest.param({"path": "https://elsewhere.example/x"}, "field path must begin with a slash", id="other-host"),
        pytest.param({"path": "/x?y=1"}, "field path must begin with a slash.* without a query", id="query"),
        pytest.param({"path": "/../x"}, "field path must begin with a slash", id="upwards"),
        pytest.param({"path": "/{org}/x"}, r"field path may hold only \{project\}", id="other-place"),
        pytest.param({"path": "/{project/x"}, r"field path may hold only \{project\}", id="half-a-brace"),
        pytest.param({"data": "a..b"}, "field data must be names with dots", id="data"),
        pytest.param({"primary_key": "id"}, "field primary_key must be a list of text", id="key-is-text"),
        pytest.param({"primary_key": [1]}, "field primary_key must be a list of text", id="key-is-a-number"),
        pytest.param({"params": {"limit": 7}}, "field params must be a table of text", id="params"),
        pytest.param({"start_param": "from"}, "field end_param is missing", id="half-a-window"),
        pytest.param({"end_param": "to"}, "field start_param is missing", id="other-half"),
        pytest.param({"format": "%Y"}, "field start_param is missing", id="format-without-window"),
        pytest.param({**WINDOW, "end_param": "from"}, "field start_param names a parameter", id="same-twice"),
        pytest.param({**WINDOW, "params": {"to": "1"}}, "field end_param names a parameter", id="window-in-params"),
        pytest.param({**WINDOW, "format": "%Y-%m"}, "field format does not tell days apart", id="coarse-format"),
        pytest.param({**WINDOW, "end": "soon"}, "field end must be exclusive or inclusive", id="end"),
        pytest.param({"kind": "rows"}, "field kind must be one of aggregate, series, entity, snapshot", id="kind"),
        pytest.param(
            {"kind": "aggregate"}, "field kind is aggregate.*needs start_param", id="aggregate-without-window"
        ),
        pytest.param({**WINDOW, "kind": "snapshot"}, "field kind is snapshot.*leave out", id="snapshot-with-window"),
        pytest.param({"kind": "entity"}, "field primary_key is missing", id="entity-without-key"),
        pytest.param({"kind": "entity", **KEY}, "field types lacks id; kind needs", id="entity-without-types"),
        pytest.param({"kind": "entity", **TYPED, "lists": ["x"]}, "field lists of an entity need", id="entity-list"),
        pytest.param({"types": {"id": "number"}}, "field types has id = 'number', not one of date", id="type"),
        pytest.param({"types": {"a..b": "text"}}, "field types has 'a..b'", id="type-of-half-a-path"),
        pytest.param({**KEY, "types": {"id": "double"}}, "field primary_key has id, which cannot", id="double-key"),
        pytest.param({"primary_key": ["a", "b"], "types": {"a": "text"}}, "field types lacks b", id="half-a-key"),
        pytest.param({"types": {"a b": "text", "a_b": "text"}}, "field types has a_b, and there", id="same-column"),
        pytest.param({**WINDOW, "types": {"date": "date"}}, "field types has date, and there", id="column-of-ours"),
        pytest.param({**TYPED, "sums": ["n"]}, "field sums goes with figures of days", id="sums-of-a-snapshot"),
        pytest.param({**WINDOW, **KEY, "sums": ["n"]}, "field types lacks id; sums needs", id="sums-without-types"),
        pytest.param({**WINDOW, **TYPED, "sums": ["id"]}, "field sums has id, which is part", id="sum-of-a-key"),
        pytest.param(
            {**WINDOW, "types": {"n": "text"}, "sums": ["n"]}, "field sums has n, which is no number", id="sum-of-text"
        ),
        pytest.param({**WINDOW, "kind": "series"}, "field date_field is missing", id="series-without-day"),
        pytest.param({"kind": "series", "date_field": "day"}, "field start_param is missing", id="series-of-no-range"),
        pytest.param(
            {**WINDOW, "kind": "entity", **TYPED, "date_field": "day"}, "field date_field goes", id="entity-day"
        ),
        pytest.param(
            {**WINDOW, "date_field": "day", "types": {"day": "date"}}, "field date_field becomes", id="day-twice"
        ),
        pytest.param({**WINDOW, "date_field": "day", **KEY}, "field types lacks id; kind needs", id="series-key"),
        pytest.param({**WINDOW, "date_field": "day", **TYPED, "lists": ["x"]}, "field lists goes", id="series-list"),
        pytest.param({"lists": ["x"]}, "field primary_key is missing", id="list-without-key"),
        pytest.param({"primary_key": ["a.b"]}, "field types lacks a.b; a field of an object", id="key-in-an-object"),
        pytest.param({**TYPED, "lists": ["x", "x.y"]}, "field lists has x.y, a list of the items", id="list-in-list"),
        pytest.param({**TYPED, "lists": ["id"]}, "field lists has id, which is part", id="key-is-a-list"),
        pytest.param(
            {**KEY, "types": {"id": "text", "x.id": "text"}, "lists": ["x"]},
            "field types has id, and there",
            id="item-with-the-name-of-the-key",
        ),
        pytest.param({"window_hours": 1}, "field start_param is missing", id="hours-without-window"),
        pytest.param({**WINDOW, **TYPED, "window_hours": 5}, "field window_hours must divide", id="five-hours"),
        pytest.param(
            {**WINDOW, **TYPED, "window_hours": 1, "kind": "entity"}, "field window_hours goes with", id="entity-hours"
        ),
        pytest.param(
            {**WINDOW, **TYPED, "window_hours": 1, "format": "%Y-%m-%d"},
            "field window_hours is 1, but the format",
            id="format-without-hours",
        ),
        pytest.param({"paging": "link", "page_param": "p"}, "field page_param needs the field paging", id="link-page"),
        pytest.param(
            {"paging": "page", "page_param": "p", "params": {"p": "1"}}, "field page_param names a", id="page-in-params"
        ),
        pytest.param({"paging": "page", "page_param": "api_key"}, "field page_param cannot hold", id="key-as-page"),
        pytest.param({"primarykey": ["id"]}, "no field 'primarykey'; did you mean 'primary_key'", id="unknown"),
    ],
)
def test_what_cannot_work_is_refused_with_the_name_of_the_field(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^\[\[sources\.atatus\.endpoints\]\].*{says}"):
        make(**fields)


def test_a_window_of_hours_is_a_day_in_parts_and_a_longer_range_is_one_question() -> None:
    row = make(**WINDOW, **TYPED, window_hours=12, end="inclusive", sums=["n"])
    assert row.date_range is not None
    assert row.date_range.parts(Window(Date(2026, 3, 1), Date(2026, 3, 1))) == [
        (0, {"from": "2026-03-01+00:00", "to": "2026-03-01+11:59"}),
        (12, {"from": "2026-03-01+12:00", "to": "2026-03-01+23:59"}),
    ]
    assert [*row.date_range.parts(Window(Date(2026, 3, 1), Date(2026, 3, 2)))] == [
        (0, {"from": "2026-03-01+00:00", "to": "2026-03-02+23:59"})
    ]
    assert (row.key, row.sum_by, [*row.additive], row.merge_key) == (
        ("hour", "id"),
        ("id",),
        ["n"],
        ("date", "grain", "project_id"),
    )


def test_an_entity_is_replaced_by_its_key_with_a_window_and_without() -> None:
    dated, whole = make(**WINDOW, **TYPED, kind="entity"), make(**TYPED, kind="entity")
    assert [(one.kind, one.history, one.merge_key) for one in (dated, whole)] == [
        (Kind.ENTITY, False, ("project_id", "id")),
        (Kind.SNAPSHOT, True, ("project_id", "id")),
    ]
