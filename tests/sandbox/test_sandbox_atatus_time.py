"""Time ranges are read to the minute, in every spelling that is set, and refused when they are none."""

from datetime import date
from itertools import pairwise

import pytest
import requests

from sandbox.atatus import READ_KEY
from tests.sandbox.atatus_client import LIST, PROJECT, AtatusClient

PLUS, SPACE, CODED = "2026-02-{}+00:00", "2026-02-{}%2000:00", "2026-02-{}%2B00:00"
HOURS = [f"2026-02-04 {hour:02}:00" for hour in range(24)] + ["2026-02-05 00:00"]


def count(client: AtatusClient, start: str, end: str) -> int:
    return client.sandbox.answer(LIST, timeStart=start, timeEnd=end)["stats"]["totalCount"]


@pytest.mark.parametrize(
    ("accepts", "taken"),
    [("literal", {PLUS}), ("space", {PLUS, SPACE}), ("plus", {PLUS, CODED}), ("both", {PLUS, SPACE, CODED})],
)
def test_the_plus_between_date_and_time_is_taken_as_set(atatus: AtatusClient, accepts: str, taken: set[str]) -> None:
    atatus.settings.accepts_time = accepts
    truth = atatus.sandbox.answer(LIST, timeStart="2026-02-03 00:00", timeEnd="2026-02-05 00:00")
    assert truth["data"]
    for spelling in (PLUS, SPACE, CODED, PLUS.replace(":", "%3A")):
        query = f"timeStart={spelling.format('03')}&timeEnd={spelling.format('05')}"
        reply = atatus.get(f"{LIST}?{query}")
        assert reply.request.url.endswith(query)
        if spelling.replace("%3A", ":") in taken:
            assert (reply.status_code, reply.json()) == (200, truth)
        else:
            assert reply.status_code == 400
            assert reply.json()["Message"].startswith("timeEnd is not a time")


def test_an_ordinary_client_library_sends_a_space_as_the_documented_plus(atatus: AtatusClient) -> None:
    assert atatus.body(LIST, timeStart="2026-02-03 00:00", timeEnd="2026-02-05 00:00")["data"]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"timeStart": "2026-02-03 00:00"},
        {"timeEnd": "2026-02-03 00:00"},
        {"timeDur": "7d", "timeStart": "2026-02-03 00:00", "timeEnd": "2026-02-04 00:00"},
        {"timeDur": ["7d", "7d"]},
        {"timeDur": "24h"},
        {"timeDur": "1w"},
        {"timeDur": ""},
        {"timeDur": "7d", "limit": "10"},
        {"timeDur": "7d", "apiKey": READ_KEY},
        {"timeStart": "2026-02-04 00:00", "timeEnd": "2026-02-03 00:00"},
        {"timeStart": "2026-02-03 00:00", "timeEnd": "2026-02-03 00:00"},
        {"timeStart": "2026-02-03", "timeEnd": "2026-02-04"},
        {"timeStart": "2026-02-03 00:00:00", "timeEnd": "2026-02-04 00:00:00"},
        {"timeStart": "2026-02-03T00:00", "timeEnd": "2026-02-04T00:00"},
        {"timeStart": "2026-02-30 00:00", "timeEnd": "2026-03-01 00:00"},
        {"timeStart": "2026-02-03 24:00", "timeEnd": "2026-02-05 00:00"},
        {"timeStart": "0000-02-03 00:00", "timeEnd": "2026-02-05 00:00"},
        {"timeStart": "٢٠٢٦-02-03 00:00", "timeEnd": "2026-02-05 00:00"},
    ],
)
def test_what_is_no_time_range_is_a_bad_request_and_charged(atatus: AtatusClient, query: dict[str, object]) -> None:
    reply = atatus.get(LIST, **query)
    assert reply.status_code == 400
    assert reply.json()["Message"]
    assert atatus.sandbox.units_spent == 1


@pytest.mark.parametrize("duration", ["30m", "60m", "6h", "12h", "1d", "2d", "3d", "7d", "14d", "1M"])
def test_documented_durations_look_back_from_the_end_of_the_last_day(atatus: AtatusClient, duration: str) -> None:
    starts = {"30m": "31 23:30", "60m": "31 23:00", "6h": "31 18:00", "12h": "31 12:00", "1d": "31 00:00"}
    starts |= {"2d": "30 00:00", "3d": "29 00:00", "7d": "25 00:00", "14d": "18 00:00", "1M": "02 00:00"}
    truth = atatus.sandbox.answer(LIST, timeStart=f"2026-03-{starts[duration]}", timeEnd="2026-04-01 00:00")
    assert atatus.body(LIST, timeDur=duration) == truth


def test_other_durations_are_taken_when_set(atatus: AtatusClient) -> None:
    atatus.settings.other_durations = True
    assert atatus.body(LIST, timeDur="24h") == atatus.body(LIST, timeDur="1d")
    assert [atatus.get(LIST, timeDur=text).status_code for text in ("0d", "1w", "d", "1D")] == [400] * 4


def test_hours_add_up_to_the_day(atatus: AtatusClient) -> None:
    assert sum(count(atatus, *hours) for hours in pairwise(HOURS)) == count(atatus, HOURS[0], HOURS[-1]) > 0


def test_the_end_belongs_to_the_range_only_when_set(atatus: AtatusClient) -> None:
    minutes = [f"2026-02-04 {minute // 60:02}:{minute % 60:02}" for minute in range(1440)]
    busy, after = next(pair for pair in pairwise(minutes) if count(atatus, *pair))
    assert count(atatus, minutes[0], busy) == 0
    assert atatus.get(LIST, timeStart=busy, timeEnd=busy).status_code == 400
    found = count(atatus, busy, after)
    atatus.settings.end_inclusive = True
    assert count(atatus, minutes[0], busy) == count(atatus, busy, busy) == found


def test_times_are_read_on_the_clock_of_the_server(atatus: AtatusClient) -> None:
    utc = atatus.sandbox.answer(LIST, timeStart="2026-02-02 18:30", timeEnd="2026-02-03 18:30")
    atatus.settings.timezone = "Asia/Kolkata"
    assert atatus.body(LIST, timeStart="2026-02-03 00:00", timeEnd="2026-02-04 00:00") == utc
    assert atatus.sandbox.rows(PROJECT, date(2026, 2, 3)) == utc["data"]


def test_the_longest_range_can_be_limited(atatus: AtatusClient) -> None:
    atatus.settings.max_range_days = 14
    assert [atatus.get(LIST, timeDur=text).status_code for text in ("14d", "1M")] == [200, 400]
    reply = atatus.get(LIST, timeStart="2026-02-01 00:00", timeEnd="2026-02-15 00:01")
    assert (reply.status_code, reply.json()) == (400, {"Message": "The range is longer than 14 days"})


def test_a_range_into_the_future_is_taken_unless_refused(atatus: AtatusClient) -> None:
    ranges = [("2026-03-31 00:00", "2026-04-01 00:00"), ("2026-03-31 00:00", "2026-04-02 00:00")]

    def ask() -> list[requests.Response]:
        return [atatus.get(LIST, timeStart=start, timeEnd=end) for start, end in ranges]

    first, second = ask()
    assert first.json() == second.json()
    atatus.settings.refuses_future = True
    assert [reply.status_code for reply in ask()] == [200, 400]
    atatus.settings.end_inclusive = True
    assert [reply.status_code for reply in ask()] == [200, 400]
