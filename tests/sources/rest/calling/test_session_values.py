"""What a session makes of the address it is given and of the waits that a server names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.rest.calling.address import checked_base_url
from sources.rest.calling.answer import retry_after
from sources.rest.errors import (
    ConfigurationError,
)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        pytest.param("https://www.atribu.app/api/v1", "https://www.atribu.app/api/v1", id="as-documented"),
        pytest.param("https://www.atribu.app/api/v1//", "https://www.atribu.app/api/v1", id="trailing-slashes"),
        pytest.param("HTTPS://host:8443", "HTTPS://host:8443", id="another-port"),
        pytest.param("http://127.0.0.1:8000/api/v1", "http://127.0.0.1:8000/api/v1", id="loopback"),
        pytest.param("http://localhost:8000", "http://localhost:8000", id="loopback-by-name"),
        pytest.param("http://[::1]:8000", "http://[::1]:8000", id="loopback-of-ipv6"),
    ],
)
def test_a_base_url_that_keeps_the_key_safe_is_taken(base_url: str, expected: str) -> None:
    assert checked_base_url(base_url) == expected


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        pytest.param("", "is not an http", id="empty"),
        pytest.param("www.atribu.app/api/v1", "is not an http", id="no-scheme"),
        pytest.param("ftp://host/", "is not an http", id="another-scheme"),
        pytest.param("https:///api", "is not an http", id="no-host"),
        pytest.param("https://[broken/api", "is not an http", id="half-an-ipv6-address"),
        pytest.param("http://www.atribu.app/api/v1", "sends the key to www.atribu.app in plain text", id="plain-text"),
        pytest.param("http://127.0.0.1.example.com", "in plain text", id="host-that-only-looks-like-loopback"),
        pytest.param("http://localhost@example.com/", "carries credentials", id="host-that-looks-like-a-user"),
        pytest.param("https://me:secret@host/", "carries credentials, a query or a fragment", id="credentials"),
        pytest.param("https://host/?key=secret", "carries credentials, a query or a fragment", id="query"),
        pytest.param("https://host/#secret", "carries credentials, a query or a fragment", id="fragment"),
    ],
)
def test_a_base_url_that_endangers_the_key_is_refused(base_url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^base_url .*{message}") as caught:
        checked_base_url(base_url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param("30", 30.0, id="seconds"),
        pytest.param("0.5", 0.5, id="half-a-second"),
        pytest.param("0", None, id="zero"),
        pytest.param("-1", None, id="negative"),
        pytest.param("inf", None, id="for-ever"),
        pytest.param("nan", None, id="not-a-number"),
        pytest.param("soon", None, id="garbage"),
        pytest.param("", None, id="empty"),
        pytest.param("Thu, 01 Jan 1970 00:17:20 GMT", 40.0, id="date"),
        pytest.param("Thu, 01 Jan 1970 02:17:20 +0200", 40.0, id="date-with-offset"),
        pytest.param("Thu, 01 Jan 1970 00:16:40 GMT", None, id="now"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", None, id="past"),
        pytest.param("Thu, 99 Jan 1970 00:00:00 GMT", None, id="no-such-date"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 +" + "9" * 20, None, id="no-such-offset"),
        pytest.param("1e308", 31_622_400.0, id="longer-than-a-year"),
    ],
)
def test_retry_after_is_read_in_both_ways_of_writing_it(value: str | None, expected: float | None) -> None:
    assert retry_after(value, now=lambda: 1000.0) == expected


@pytest.mark.slow
@settings(max_examples=50)
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} Jan [0-9]{1,6} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{1,6}"))
def test_no_retry_after_whatever_it_holds_is_more_than_a_wait_or_none(value: str) -> None:
    wait = retry_after(value, now=lambda: 1000.0)
    assert wait is None or wait > 0
