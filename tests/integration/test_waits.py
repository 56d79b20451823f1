"""A run ends when it shall, whatever the server makes it wait for."""

import re
import time

import pytest

from pipelines.telling import progress
from sandbox.atribu import FULL_KEY, Fault, Size
from tests.integration.conftest import Elt, Serve

pytestmark = pytest.mark.untraced

SYNC = ("sync", "atribu", "--today", "2026-03-31", "--since", "2026-03-30")
PERSONAL = (*SYNC, "--resources", "customers,visitors", "--include-pii")


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        pytest.param("goals", PERSONAL, id="goals"),
        pytest.param("visitors", PERSONAL, id="scope-question"),
        pytest.param("channels", (*SYNC, "--resources", "channels,pages"), id="data"),
    ],
)
def test_an_hour_that_the_server_asks_for_ends_the_run_with_a_sentence(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, path: str, arguments: tuple[str, ...]
) -> None:
    sandbox = serve()
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    sandbox.faults.append(Fault(path, "429", times=None, retry_after=3600))
    began = time.monotonic()
    result = elt(*arguments)
    assert result.code == 75
    assert " ERROR " in result.err
    assert f"{path}: the rate limit of the key is used up (429" in result.err
    assert "it asks to wait 3600 s" in result.err
    assert [entry.path for entry in sandbox.log].count(path) == 1
    assert time.monotonic() - began < 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        pytest.param(
            Fault("channels", "429", times=1, retry_after=3), "because the server has asked to,", id="asked-to"
        ),
        pytest.param(Fault("channels", "slow", times=1, seconds=5), "for an answer of channels", id="slow-answer"),
    ],
)
def test_a_log_says_what_a_run_waits_for_and_until_when(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, fault: Fault, says: str
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 1.0)
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.1)
    serve().faults.append(fault)
    result = elt(*SYNC, "--resources", "channels")
    assert result.code == 0, result.err
    line = rf" INFO    atribu - local 0 of 2 units, about .* left; waits {says} until \d\d:\d\d:\d\d"
    assert re.search(line, result.err), result.err


@pytest.mark.slow
def test_a_first_load_of_people_never_looks_like_its_end_before_it_is_known_whose_journeys_are_due(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.01)
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    serve(size=Size(visits_per_day=20, conversions_per_day=4))
    result = elt(*SYNC, "--resources", "channels,customers,journeys", "--include-pii")
    assert result.code == 0, result.err
    ends = [int(units) for units in re.findall(r" (\d+) of \1 units, about", result.err)]
    assert re.search(r" (\d+) of at least \1 units \(those of journeys are not known yet\)", result.err), result.err
    assert len({*ends}) == 1, "it is told only once that nothing is left"


def test_max_minutes_end_a_run_whose_call_does_not_end(serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_MINUTES", "0.02")
    serve().faults.append(Fault("channels", "slow", times=None, seconds=20))
    began = time.monotonic()
    result = elt(*SYNC, "--resources", "channels")
    assert result.code == 3, result.err
    assert "stopped at the allowance" in result.err
    assert time.monotonic() - began < 10


def test_a_cache_that_cannot_be_written_is_one_line_and_no_error(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    serve()
    result = elt(*SYNC, "--resources", "channels")
    assert result.code == 0
    says = "the rate limit is not shared with other processes of this machine that use the key: Not a directory"
    (line,) = [line for line in result.err.splitlines() if "rate limit" in line]
    assert line.endswith(f" WARNING atribu - local {says}")
