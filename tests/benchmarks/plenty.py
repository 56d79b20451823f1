"""A server that has as many rows as it is asked for, and makes them cheaply: so that a client is measured, and not it.

`python -m tests.benchmarks.plenty` prints its port and serves until it is ended. What is asked says how much there is:
project `500-1` of Atatus has 500 transactions a day, and below `/1000000` Atribu has a million customers. `/today` says
what day it is. The figures of a day change once, three days later.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

DAY: Final = timedelta(days=1)
RESTATED_AFTER: Final = 3 * DAY
FIRST: Final = datetime(2020, 1, 1, tzinfo=UTC)
CUSTOMERS_WITHIN: Final = timedelta(days=80)
PAGE: Final = 100
PROFILE: Final = "5a0d0c8e-7a1b-4c58-9a52-3f1f0b6f2d11"


@lru_cache(maxsize=64)
def transactions(rows: int, days: int, restated: int) -> bytes:
    """Answer the transactions of some days, of which some have changed since."""
    found: list[dict[str, Any]] = [
        {
            "id": f"{place:024x}",
            "name": f"transaction {place}",
            "successCount": (place % 50) * days + restated,
            "failureCount": (place % 3) * days,
            "totalCount": (place % 50 + place % 3) * days + restated,
            "successTime": place % 997 / 10,
            "failureTime": place % 13,
            "throughputPercentage": place % 100 / 10,
            "underOnePercent": place % 100 < 10,
        }
        for place in range(rows if days else 0)
    ]
    names = ("successCount", "failureCount", "totalCount")
    stats = {name: sum(row[name] for row in found) for name in names} | {"successTime": 1.5, "failureTime": 2.5}
    return orjson.dumps({"data": found, "stats": stats})


def customers(count: int, today: datetime, query: Mapping[str, str]) -> bytes:
    """Answer a page of customers, newest first."""
    step = CUSTOMERS_WITHIN / count
    first = int(query["cursor_id"]) + 1 if "cursor_id" in query else 0
    last = min(first + PAGE, count)
    data = [
        {
            "conversion_id": str(place),
            "customer_profile_id": f"{place * 2654435761 % 2**32:08x}-{place:012x}",
            "name": "Ada Example",
            "email": f"ada{place}@example.com",
            "country": "US",
            "device": "desktop",
            "channel": "Organic Search",
            "source": "google",
            "revenue": place % 1000 / 10,
            "revenue_type": "cash",
            "conversion_time": (today - place * step).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "time_to_complete_seconds": place % 86400,
            "touch_count": 1,
            "touch_channels": ["Organic Search"],
            "conversion_count": 1,
            "total_revenue": place % 1000 / 10,
        }
        for place in range(first, last)
    ]
    more = {"cursor_time": data[-1]["conversion_time"], "cursor_id": str(last - 1)} if last < count else {}
    return _answer(data, query, pagination={"has_next": bool(more), **more})


def conversions(count: int, today: datetime, query: Mapping[str, str]) -> bytes:
    """Answer how many customers there are on each day."""
    days: dict[str, int] = {}
    step = CUSTOMERS_WITHIN / count
    day = today.replace(hour=0, minute=0, second=0, microsecond=0)
    place = 0
    while place < count:
        until = min(count, int((today - day) / step) + 1)
        days[str(day.date())] = until - place
        place, day = until, day - DAY
    asked = query["date_from"], query["date_to"]
    rows = [
        {"date": one, "event_type": "payment_received", "count": number}
        for one, number in days.items()
        if asked[0] <= one <= asked[1]
    ]
    return _answer(rows, query)


def _answer(data: Any, query: Mapping[str, str], **more: Any) -> bytes:
    meta = {"profile_id": PROFILE, **{name: query[name] for name in ("date_from", "date_to") if name in query}}
    return orjson.dumps({"data": data, "meta": meta, **more})


class Plenty(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    today: ClassVar[datetime] = FIRST

    def do_GET(self) -> None:
        """Answer a call."""
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        parts = url.path.strip("/").split("/")
        if parts == ["today"]:
            Plenty.today = datetime.fromisoformat(query["day"]).replace(tzinfo=UTC, hour=23)
            body = b"{}"
        elif parts[0] == "projects":
            body = self._transactions(int(parts[1].split("-")[0]), query)
        elif "0001-01-01" <= query.get("date_from", "") < "2001":
            body = _answer([], query, pagination={"has_next": False})
        elif parts[-1] == "customers":
            body = customers(int(parts[0]), self.today, query)
        else:
            body = conversions(int(parts[0]), self.today, query)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _transactions(self, rows: int, query: Mapping[str, str]) -> bytes:
        """Answer a range; all that happens on a day happens at noon."""
        start, end = (datetime.fromisoformat(query[name]).replace(tzinfo=UTC) for name in ("timeStart", "timeEnd"))
        changed = min(end, self.today - RESTATED_AFTER)
        return transactions(rows, _noons(start, min(end, self.today)), _noons(start, changed))


def _noons(start: datetime, end: datetime) -> int:
    half = DAY / 2
    return max(0, -((end - FIRST - half) // -DAY) + ((start - FIRST - half) // -DAY))


def main() -> None:
    """Serve."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plenty)
    print(server.server_port, flush=True)
    sys.setswitchinterval(0.001)
    server.serve_forever()


if __name__ == "__main__":
    main()
