"""The HTTP face of the sandbox: `create_app` makes a Starlette app that speaks the documented contract.

Readings, where the contract leaves a choice open and no setting offers one:

- Order of refusal: maintenance 503, key 401, path 404, method 405, permission 403, project or transaction 404,
  administrators only 403, limiter 429, parameters 400. Calls refused for their parameters are charged, those refused
  before are not.
- A key is read from the header of any request, from the query of GET and DELETE and from the body of POST and PUT, in
  this order; the first that is found decides. A body is a form of either kind or a JSON object.
- Parameters that are unknown or given twice are refused. `timeDur` looks back from the end of the last day known;
  `1M` is 30 days. A range without a minute in it is refused.
- `successTime` and `failureTime` are mean milliseconds of the events that succeeded or failed, 0 without any. In
  `stats` they weigh every event alike, so every row by its count. `throughputPercentage` is a share of all events of
  the project in the range, `underOnePercent` tells whether it is under 1 before rounding. Only transactions with an
  event in the range are listed, most frequent first; a transaction without one has zeros when asked for by its id.
- Transactions that are hidden for administrators only are left out of the lists of others; by id they are a 403.
- A created deployment is answered with its fields under `data`, without the key; `revision` is required.
"""

import time
from collections.abc import Callable
from functools import partial

import orjson
from starlette.applications import Starlette

from sandbox.atatus.keys import INVALID_KEY, PARAMETER, authenticate, find_key, read_fields
from sandbox.atatus.resources import Resource
from sandbox.atatus.settings import Settings
from sandbox.atatus.state import NOT_FOUND, Sandbox
from sandbox.atatus.timing import Parameter, read_parameters
from sandbox.server.app import Api, Request, make_app
from sandbox.server.replies import NO_CONTENT, Refusal, Reply, success
from sandbox.server.state import Call

BASE_PATH = "/v2/"
_TEXTS = {
    400: "Bad request",
    401: INVALID_KEY,
    403: "Items are hidden for administrators only",
    404: NOT_FOUND,
    405: "You tried to access the item with an invalid method",
    429: "You are requesting too many items. Please slow down",
    500: "We have a problem with our server. Please try again later",
    502: "Bad gateway",
    503: "We are offline due to maintenance work. Please try again later",
}


def create_app(settings: Settings | None = None, *, clock: Callable[[], float] = time.monotonic) -> Starlette:
    """Make the app; `app.state.sandbox` is its `Sandbox`, `clock` gives the limiter's seconds."""
    return make_app(_Atatus(Sandbox(settings or Settings(), clock)))


class _Atatus(Api[Sandbox]):
    base_path = BASE_PATH
    key_parameter = PARAMETER

    def admit(self, call: Call, request: Request) -> tuple[int, Callable[[], Reply]]:
        sandbox, settings = self.sandbox, self.sandbox.settings
        if settings.maintenance:
            raise Refusal(503)
        fields = read_fields(request)
        call.key, call.key_from = find_key(call.method, request, fields, settings.key_headers)
        key = authenticate(call.key, settings)
        found = sandbox.find(call.path)
        if call.method != found.method:
            raise Refusal(405)
        if not key.may(found.action):
            raise Refusal(settings.wrong_permission_status, f"The API key may not {found.action.lower()}")
        sandbox.check(found, administrator=key.administrator)
        if found.kind == "deployments":
            return 1, partial(self._created, call, found, fields)
        return 1, partial(self._answered, call, found, read_parameters(request.query), administrator=key.administrator)

    def refused(self, call: Call, refusal: Refusal) -> Reply:  # noqa: ARG002 - every call is refused alike
        status, message = refusal.status, refusal.message or _TEXTS[refusal.status]
        style = self.sandbox.settings.error_body
        if style == "html":
            page = f"<!doctype html><title>{status}</title><p>{message}</p>"
            return Reply(status, page.encode(), "text/html")
        if style == "empty":
            return Reply(status, b"")
        return Reply(status, orjson.dumps({} if style == "absent" else {style: message}))

    def _created(self, call: Call, found: Resource, fields: dict[str, object]) -> Reply:
        fields = {name: value for name, value in fields.items() if name != PARAMETER}
        if not fields.get("revision"):
            raise Refusal(400, "revision is required")
        self.sandbox.deployments.append({"project": found.project} | fields)
        reply = success({"data": fields}, call.fault)
        reply.status = 201
        return reply

    def _answered(self, call: Call, found: Resource, parameters: list[Parameter], *, administrator: bool) -> Reply:
        asked = [parameter for parameter in parameters if parameter.name != PARAMETER]
        body = self.sandbox.ask(found, call.path, asked, administrator=administrator)
        is_empty = found.kind == "transactions" and isinstance(body, dict) and not body["data"]
        if is_empty and self.sandbox.settings.empty_status == NO_CONTENT:
            return Reply(NO_CONTENT, b"")
        return success(body, call.fault)
