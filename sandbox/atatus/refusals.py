"""How the API refuses: the documented statuses, and the spellings of the error body."""

import orjson

from sandbox.atatus.settings import ErrorBody
from sandbox.wire import Reply

INVALID_KEY = "API key is invalid!"
_TEXTS = {
    400: "Bad request",
    401: INVALID_KEY,
    403: "Items are hidden for administrators only",
    404: "The item could not be found",
    405: "You tried to access the item with an invalid method",
    429: "You are requesting too many items. Please slow down",
    500: "We have a problem with our server. Please try again later",
    502: "Bad gateway",
    503: "We are offline due to maintenance work. Please try again later",
}


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of the server
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(message or _TEXTS[status])
        self.status = status
        self.message = message or _TEXTS[status]


def error(refusal: Refusal, style: ErrorBody) -> Reply:
    """Write the answer to a refused request."""
    if style == "html":
        page = f"<!doctype html><title>{refusal.status}</title><p>{refusal.message}</p>"
        return Reply(refusal.status, page.encode(), "text/html")
    if style == "empty":
        return Reply(refusal.status, b"")
    return Reply(refusal.status, orjson.dumps({} if style == "absent" else {style: refusal.message}))
