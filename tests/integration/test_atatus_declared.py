"""The README's example of a declared endpoint loads bodies that nobody has foreseen; a bad one names its field."""

import json
import re
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.atatus import PROJECTS
from sources.rest.catalogue.columns import NOT_SET
from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

README = (Path(__file__).parents[2] / "sources" / "atatus" / "README.md").read_text()
SYNC = ("sync", "atatus", "--today", "2026-03-31", "--since", "2026-03-30")


def declare(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, Any]) -> None:
    monkeypatch.setenv("SOURCES__ATATUS__ENDPOINTS", json.dumps(rows))


def loaded(table: str) -> list[dict[str, Any]]:
    return rows_of(table, "local.duckdb", dataset="atatus")


def examples() -> list[dict[str, Any]]:
    """The declarations that the README shows."""
    (text,) = re.findall(r"```toml\n(.*?)```", README.split("## Your own endpoints")[1], re.DOTALL)
    return list(tomllib.loads(text)["sources"]["atatus"]["endpoints"])


def requests_by_day() -> dict[date, int]:
    return {row["date"]: row["requests"] for row in loaded("daily_requests")}


class Account:
    """What a project of the stand-in answers under the paths of the README's examples; an hour has a call more each."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.more = 0

    def errors(self, query: dict[str, str]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {"id": f"e{number}", "count": 2, "lastSeen": "2026-03-30T10:00:00Z", "code": number or "none"}
            for number in range(105)
        ]
        rows[0]["occurrences"] = [{"at": "10:00", "tags": ["x"]}, "plain"]
        first = 100 * (int(query["page"]) - 1)
        return {"data": self._summed(rows, "count", query)[first : first + 100], "has_more": first == 0}

    def apm(self, query: dict[str, str]) -> dict[str, Any]:
        start, end = (datetime.fromisoformat(query[name]) for name in ("timeStart", "timeEnd"))
        self.asked.append((query["timeStart"], query["timeEnd"]))
        hours = (end - start) // timedelta(hours=1)
        moved = self.more if start <= datetime(2026, 3, 30, 7) < end else 0  # noqa: DTZ001 - the server's clock
        return {"data": [{"id": "GET /", "calls": hours + moved, "averageMs": 7.5}]}

    def views(self, query: dict[str, str]) -> dict[str, Any]:
        place = query.get("cursor", "a")
        rows = self._summed([{"url": f"/{place}", "views": 3}], "views", query)
        return {"result": {"items": rows, "next": "b" if place == "a" else None}}

    def alerts(self, query: dict[str, str]) -> dict[str, Any]:
        self.asked.append((query["timeStart"], query["timeEnd"]))
        state = {"alertId": "a1", "openedAt": "2026-03-29T23:00:00Z", "state": f"open {self.more}"}
        return {"data": [state] if query["offset"] == "0" else []}

    def daily(self, query: dict[str, str]) -> dict[str, Any]:
        start, end = (datetime.fromisoformat(query[name]).date() for name in ("timeStart", "timeEnd"))
        days = [start + timedelta(day) for day in range((end - start).days)]
        more = {date(2026, 3, 30): self.more}
        return {"data": [{"day": str(day), "plan": "free", "requests": 9 + more.get(day, 0)} for day in days]}

    @staticmethod
    def _summed(rows: list[dict[str, Any]], metric: str, query: dict[str, str]) -> list[dict[str, Any]]:
        start, end = (datetime.fromisoformat(query[name]) for name in ("timeStart", "timeEnd"))
        return [{**row, metric: row[metric] * (end - start).days} for row in rows]


@pytest.mark.slow
def test_the_examples_of_the_readme_load_and_are_proved(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, *examples())
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", PROJECTS[0])
    account, below = Account(), f"projects/{PROJECTS[0]}"
    releases = [{"revision": 1, "by": {"name": "jo"}}, {"revision": 2, "by": None, "note": "ünïcode"}]
    serve_atatus(
        extra={
            f"{below}/errors": account.errors,
            f"{below}/apm/transactions": account.apm,
            f"{below}/pageviews": account.views,
            f"{below}/alerts": account.alerts,
            f"{below}/requests/daily": account.daily,
            "releases": releases,
        }
    )
    monkeypatch.setenv("SOURCES__ATATUS__PROJECTS", PROJECTS[0])
    only = ("--resources", "errors,apm_transactions,page_views,alerts,daily_requests,releases")

    first = elt(*SYNC, *only)

    assert first.code == 0, first.err
    assert "unknown field" not in first.err
    assert "errors: the field code holds numbers and text, so that no one column holds it; state its type" in first.err
    hours = [(f"2026-03-30 {hour:02}:00", f"2026-03-30 {hour + 1:02}:00") for hour in range(23)]
    assert set(account.asked) >= {*hours, ("2026-03-30 23:00", "2026-03-31 00:00")}
    assert ("2026-03-30 00:00", "2026-04-01 00:00") in account.asked, "alerts are asked for at once"
    error = next(row for row in loaded("errors") if row["id"] == "e0" and row["date"] == date(2026, 3, 30))
    assert (len(loaded("errors")), error["count"], error["code"]) == (210, 2, "none")
    assert isinstance(error["last_seen"], datetime)
    items = sorted(loaded("errors__occurrences"), key=lambda row: (row["date"], row["position"]))[:2]
    assert [(row["id"], row["position"], row["at"], row["tags"], row["value"]) for row in items] == [
        ("e0", 0, "10:00", '["x"]', None),
        ("e0", 1, None, None, "plain"),
    ]
    apm = sorted(loaded("apm_transactions"), key=lambda row: (row["date"], row["hour"]))
    assert [(row["hour"], row["calls"]) for row in apm] == [(hour, 1) for hour in range(24)] * 2
    assert [row["views"] for row in loaded("page_views")] == [3] * 4
    assert [(row["alert_id"], row["state"]) for row in loaded("alerts")] == [("a1", "open 0")]
    assert requests_by_day() == {date(2026, 3, 30): 9, date(2026, 3, 31): 9}
    assert loaded("releases") == [
        {"revision": 1.0, "by": '{"name":"jo"}', "note": None},
        {"revision": 2.0, "by": None, "note": "ünïcode"},
    ]

    account.more = 1
    proof = elt(
        "verify", "atatus", "--today", "2026-03-31", "--resources", "apm_transactions,page_views,errors,daily_requests"
    )
    assert proof.code == 4, proof.err
    assert f"apm_transactions {PROJECTS[0]} 2026-03-30: GET / calls is 24.0 here, 25.0 at the API" in proof.out
    assert f"daily_requests {PROJECTS[0]} 2026-03-30: free requests is 9.0 here, 10.0 at the API" in proof.out
    second = elt(*SYNC, *only)
    assert second.code == 0, second.err
    assert requests_by_day() == {date(2026, 3, 30): 10, date(2026, 3, 31): 9}
    assert sum(row["calls"] for row in loaded("apm_transactions")) == 49
    assert [(row["alert_id"], row["state"]) for row in loaded("alerts")] == [("a1", "open 1")]


JOBS: dict[str, Any] = {
    "name": "jobs",
    "path": "/jobs",
    "data": "jobs.items",
    "primary_key": ["jobName", "queue.id"],
    "start_param": "since",
    "end_param": "until",
    "format": "%Y-%m-%dT%H:%MZ",
    "end": "inclusive",
    "window_hours": 12,
    "types": {"jobName": "text", "queue.id": "text", "runs": "bigint"},
    "sums": ["runs"],
    "lists": ["steps"],
    "paging": "cursor",
    "page_param": "after",
    "next_cursor": "page.next",
}

QUEUES = (NOT_SET, "1")


@pytest.mark.slow
def test_cursor_pages_of_parts_of_a_day_with_nested_lists_load_and_a_restated_part_is_found(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = dict[int, int]()

    def jobs(query: dict[str, str]) -> dict[str, Any]:
        start, end = (datetime.strptime(query[name], JOBS["format"]) for name in ("since", "until"))  # noqa: DTZ007 - the server's clock
        parts = [start + timedelta(hours=12 * one) for one in range((end - start) // timedelta(hours=12) + 1)]
        tries = [{"n": 1, "ok": True}]
        rows = [
            {
                "jobName": "mail",
                "queue": {"id": None if queue == NOT_SET else queue},
                "runs": sum(1 + more.get(part.hour, 0) * (part.day == 30) for part in parts),
                "steps": [{"name": "render", "tries": tries}],
            }
            for queue in QUEUES
        ]
        place = int(query.get("after", "0"))
        return {"page": {"next": "1" if place == 0 else None}, "jobs": {"items": rows[place : place + 1]}}

    declare(monkeypatch, JOBS)
    serve_atatus(extra={"jobs": jobs})
    for changed in ({}, {12: 6}):
        more |= changed
        assert elt(*SYNC, "--resources", "jobs").code == 0
        found = {
            (row["date"].day, row["hour"], row["job_name"], row["queue_id"]): row["runs"] for row in loaded("jobs")
        }
        assert found == {
            (day, hour, "mail", queue): 1 + more.get(hour, 0) * (day == 30)
            for day in (30, 31)
            for hour in (0, 12)
            for queue in QUEUES
        }
    items = loaded("jobs__steps")
    assert [(row["name"], row["tries"]) for row in items] == [("render", '[{"n":1,"ok":true}]')] * 8
    assert {(row["date"].day, row["hour"], row["queue_id"]) for row in items} == {(k[0], k[1], k[3]) for k in found}


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
def test_what_a_loaded_table_cannot_hold_is_refused_and_anything_else_goes_on(
    serve_atatus: ServeAtatus, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"name": "things", "path": "/things", "primary_key": ["id"], "start_param": "from", "end_param": "to"}
    body = {"data": [{"id": 2, "n": 1, "seen": "2026-03-30T10:00:00Z"}]}
    serve_atatus(extra={"things": body})
    declare(monkeypatch, row)
    assert elt(*SYNC, "--resources", "things").code == 0
    declare(monkeypatch, {**row, "types": {"id": "bigint", "n": "bigint"}})
    assert elt(*SYNC, "--resources", "things", "--full").code == 0
    declare(monkeypatch, {**row, "types": {"seen": "timestamp"}})
    stated = elt(*SYNC, "--resources", "things")
    assert (stated.code, "states timestamp for seen, which is loaded as text" in stated.err) == (78, True), stated.err
    declare(monkeypatch, {**row, "types": {"id": "bigint"}, "window_hours": 12})
    parts = elt(*SYNC, "--resources", "things")
    assert (parts.code, "window_hours is declared, and whole days are loaded" in parts.err) == (78, True), parts.err


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
