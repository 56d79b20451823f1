"""The HTTP face of the sandbox: `create_app` makes a Starlette app that speaks the documented contract.

Readings, where the contract leaves a choice open:

- Order of refusal: key 401, path 404, method 405 (code `invalid_request`), scope 403, limiter 429, parameters 400.
  Calls refused for their parameters are charged, the others are not.
- `limit` over 100, unknown `model`, `level` or `goal`, unknown, repeated or missing parameters: 400
  `invalid_parameter`. Dates that do not exist, run backwards or span more than 366 days: 400 `invalid_date_range`.
  `filter[...]` is refused like any unknown parameter; the documents of the newer generation do not name it.
- `revenue` is cash credited to any touch, `organic_direct_revenue` the part of it that no ad earned, `cash_revenue`
  also what could not be attributed. All are dated by conversion day. `outcomes` counts every goal.
- A conversion is counted once, for the touch with the largest share, while its value is split. So counts are whole
  numbers and totals are equal under every model. Breakdowns use last touch.
- Pages are landing pages; visits without a referrer have the referrer `(none)`. In the newer generation values without
  a credited conversion are not listed and rows are ranked by revenue; in the older one by visitors. `bounce_rate`,
  `conversion_rate`, `coverage_percent` and `ctr` are percentages; a ratio to nothing is 0.
- `/campaigns` lists whatever spent or earned, `outcome_value` is cash, no `level` means `campaign`, and the levels
  `ad_set` and `ad` add `ad_set_id`, `ad_set_name`, `ad_id`, `ad_name`. `entity_ids` are separated by commas.
- `/revenue` names `organic_direct_revenue` in both generations, and `/attribution-coverage` exists in both.
- `/keywords` knows a day two days later. Ad spend of a day may be restated for four weeks.
- Days and moments are UTC; the reporting currency is USD; `/revenue/cash` is in the row's own currency.
- `/customers` and `/visitors` are sorted by time, latest first, then by id. `/visitors` lists who was seen in the
  range, with lifetime figures, so `last_seen_at` may lie after it. Journeys run oldest first, `is_synthetic` marks
  payments, and their `limit` is that of the lists (10, at most 100). `conversion_count` counts every goal.
- `/goals` needs `conversions:read`, `/attribution-coverage` `analytics:read`, all ad endpoints `campaigns:read`.
"""

import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.atribu.endpoints import Endpoint, find
from sandbox.atribu.refusals import Refusal, code_of, error_body
from sandbox.atribu.settings import Settings
from sandbox.atribu.state import Asked, Sandbox
from sandbox.faults import Fault
from sandbox.limiter import Limiter, retry_after
from sandbox.wire import Reply, deliver, replaced, success

BASE_PATH = "/api/v1/"
_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, *, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """Make the app; `app.state.sandbox` is its `Sandbox`, `clock` gives the limiter's seconds."""
    sandbox = Sandbox(settings or Settings(), clock)
    app = Starlette(routes=[Route("/{path:path}", _Door(sandbox))])
    app.state.sandbox = sandbox
    return app


@dataclass(slots=True)
class _Call:
    """One request on its way through the server, with what is found out about it."""

    method: str
    path: str
    pairs: list[tuple[str, str]]
    request_id: str
    key: str | None = None
    limiter: Limiter | None = None
    fault: Fault | None = None
    units: int = 0


class _Door:
    """The one place where requests come in; an ASGI app of its own, because layers cost time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - GET has no body
        sandbox = self._sandbox
        call = _Call(
            method=scope["method"],
            path=scope["path"].removeprefix(BASE_PATH) if scope["path"].startswith(BASE_PATH) else "",
            pairs=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
            request_id=self._sandbox.canaries.request_id(f"req_{next(self._numbers):08x}"),
        )
        try:
            reply = self._reply(call, dict(scope["headers"]))
        except Refusal as refusal:
            reply = self._error(call, refusal.code, refusal.message, refusal.status)
        except Exception:  # noqa: BLE001 - whatever went wrong, the client gets the documented body and the log the cause
            _log.exception("The sandbox failed to answer %s", call.path)
            reply = self._error(call, "internal_error", "The sandbox itself failed", 500)
        self._add_headers(call, reply)
        sandbox.log.append(
            Asked(
                path=call.path,
                query=dict(call.pairs),
                status=reply.status,
                units=call.units,
                at=sandbox.clock(),
                key=call.key,
                request_id=call.request_id,
            )
        )
        await deliver(scope, send, reply, call.fault, sandbox.settings.latency)

    def _reply(self, call: _Call, headers: dict[bytes, bytes]) -> Reply:
        sandbox = self._sandbox
        call.key, scopes = self._authenticate(headers)
        call.limiter = sandbox.limiter(call.key)
        found = find(call.path)
        if found is None:
            raise Refusal("not_found", "Not found")
        if call.method != "GET":
            raise Refusal("invalid_request", f"{call.method} is not allowed here")
        endpoint, parent = found
        if endpoint.scope not in scopes:
            raise Refusal("insufficient_scope", f"This API key does not have the scope {endpoint.scope}")
        asked = dict(call.pairs)
        call.fault = sandbox.strike(call.path, asked, free=True)
        if call.fault is not None:
            return self._failed(call, call.fault)
        verdict = call.limiter.take(endpoint.units, sandbox.clock())
        if not verdict.allowed:
            return self._rejected(call, verdict.retry_after)
        call.units = endpoint.units
        call.fault = sandbox.strike(call.path, asked, free=False)
        if call.fault is not None and not call.fault.spoils:
            return self._failed(call, call.fault)
        return self._answered(call, endpoint, parent)

    def _authenticate(self, headers: dict[bytes, bytes]) -> tuple[str, frozenset[str]]:
        kind, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        scopes = self._sandbox.settings.keys.get(key) if kind.lower() == "bearer" else None
        if scopes is None:
            raise Refusal("unauthorized", "Invalid or expired API key")
        return key, scopes

    def _rejected(self, call: _Call, wait: float) -> Reply:
        reply = self._error(call, "rate_limit_exceeded", "Too many requests", 429)
        reply.headers |= retry_after(self._sandbox.settings.retry_after, wait)
        return reply

    def _failed(self, call: _Call, fault: Fault) -> Reply:
        reply = replaced(
            fault, lambda status: self._error(call, code_of(status), "This was asked for by a fault", status)
        )
        if fault.kind == "redirect":
            reply.headers["Location"] = self._sandbox.canaries.location(fault.location)
        return reply

    def _error(self, call: _Call, code: str, message: str, status: int) -> Reply:
        code, message = self._sandbox.canaries.error(code, message)
        return Reply(status, orjson.dumps(error_body(code, message, status, call.request_id)))

    def _answered(self, call: _Call, endpoint: Endpoint, parent: str) -> Reply:
        sandbox = self._sandbox
        query = sandbox.read(endpoint, parent, call.pairs)
        answer = sandbox.ask(endpoint, query, call.fault.tampering if call.fault else None)
        meta: dict[str, object] = {"profile_id": sandbox.settings.profile_id}
        if endpoint.has_range:
            meta |= {"date_from": query.date_from.isoformat(), "date_to": query.date_to.isoformat()}
        body: dict[str, object] = {"data": answer.data, "meta": meta}
        if answer.pagination is not None:
            body["pagination"] = answer.pagination
        return success(body, call.fault, self._sandbox.canaries.words())

    def _add_headers(self, call: _Call, reply: Reply) -> None:
        reply.headers |= self._sandbox.canaries.more_headers()
        reply.headers["X-Request-ID"] = call.request_id
        if call.limiter is not None:
            reply.headers["X-RateLimit-Limit"] = str(call.limiter.limit)
            reply.headers["X-RateLimit-Remaining"] = str(call.limiter.remaining(self._sandbox.clock()))
