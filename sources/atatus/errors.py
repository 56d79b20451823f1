"""What the documented status codes mean to this vendor, and what to do about each.

https://docs.atatus.com/docs/api/authentication.html; 200, 201 and 204 are good answers.
"""

from collections.abc import Mapping
from typing import Final

from sources.rest import errors


class BadRequestError(errors.BadRequestError):
    """400: the request is bad; another window of the same address may be accepted."""

    advice = "this server may read times otherwise: see the options time_separator, window_end and lag_days"


class WrongKeyError(errors.UnauthorizedError):
    """401: the API key is wrong."""

    meaning = "the API key is wrong"
    advice = "check api_key; an Owner or Admin makes keys under Settings > Account Settings > API Keys"


class HiddenError(errors.MissingScopeError):
    """403: items are hidden for administrators only."""

    meaning = "this is hidden for administrators only"
    advice = "use a key with the permission Read that may see it, or leave the project or resource out"


class ItemNotFoundError(errors.NotFoundError):
    """404: the item could not be found."""

    meaning = "the item could not be found"
    advice = "check the ids in the option projects, and base_url"


class WrongMethodError(errors.RequestRejectedError):
    """405: an invalid method; everything here is read with GET."""

    meaning = "the API does not let this address be read with GET"
    advice = "check base_url, and the path if the endpoint is declared in the configuration"


class TooManyRequestsError(errors.RateLimitedError):
    """429: too many items are requested; the server names no limit."""

    meaning = "the API asks to slow down"
    advice = "run again later, or lower rate_limit; another program may be using the same key"


class ServerProblemError(errors.InternalError):
    """500: the vendor has a problem with its server."""

    meaning = "the API has a problem with its server"
    advice = "run again later; if it stays, tell the vendor"


STATUSES: Final[Mapping[int, type[errors.ApiError]]] = {
    400: BadRequestError,
    401: WrongKeyError,
    403: HiddenError,
    404: ItemNotFoundError,
    405: WrongMethodError,
    429: TooManyRequestsError,
    500: ServerProblemError,
    503: errors.MaintenanceError,
}
"""The documented refusals."""
