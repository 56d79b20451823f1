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

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.atatus.keys import IN_BODY, PARAMETER, KeyFrom, authenticate, find_key, read_fields
from sandbox.atatus.refusals import Refusal, error
from sandbox.atatus.resources import Resource
from sandbox.atatus.settings import Settings
from sandbox.atatus.state import Asked, Sandbox
from sandbox.atatus.timing import Parameter, read_parameters
from sandbox.faults import Fault
from sandbox.faults import first_to_strike as first
from sandbox.limiter import retry_after
from sandbox.wire import Reply, deliver, replaced, success

BASE_PATH = "/v2/"
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
    headers: Mapping[str, str]
    parameters: list[Parameter]
    fields: dict[str, object] = field(default_factory=dict)
    key: tuple[str, KeyFrom] | None = None
    fault: Fault | None = None
    units: int = 0

    @property
    def asked(self) -> list[Parameter]:
        """List the parameters without the key."""
        return [parameter for parameter in self.parameters if parameter.name != PARAMETER]

    @property
    def query(self) -> dict[str, str]:
        """Give the values of the parameters without the key."""
        return {parameter.name: parameter.value for parameter in self.asked}


class _Door:
    """The one place where requests come in; an ASGI app of its own, as it wants the connection and the raw query."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sandbox = self._sandbox
        call = _Call(
            method=scope["method"],
            path=scope["path"].removeprefix(BASE_PATH) if scope["path"].startswith(BASE_PATH) else "",
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            parameters=read_parameters(scope["query_string"].decode("latin-1")),
        )
        style = sandbox.settings.error_body
        try:
            if call.method in IN_BODY:
                call.fields = read_fields(call.headers.get("content-type", ""), await _body(receive))
            reply = self._reply(call)
        except Refusal as refusal:
            reply = error(refusal, style)
        except Exception:  # noqa: BLE001 - whatever went wrong, the client gets the documented body and the log the cause
            _log.exception("The sandbox failed to answer %s", call.path)
            reply = error(Refusal(500), style)
        key, key_from = call.key or (None, None)
        sandbox.log.append(
            Asked(
                method=call.method,
                path=call.path,
                query=call.query,
                status=reply.status,
                units=call.units,
                at=sandbox.clock(),
                key=key,
                key_from=key_from,
            )
        )
        await deliver(scope, send, reply, call.fault, sandbox.settings.latency)

    def _reply(self, call: _Call) -> Reply:
        sandbox, settings = self._sandbox, self._sandbox.settings
        if settings.maintenance:
            raise Refusal(503)
        call.key = find_key(call.method, call.headers, call.parameters, call.fields, settings)
        text, key = authenticate(call.key, settings)
        found = sandbox.find(call.path)
        if found is None:
            raise Refusal(404)
        if call.method != found.method:
            raise Refusal(405)
        if not key.may(found.action):
            raise Refusal(settings.wrong_permission_status, f"The API key may not {found.action.lower()}")
        sandbox.check(found, administrator=key.administrator)
        call.fault = first(sandbox.faults, call.path, call.query, free=True)
        if call.fault is not None:
            return replaced(call.fault, self._failed)
        verdict = sandbox.limiter(text).take(1, sandbox.clock())
        if not verdict.allowed:
            reply = self._failed(429)
            reply.headers |= retry_after(settings.retry_after, verdict.retry_after)
            return reply
        call.units = 1
        call.fault = first(sandbox.faults, call.path, call.query, free=False)
        if call.fault is not None and not call.fault.spoils:
            return replaced(call.fault, self._failed)
        if found.kind == "deployments":
            return self._created(call, found)
        return self._answered(call, found, administrator=key.administrator)

    def _failed(self, status: int) -> Reply:
        return error(Refusal(status), self._sandbox.settings.error_body)

    def _created(self, call: _Call, found: Resource) -> Reply:
        fields = {name: value for name, value in call.fields.items() if name != PARAMETER}
        if not fields.get("revision"):
            raise Refusal(400, "revision is required")
        self._sandbox.deployments.append({"project": found.project} | fields)
        reply = success({"data": fields}, call.fault)
        reply.status = 201
        return reply

    def _answered(self, call: _Call, found: Resource, *, administrator: bool) -> Reply:
        body = self._sandbox.ask(found, call.path, call.asked, administrator=administrator)
        is_empty = found.kind == "transactions" and isinstance(body, dict) and not body["data"]
        if is_empty and self._sandbox.settings.empty_status == 204:  # noqa: PLR2004 - the status is its own name
            return Reply(204, b"")
        return success(body, call.fault)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
