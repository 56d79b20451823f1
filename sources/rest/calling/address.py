"""The address of a call: base URL, path and query."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from sources.rest.catalogue.api import Call, DateRange
from sources.rest.errors import ConfigurationError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host in LOOPBACK or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def checked_base_url(base_url: str) -> str:
    """Return the base URL without a trailing slash.

    Raises:
        ConfigurationError: it is no URL, carries credentials or a query, or would send the key in plain text.
    """
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is no number
        usable = False
    if not usable:
        raise ConfigurationError("base_url is not an http(s) address; give for example https://host/api/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError("base_url carries credentials, a query or a fragment; give only scheme, host and path")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ConfigurationError(
            f"base_url sends the key to {parts.hostname} in plain text; use https (http is for loopback only)"
        )
    return base_url.rstrip("/")


def url_of(base_url: str, call: Call, params: Mapping[str, str], usual: DateRange) -> str:
    """Return the URL of a call: parameters that its path names go there, the others into the query."""
    in_path = {name: quote(value, safe="") for name, value in params.items() if f"{{{name}}}" in call.path}
    dates = call.date_range or usual
    query = "&".join(
        urlencode({name: value}, safe=dates.literal if name in (dates.start, dates.end) else "", quote_via=quote)
        for name, value in params.items()
        if name not in in_path
    )
    return base_url + call.path.format_map(in_path) + (f"?{query}" if query else "")


def checked_hook(option: str, url: str | None) -> None:
    """See whether an address can be called that is told how a run has ended; it is a secret, and never shown.

    Raises:
        ConfigurationError: it is no URL, carries a password, or would be called in plain text.
    """
    try:
        parts = urlsplit(url or "https://none")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f"option {option} is not an https address")
    if parts.username or parts.password:
        raise ConfigurationError(f"option {option} carries a user or a password; give an address without")
    if parts.scheme == "http" and not is_loopback(url or ""):
        raise ConfigurationError(f"option {option} must be https (http is for loopback only)")
