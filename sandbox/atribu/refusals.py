"""How the API refuses: documented codes, their statuses and the error body."""

_STATUS = {
    "unauthorized": 401,
    "insufficient_scope": 403,
    "rate_limit_exceeded": 429,
    "invalid_parameter": 400,
    "invalid_date_range": 400,
    "internal_error": 500,
    "not_found": 404,
    "invalid_request": 405,
}


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


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of the server
    """A request that is answered with a documented error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _STATUS[code]


def code_of(status: int) -> str:
    """Give the documented code of an error status."""
    return _CODES[status]


def error_body(code: str, message: str, status: int, request_id: str) -> dict[str, object]:
    """Write the error body of the API reference."""
    return {"error": {"code": code, "message": message, "status": status, "request_id": request_id}}
