"""Whatever goes wrong on this machine ends in one line without secrets, and in the right exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.telling.boundary import shown
from sandbox.atribu import FULL_KEY
from tests.integration.conftest import Elt, Result

ROOT = Path(__file__).parents[2]
NOWHERE = {"SOURCES__ATRIBU__API_KEY": FULL_KEY, "SOURCES__ATRIBU__BASE_URL": "http://127.0.0.1:1/api/v1"}
PLAN = "plan atribu --json"
"""Prints more than a pipe or a buffer takes at once."""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and an API that nobody asks."""
    for name, value in {**NOWHERE, "SOURCES__ATRIBU__MAX_TRIES": "1"}.items():
        monkeypatch.setenv(name, value)


def shell(line: str, folder: Path) -> Result:
    """Run a line of shell in which `$ELT` is the command, in processes of its own."""
    environment = {"ELT": f"{sys.executable} -m pipelines.cli", "PYTHONPATH": str(ROOT), **NOWHERE}
    done = subprocess.run(  # noqa: S603 - our own lines
        ["/bin/bash", "-c", line], cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        pytest.param(f"$ELT {PLAN} | true; exit ${{PIPESTATUS[0]}}", 1, "", id="reader-has-gone"),
        pytest.param(f"$ELT {PLAN} >/dev/full", 75, "No space left on device; make room", id="full-disk"),
        pytest.param(
            "$ELT --help >/dev/full", 75, "No space left on device", id="full-disk-help", marks=pytest.mark.sweep
        ),
        pytest.param(f"$ELT {PLAN} >&- 2>&-", 0, "", id="closed", marks=pytest.mark.sweep),
        pytest.param(
            "$ELT sync atribu --since x 2>/dev/full", 78, "", id="full-disk-for-errors", marks=pytest.mark.sweep
        ),
        pytest.param(
            "mkdir gone && cd gone && rmdir ../gone && $ELT status atribu",
            78,
            "the folder that",
            id="no-folder",
        ),
    ],
)
def test_output_and_folders_that_fail_are_told_in_one_line(tmp_path: Path, line: str, code: int, says: str) -> None:
    result = shell(line, tmp_path)

    assert result.code == code, result.err
    assert "Traceback" not in result.err
    assert says in result.err
    assert len(result.said) == (1 if says else 0)
    assert "destination" not in result.err


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    ("options", "arguments", "says"),
    [
        pytest.param({}, ("--since", "0001-01-01"), "from 1970-01-01 to 2199-12-31", id="since"),
        pytest.param({}, ("--today", "9999-12-31"), "from 1970-01-01 to 2199-12-31", id="today"),
        pytest.param({"START_DATE": "0001-01-01"}, (), "from 1970-01-01 to 2199-12-31", id="start"),
        pytest.param({"HORIZON_DAYS": "9999999"}, (), "horizon_days cannot be above 3660", id="horizon"),
        pytest.param({"REQUEST_TIMEOUT": "1e30"}, (), "request_timeout cannot be above", id="timeout"),
        pytest.param({"MAX_IN_FLIGHT": "9" * 20}, (), "max_in_flight cannot be above", id="threads"),
        pytest.param({"RATE_LIMIT": "9" * 400}, (), "rate_limit cannot be above", id="limit"),
        pytest.param({"RATE_LIMIT": "9" * 5000}, (), "must be a whole number, not '999", id="digits"),
        pytest.param({"WAIT_FOR_DESTINATION": "nan"}, (), "cannot be below 0", id="no-number"),
    ],
)
def test_days_and_numbers_that_nobody_can_mean_are_refused(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"SOURCES__ATRIBU__{name}", value)

    result = elt("plan", "atribu", *arguments)

    assert result.code == 78
    assert says in result.err
    assert len(result.err) < 600


@pytest.mark.database("addresses of databases")
@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("name", ["local", "warehouse"])
@pytest.mark.parametrize("scheme", ["postgresql+psycopg2", "redshift", "mysql"])
def test_an_address_of_another_database_is_refused_without_its_password(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    monkeypatch.setenv(f"DESTINATION__{name.upper()}__CREDENTIALS", f"{scheme}://loader:ge heim@h/db")

    result = elt("status", "atribu", "--destination", name)

    assert result.code == 78
    assert f"its credentials begin with {scheme}://; give an address that begins with" in result.err
    assert "heim" not in result.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("no postgres://u:ge:h/e i@m@h/db here", "no postgres://<credentials>@h/db here", id="address"),
        pytest.param("folder mysql:/u:geheim@h", "folder mysql:/<credentials>@h", id="address-as-a-path"),
        pytest.param("at mysql://u:ge h\neim@h", "at mysql://<credentials>@h", id="address-with-blanks"),
        pytest.param("give type://user:<password>@host:1/db", "give type://user:<password>@host:1/db", id="example"),
        pytest.param("for ada@example.com, b%40c.org", "for <e-mail>, <e-mail>", id="people"),
        pytest.param("\x1b[31mred\x00\r\n\u202eder", "red der", id="control-characters"),
        pytest.param("not 'atb_live_abc'", "not '<key>'", id="key"),
        pytest.param("atb_live_..., the key", "atb_live_..., the key", id="form-of-a-key"),
        pytest.param("told hunter2 twice: hunter2", "told <secret> twice: <secret>", id="secret-of-the-environment"),
    ],
)
def test_a_message_is_shown_without_secrets(monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    monkeypatch.setenv("DESTINATION__THERE__CREDENTIALS__PASSWORD", "hunter2")
    monkeypatch.setenv("DESTINATION__FILE__CREDENTIALS", "/told/here.duckdb")

    assert shown(text) == expected


@pytest.mark.slow
@pytest.mark.untraced
@pytest.mark.parametrize(("argument", "code"), [("--version", 0), ("no-such-command", 2)])
def test_a_process_of_its_own_does_at_its_end_what_others_do(tmp_path: Path, argument: str, code: int) -> None:
    at_its_end = "import atexit, threading; atexit.register(print, 'at its end')"
    thread = "threading.Timer(0.5, print, ['a thread']).start()"
    program = f"{at_its_end}; {thread}; from pipelines.cli import console; console()"

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, argument],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert done.stdout.splitlines()[-2:] == ["a thread", "at its end"]
