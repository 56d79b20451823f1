"""Bad input gets one line that says what to do, its exit code, and loses nothing."""

import re
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.atribu import DEFAULT_SCOPES, FULL_KEY, Fault
from tests.integration.conftest import Elt, Result, Serve, rows_of

SYNC = ("sync", "atribu", "--today", "2026-03-31", "--since", "2026-03-25")
KEY = "atb_live_secret_of_the_test"


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete configuration that leads nowhere."""
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")


def one_line(result: Result) -> str:
    """The only line of an error, which holds neither a traceback nor the key."""
    lines = result.said
    assert "Traceback" not in result.err
    assert KEY not in result.err + result.out
    assert len(lines) == 1, result.err
    return lines[0]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("options", "arguments", "says"),
    [
        pytest.param({"API_KEY": ""}, SYNC, "no api_key is configured", id="no key"),
        pytest.param({"API_KEY": "sk_live_1"}, SYNC, "atb_live_...", id="key of another form"),
        pytest.param({"MODLES": "linear"}, SYNC, "did you mean 'models'", id="unknown option"),
        pytest.param({"MODELS": "last_tuch"}, SYNC, "did you mean 'last_touch'", id="unknown model"),
        pytest.param({"GRAIN": "hour"}, SYNC, "day, week or month", id="unknown grain"),
        pytest.param({"RATE_LIMIT": "sixty"}, SYNC, "a whole number", id="limit is no number"),
        pytest.param({"RATE_LIMIT": "0"}, SYNC, "above 0", id="limit of nothing"),
        pytest.param(
            {"RATE_LIMIT": "2"}, (*SYNC, "--include-pii"), "set it to at least 3", id="limit below the dearest call"
        ),
        pytest.param({"MAX_ANSWER_MB": "0"}, SYNC, "above 0", id="answers of nothing"),
        pytest.param({"START_DATE": "2026-02-30"}, SYNC[:2], "YYYY-MM-DD", id="start is no day"),
        pytest.param({"TIMEZONE": "Mars/Base"}, SYNC, "no time zone", id="unknown time zone"),
        pytest.param({}, (*SYNC, "--dataset", " "), "letters or digits", id="dataset without a name"),
        pytest.param({}, (*SYNC, "--resources", "chanels"), "did you mean 'channels'", id="unknown resource"),
        pytest.param({}, (*SYNC, "--resources", "customers"), "personal data", id="personal resource"),
        pytest.param({}, (*SYNC, "--resources", "ads_compare"), "compare_ads", id="resource without its option"),
        pytest.param({}, (*SYNC, "--until", "2026-03-01"), "lies after the last", id="since after until"),
        pytest.param({}, (*SYNC[:4], "--since", "2027-01-01"), "lies after today", id="start in the future"),
        pytest.param({"START_DATE": "2031-01-01"}, SYNC[:4], "lies after today", id="configured start in the future"),
        pytest.param({}, (*SYNC[:4], "--since", "yesterday"), "YYYY-MM-DD", id="since is no day"),
        pytest.param({"BASE_URL": "http://api.example.com/v1"}, SYNC, "plain text", id="plain http"),
        pytest.param({"BASE_URL": "api.example.com"}, SYNC, "not an http(s) address", id="no scheme"),
        pytest.param({}, (*SYNC, "--destination", "warehose"), "did you mean 'warehouse'", id="unknown destination"),
    ],
)
def test_what_cannot_work_exits_with_78_and_says_what_to_change(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", value)

    result = elt(*arguments)

    assert result.code == 78
    assert says in one_line(result)


@pytest.mark.duckdb_file("where it lies")
@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("target", ["/dev/null/x.duckdb", "missing/x.duckdb", "a_file/x.duckdb"])
def test_a_folder_that_cannot_be_written_exits_with_78(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str
) -> None:
    (tmp_path / "a_file").touch()
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", target)

    result = elt(*SYNC)

    assert result.code == 78
    assert "cannot be written" in one_line(result)


@pytest.mark.duckdb_file("a file that is none")
@pytest.mark.usefixtures("configured")
def test_a_destination_that_is_no_database_exits_with_78(elt: Elt, tmp_path: Path) -> None:
    (tmp_path / "local.duckdb").write_text("this is not a database, it is a letter to nobody at all" * 100)

    result = elt(*SYNC)

    assert result.code == 78
    assert "DuckDB" in one_line(result)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_refused_key_exits_with_77_and_names_the_request(serve: Serve, elt: Elt, kind: Any) -> None:
    serve().faults.append(Fault("*", kind, times=None))

    result = elt(*SYNC, "--resources", "timeseries")

    assert result.code == 77
    assert re.search(r"timeseries.*40[13].*request req_\w+", result.err)


@pytest.mark.untraced
def test_a_missing_scope_exits_with_77_and_the_rest_is_loaded(serve: Serve, elt: Elt) -> None:
    sandbox = serve()
    sandbox.settings.keys[FULL_KEY] = DEFAULT_SCOPES - {"campaigns:read"}

    result = elt(*SYNC)

    assert result.code == 77
    assert "campaigns" in result.err
    assert "insufficient_scope" in result.err
    assert len(rows_of("overview")) == 7


@pytest.mark.slow
@pytest.mark.usefixtures("configured")
def test_a_server_that_is_not_there_exits_with_75(elt: Elt) -> None:
    result = elt(*SYNC, "--resources", "timeseries")

    assert result.code == 75
    assert "timeseries" in result.err
    assert "Traceback" not in result.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [("timeseries",), pytest.param(("customers", "--include-pii"), marks=pytest.mark.sweep)]
)
def test_a_host_that_nobody_knows_is_misspelt_until_something_was_loaded_from_it(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    serve(today=date(2026, 3, 31))
    command = (*SYNC, "--resources", *asked)
    with monkeypatch.context() as misspelt:
        misspelt.setenv("SOURCES__ATRIBU__BASE_URL", "https://no-such-host.invalid/api/v1")
        misspelt.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
        first = elt(*command)
        assert elt(*command).code == 78
    assert elt(*command).code == 0
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "https://no-such-host.invalid/api/v1")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")

    later = elt(*command)

    assert (first.code, later.code) == (78, 75)
    for result in (first, later):
        assert "the host name is not known; check base_url and how it is spelt" in result.err


@pytest.mark.usefixtures("configured")
def test_check_calls_a_host_that_nobody_knows_a_matter_of_the_configuration(
    elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "https://no-such-host.invalid/api/v1")

    result = elt("check", "atribu", "--no-write")

    assert result.code == 78
    assert "the host name is not known; check base_url and how it is spelt" in one_line(result)


@pytest.mark.slow
@pytest.mark.usefixtures("configured")
def test_a_server_that_never_answers_exits_with_75(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/api/v1")
        monkeypatch.setenv("SOURCES__ATRIBU__REQUEST_TIMEOUT", "0.2")

        result = elt(*SYNC, "--resources", "timeseries")

    assert result.code == 75
    assert "no whole answer within 0.2 s" in result.err


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize("kind", ["500", pytest.param("503", marks=pytest.mark.sweep)])
def test_windows_that_the_server_fails_at_exit_with_4_and_the_rest_is_loaded(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    serve().faults.append(Fault("pages", kind, times=None))

    result = elt(*SYNC, "--resources", "pages,overview,goals")

    assert result.code == 4
    assert re.search(rf"pages 2026-03-\d\d: .*{kind}.*request req_\w+", result.err)
    assert len(rows_of("overview")) == 7


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(
    "kind",
    ["html", *(pytest.param(kind, marks=pytest.mark.sweep) for kind in ("truncated", "wrong_type", "missing_data"))],
)
def test_an_odd_body_costs_only_its_window_and_the_next_run_heals_it(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")
    sandbox = serve()
    sandbox.faults.append(Fault("quality", kind, times=1, match=lambda query: query["date_from"] == "2026-03-28"))
    arguments = (*SYNC, "--resources", "quality,channels,goals")

    result = elt(*arguments)

    assert result.code == 4
    assert re.search(r"quality 2026-03-28: .*request req_\w+", result.err)
    loaded = {row["date"] for row in rows_of("quality")}
    assert loaded == {date(2026, 3, day) for day in (25, 26, 27, 29, 30, 31)}

    assert len({row["date"] for row in rows_of("channels")}) == 7

    assert elt(*arguments).code == 0
    assert date(2026, 3, 28) in {row["date"] for row in rows_of("quality")}


@pytest.mark.slow
@pytest.mark.untraced
def test_an_unknown_field_becomes_a_column_and_is_reported_once(serve: Serve, elt: Elt) -> None:
    sandbox = serve()
    sandbox.faults.append(Fault("quality", "unknown_field", times=None))

    arguments = (*SYNC, "--resources", "quality,goals")
    first, second = elt(*arguments), elt(*arguments)

    assert (first.code, second.code) == (0, 0)
    name = re.search(r"quality: the API sends the unknown field (\w+)", first.err)
    assert name is not None
    assert all(row[name[1]] is not None for row in rows_of("quality"))
    assert "unknown field" not in second.err


@pytest.mark.slow
def test_a_redirect_is_not_followed_and_exits_with_78(serve: Serve, elt: Elt) -> None:
    serve().faults.append(Fault("*", "redirect", times=None, location="https://elsewhere.example/api"))

    result = elt(*SYNC, "--resources", "timeseries")

    assert result.code == 78
    assert "elsewhere.example" in result.err


@pytest.mark.duckdb_file("a process that holds it")
def test_a_database_that_another_process_holds_exits_with_75_and_names_it(
    serve: Serve, elt: Elt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__WAIT_FOR_DESTINATION", "1")
    serve()
    hold = "import duckdb, sys; c = duckdb.connect('local.duckdb'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        result = elt(*SYNC)

        holder.communicate("")
    assert result.code == 75
    assert f"PID {holder.pid}" in one_line(result)


def test_debug_shows_the_traceback(elt: Elt) -> None:
    with pytest.raises(Exception, match="no api_key"):
        elt(*SYNC, "--debug")
