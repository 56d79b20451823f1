"""The HTTP face of the sandbox: `create_app` makes a Starlette app that speaks the documented contract.

Readings, where the contract leaves a choice open:

- Order of refusal: key 401, path 404, method 405 (code `invalid_request`), scope 403, limiter 429, parameters 400.
  Calls refused for their parameters are charged, the others are not.
- Unknown `level` or `goal`, repeated or missing parameters: 400 `invalid_parameter`; so, unless it is set otherwise,
  `limit` over 100, unknown `model` and unknown parameters, `filter[...]` among them: the documents of the newer
  generation do not name it. Dates that do not exist, run backwards or span more than 366 days: 400
  `invalid_date_range`.
- `revenue` is cash credited to any touch, `organic_direct_revenue` the part of it that no ad earned, `cash_revenue`
  also what could not be attributed. All are dated by conversion day. `outcomes` counts every goal.
- A conversion is counted once, for the touch with the largest share, while its value is split. So counts are whole
  numbers and totals are equal under every model. Breakdowns use last touch.
- Pages are landing pages; visits without a referrer have the referrer `(none)`. In the newer generation values without
  a credited conversion are not listed and rows are ranked by revenue; in the older one by visitors. `bounce_rate`,
  `conversion_rate`, `coverage_percent` and `ctr` are percentages; a ratio to nothing is 0.
- `/campaigns` lists whatever spent or earned, `outcome_value` is cash, no `level` means `campaign`, and the levels
  `ad_set` and `ad` have the same six fields, unless it is set otherwise. `entity_ids` are separated by commas.
- `/revenue` names `organic_direct_revenue` in both generations, and `/attribution-coverage` exists in both.
- `/keywords` knows a day two days later. Ad spend of a day may be restated for four weeks.
- Days and moments are UTC; the reporting currency is USD; `/revenue/cash` is in the row's own currency.
- `/customers` and `/visitors` are sorted by time, latest first, then by id. `/visitors` lists who was seen in the
  range. Figures of people are of their lifetime, so `last_seen_at` may lie after the range, or of the range only.
  Journeys run oldest first, `is_synthetic` marks payments, and their `limit` is that of the lists (10, at most 100).
  `conversion_count` counts every goal.
- `/goals` needs `conversions:read`, `/attribution-coverage` `analytics:read`, all ad endpoints `campaigns:read`.
"""

import itertools
import time
from collections.abc import Callable
from functools import partial

import orjson
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from sandbox.atribu.endpoints import DATES, Endpoint, find
from sandbox.atribu.settings import Settings
from sandbox.atribu.state import Sandbox
from sandbox.server.app import Api, Request, make_app
from sandbox.server.faults import Fault
from sandbox.server.replies import Refusal, Reply, Row, replaced, success
from sandbox.server.state import Call

BASE_PATH = "/api/v1/"
_CODES = {
    400: "invalid_parameter",
    401: "unauthorized",
    403: "insufficient_scope",
    404: "not_found",
    405: "invalid_request",
    429: "rate_limit_exceeded",
    500: "internal_error",
    502: "internal_error",
    503: "service_unavailable",
}
_MESSAGES = {429: "Too many requests", 500: "The sandbox itself failed"}


def create_app(settings: Settings | None = None, *, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """Make the app; `app.state.sandbox` is its `Sandbox`, `clock` gives the limiter's seconds."""
    return make_app(_Atribu(Sandbox(settings or Settings(), clock)))


class _Atribu(Api[Sandbox]):
    base_path = BASE_PATH

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self._numbers = itertools.count(1)
        self._brands = {key: _Atribu(own) for key, own in sandbox.brands.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as the profile that its key leads to."""
        header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        brand = self._brands.get(header.decode("latin-1").partition(" ")[2])
        if brand is None:
            await super().__call__(scope, receive, send)
        else:
            await brand(scope, receive, send)

    def admit(self, call: Call, request: Request) -> tuple[int, Callable[[], Reply]]:
        call.request_id = self.sandbox.canaries.request_id(f"req_{next(self._numbers):08x}")
        key, scopes = self._authenticate(request)
        call.key, call.key_from = key, "header"
        found = find(call.path)
        if found is None:
            raise Refusal(404, "Not found")
        endpoint, parent = found
        if call.method != "GET":
            raise Refusal(405, f"{call.method} is not allowed here")
        if endpoint.scope not in scopes:
            raise Refusal(403, f"This API key does not have the scope {endpoint.scope}")
        return endpoint.units, partial(self._answered, call, request, endpoint, parent)

    def _authenticate(self, request: Request) -> tuple[str, frozenset[str]]:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        scopes = self.sandbox.settings.keys.get(key) if kind.lower() == "bearer" else None
        if scopes is None:
            raise Refusal(401, "Invalid or expired API key")
        return key, scopes

    def _answered(self, call: Call, request: Request, endpoint: Endpoint, parent: str) -> Reply:
        sandbox = self.sandbox
        page = sandbox.ask(endpoint, parent, request.pairs, tampering=call.fault.tampering if call.fault else None)
        dates = {name: call.query[name] for name in DATES} if endpoint.has_range else {}
        body: Row = {"data": page.data, "meta": {"profile_id": sandbox.settings.profile_id} | dates}
        if page.pagination is not None:
            body["pagination"] = page.pagination
        return success(body, call.fault, sandbox.canaries.spoiled_texts())

    def refused(self, call: Call, refusal: Refusal) -> Reply:
        status = refusal.status
        code, message = refusal.code or _CODES[status], refusal.message or _MESSAGES[status]
        code, message = self.sandbox.canaries.error(code, message)
        error = {"code": code, "message": message, "status": status, "request_id": call.request_id}
        return Reply(status, orjson.dumps({"error": error}))

    def in_place_of_answer(self, call: Call, fault: Fault) -> Reply:
        reply = replaced(fault, lambda status: self.refused(call, Refusal(status, "This was asked for by a fault")))
        if fault.kind == "redirect":
            reply.headers["Location"] = self.sandbox.canaries.location(fault.location)
        return reply

    def more_headers(self, call: Call) -> dict[str, str]:
        headers = self.sandbox.canaries.more_headers() | {"X-Request-ID": call.request_id}
        if call.key is None:
            return headers
        limiter = self.sandbox.limiter(call.key)
        remaining = limiter.remaining(self.sandbox.clock())
        return headers | {"X-RateLimit-Limit": str(limiter.limit), "X-RateLimit-Remaining": str(remaining)}
