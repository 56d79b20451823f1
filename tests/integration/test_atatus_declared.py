"""The README's example of a declared endpoint loads bodies that nobody has foreseen; a bad one names its field."""

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atatus import PROJECTS
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

README = (Path(__file__).parents[2] / "sources" / "atatus" / "README.md").read_text()
SYNC = ("sync", "atatus", "--today", "2026-03-31", "--since", "2026-03-30")


def declare(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__ENDPOINTS", json.dumps(rows))


def loaded(table: str) -> list[dict[str, Any]]:
    return rows_of(table, "local.duckdb", dataset="atatus")


def test_the_examples_of_the_readme_load(serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = re.findall(r"```toml\n(.*?)```", README.split("## Your own endpoints")[1], re.DOTALL)
    assert len(examples) == 2
    declare(monkeypatch, *(row for one in examples for row in tomllib.loads(one)["sources"]["atatus"]["endpoints"]))
    asked: list[dict[str, str]] = []

    def alerts(query: dict[str, str]) -> dict[str, Any]:
        asked.append(query)
        day = query["timeStart"][:10]
        rows = [{"alertId": f"a-{day}", "severity": "high", "open": True, "minutes": 7.5, "tags": ["x", "y"]}]
        return {"result": {"items": rows, "total": 1}}

    def errors(query: dict[str, str]) -> dict[str, Any]:
        first = 100 * (int(query["page"]) - 1)
        return {"data": [{"id": number} for number in range(first, min(first + 100, 105))], "has_more": first == 0}

    releases = [{"revision": 1, "by": {"name": "jo"}}, {"revision": 2, "by": None, "note": "ünïcode"}]
    paths = {f"projects/{PROJECTS[0]}/alerts": alerts, f"projects/{PROJECTS[1]}/alerts": alerts, "releases": releases}
    paths |= {f"projects/{project}/errors": errors for project in PROJECTS}
    serve_atatus(extra=paths)

    result = elt(*SYNC)

    assert result.code == 0, result.err
    assert {(one["timeStart"], one["timeEnd"]) for one in asked} == {
        ("2026-03-30 00:00", "2026-03-31 00:00"),
        ("2026-03-31 00:00", "2026-04-01 00:00"),
    }
    assert "unknown field" not in result.err
    assert len(loaded("errors")) == 4 * 105
    assert len(loaded("alerts")) == 4
    assert {name: value for name, value in loaded("alerts")[0].items() if name not in {"project_id", "date"}} == {
        "grain": "day",
        "alert_id": f"a-{loaded('alerts')[0]['date']}",
        "severity": "high",
        "open": True,
        "minutes": 7.5,
        "tags": '["x","y"]',
    }
    assert loaded("releases") == [
        {"revision": 1.0, "by": '{"name":"jo"}', "note": None},
        {"revision": 2.0, "by": None, "note": "ünïcode"},
    ]
    assert "alerts" in elt("status", "atatus").out


@pytest.mark.sweep
def test_an_account_wide_list_is_replaced_and_can_become_empty(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, {"name": "monitors", "path": "/monitors", "data": "", "primary_key": ["id"]})
    sandbox = serve_atatus(extra={"monitors": []})
    for rows in ([{"id": 1}, {"id": 2**60 + 1}], [{"id": 3}], []):
        sandbox.settings.extra["monitors"] = rows
        assert elt(*SYNC, "--resources", "monitors").code == 0
        assert [{"id": row["id"]} for row in loaded("monitors")] == rows


@pytest.mark.sweep
def test_a_window_without_rows_is_cleared(serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"name": "alerts", "path": "/alerts", "start_param": "from", "end_param": "to", "format": "%Y-%m-%d"}
    declare(monkeypatch, row)
    sandbox = serve_atatus(extra={"alerts": {"data": {"count": 3}}})
    assert elt(*SYNC, "--resources", "alerts").code == 0
    assert [row["count"] for row in loaded("alerts")] == [3.0, 3.0]
    sandbox.settings.extra["alerts"] = lambda query: {"data": [] if query["from"] == "2026-03-31" else {"count": 4}}
    assert elt(*SYNC, "--resources", "alerts", "--full").code == 0
    assert [(row["date"], row["count"]) for row in loaded("alerts")] == [(date(2026, 3, 30), 4.0)]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"rows": []}, "the answer lacks data"),
        ({"data": 7}, "data is not an object or a list"),
        ({"data": [7]}, "a row is a number, not an object"),
        ({"data": [{"id": 1}, {"id": 1}]}, r"several rows share the key \(id\)"),
        ({"data": [{"name": "x"}]}, "a row lacks the key field id"),
    ],
)
def test_a_body_that_is_not_as_declared_is_never_read_as_empty(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch, body: object, says: str
) -> None:
    declare(monkeypatch, {"name": "things", "path": "/things", "primary_key": ["id"]})
    serve_atatus(extra={"things": body})
    result = elt("check", "atatus", "--resources", "things")
    assert result.code == 4
    assert re.search(f"things: {says}", result.err)


def test_a_bad_declaration_exits_with_78_and_names_the_field(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_atatus()
    declare(monkeypatch, {"name": "things", "path": "things"})
    result = elt(*SYNC)
    assert result.code == 78
    assert "[[sources.atatus.endpoints]] 'things': field path must begin with a slash" in result.err
