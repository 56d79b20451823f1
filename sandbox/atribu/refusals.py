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


class Refusal(Exception):  # noqa: N818 - it is an answer to the client, not an error of the server
    """A request that is answered with a documented error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _STATUS[code]


def error_body(code: str, message: str, status: int, request_id: str) -> dict[str, object]:
    """Write the error body of the API reference."""
    return {"error": {"code": code, "message": message, "status": status, "request_id": request_id}}
