"""The three documented ways of sending the key, https://docs.atatus.com/docs/api/authentication.html."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
from requests import PreparedRequest
from requests.auth import AuthBase

from sources.rest.errors import ConfigurationError
from sources.rest.redaction import clean_logs

HEADER: Final = "X-API-KEY"
PARAM: Final = "api_key"


class Place(StrEnum):
    """Where the key travels."""

    HEADER = "header"
    QUERY = "query"
    BODY = "body"


METHODS: Final[Mapping[Place, frozenset[str]]] = {
    Place.HEADER: frozenset({"GET", "DELETE", "POST", "PUT"}),
    Place.QUERY: frozenset({"GET", "DELETE"}),
    Place.BODY: frozenset({"POST", "PUT"}),
}
"""Which requests can carry the key there."""


class ApiKey(AuthBase):
    """Puts the key into a request, where a `.netrc` of the machine cannot replace it.

    Args:
        key: the key.
        place: where it travels.
    """

    def __init__(self, key: str, place: Place = Place.HEADER) -> None:
        self._key = key
        self._place = place
        if place is Place.QUERY:
            clean_logs()  # urllib3 logs the address of every call for whoever asks for debug output

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request.

        Raises:
            ConfigurationError: a request of this method cannot carry the key there.
        """
        if request.method not in METHODS[self._place]:
            raise ConfigurationError(
                f"a {request.method} cannot carry the key in its {self._place};"
                f" that is for {' and '.join(sorted(METHODS[self._place]))}"
            )
        if self._place is Place.HEADER:
            request.headers[HEADER] = self._key
        elif self._place is Place.QUERY:
            request.prepare_url(request.url, {PARAM: self._key})
        else:
            self._into_body(request)
        return request

    def _into_body(self, request: PreparedRequest) -> None:
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if not isinstance(body, bytes):
            raise ConfigurationError("a body that is streamed cannot carry the key")
        kind = request.headers.pop("Content-Type", "").partition(";")[0]
        if kind == "application/json":
            request.prepare_body(None, None, json={**orjson.loads(body), PARAM: self._key})
        elif not body or kind == "application/x-www-form-urlencoded":
            fields = [*parse_qsl(body.decode(), keep_blank_values=True), (PARAM, self._key)]
            request.prepare_body(urlencode(fields), None)
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            raise ConfigurationError(f"a body of type {kind or 'unknown'} cannot carry the key")
