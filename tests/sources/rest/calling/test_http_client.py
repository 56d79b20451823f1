"""What the machine is set up for is used as far as the key stays at home."""

from pathlib import Path

import pytest

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.http_client import HttpClient
from tests.scripted import KEY, Say, playing, session_for

PROXY = "http://proxy.invalid:3128"


def proxies_for(url: str) -> object:
    return HttpClient(url, timeout=1.0, connections=1, max_bytes=1)._proxies  # noqa: SLF001 - which is what the adapter gets


@pytest.fixture(params=["HTTPS_PROXY", "ALL_PROXY"])
def _proxied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv(request.param, PROXY)
    monkeypatch.setenv("HTTP_PROXY", PROXY)


@pytest.mark.usefixtures("_proxied")
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/v1",
        "https://127.0.0.1/v1",
        "https://127.8.8.8/v1",
        "https://[::1]/v1",
        "https://localhost/v1",
    ],
)
def test_this_machine_is_never_asked_through_a_proxy(url: str) -> None:
    assert proxies_for(url) == {}


@pytest.mark.usefixtures("_proxied")
def test_another_machine_is_asked_through_the_proxy_that_the_environment_names() -> None:
    found = proxies_for("https://host.invalid/v1")
    assert isinstance(found, dict)
    assert PROXY in (found.get("https"), found.get("all"))


@pytest.mark.usefixtures("_proxied")
def test_an_answer_of_this_machine_comes_although_a_proxy_is_set() -> None:
    with playing(Say(data=[1])) as script, session_for(script.url) as session:
        assert session.get(ENDPOINTS["goals"], {}).body["data"] == [1]
    assert script.heard[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_certificates_that_the_environment_names_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "own.pem"))
    client = HttpClient("https://host.invalid", timeout=1.0, connections=1, max_bytes=1)
    assert client._verify == str(tmp_path / "own.pem")  # noqa: SLF001 - as above
