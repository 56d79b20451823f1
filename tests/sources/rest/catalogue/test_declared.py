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
        pytest.param({"primarykey": ["id"]}, "no field 'primarykey'; did you mean 'primary_key'", id="unknown"),
    ],
)
def test_what_cannot_work_is_refused_with_the_name_of_the_field(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^\[\[sources\.atatus\.endpoints\]\].*{says}"):
        make(**fields)
