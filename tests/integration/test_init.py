"""A folder is set up by `elt init`: in a terminal, or by options; nothing stays of what does not work."""

import io
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import termios
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.atribu import DEFAULT_KEY, FULL_KEY, create_app, running
from sandbox.atribu import Settings as SandboxSettings
from tests.integration.conftest import Elt, Result
from tests.own_settings import own_settings, reload_settings

PROGRAM = "import sys; from pipelines.cli import main; main(sys.argv[1:])"
QUICK = ("--set", "rate_limit=1000", "--set", "rate_period=1")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(create_app(SandboxSettings(limit=1000, period=1.0))) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with own_settings(tmp_path) as settings:
        settings.rmdir()
        yield settings


Init = Callable[..., Result]


@pytest.fixture
def init(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> Init:
    """Run `elt init` where nobody can be asked."""

    def run(*arguments: str, key: str = "") -> Result:
        monkeypatch.setattr("sys.stdin", io.StringIO(key))
        return elt("init", *arguments)

    return run


@pytest.mark.slow
def test_options_set_a_folder_up_and_comments_stay(folder: Path, address: str, elt: Elt, init: Init) -> None:
    given = ("atribu", "--timezone", "Europe/Madrid", "--set", f"base_url={address}", "--key-from-stdin", *QUICK)
    folder.mkdir()
    (folder / "config.toml").write_text('# ours\n[sources.atribu]\ngrain = "week"  # for the board\n\n[elt]\n# none\n')
    (folder / "config.toml").chmod(0o644)
    reload_settings()

    made = init(*given, "--set", "models=last_touch,linear", key=f"{FULL_KEY}\n")

    assert made.code == 0, made.out + made.err
    text = (folder / "config.toml").read_text()
    assert "# ours" in text
    assert 'grain = "week"  # for the board' in text
    assert tomllib.loads(text)["sources"]["atribu"] == {
        "grain": "week",
        "timezone": "Europe/Madrid",
        "base_url": address,
        "models": ["last_touch", "linear"],
        "rate_limit": 1000,
        "rate_period": 1.0,
    }
    assert tomllib.loads((folder / "secrets.toml").read_text()) == {"sources": {"atribu": {"api_key": FULL_KEY}}}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {".dlt": 0o700, "config.toml": 0o600, "secrets.toml": 0o600}
    assert FULL_KEY not in made.out + made.err
    price = re.search(r"the next sync: (?:at least )?(\d+) units for ", made.out)
    assert price
    assert json.loads(elt("plan", "atribu", "--json").out)["total"]["units"] == int(price[1])
    line = next(one for one in made.out.splitlines() if one.startswith("for cron: 15 6 * * * cd "))
    assert "sync atribu 2>>elt.log >/dev/null; code=$?; case $code in 0|3|75) ;;" in line

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = init("atribu", "--timezone", "UTC")
    wrong = init("atribu", "--timezone", "UTC", "--key-from-stdin", "--replace", key="atb_live_unknown\n")
    nobody = init("atribu", "--set", "api_key=atb_live_x")
    misspelt = init("atribu", "--set", "timezoe=UTC")

    assert (other.code, wrong.code, nobody.code, misspelt.code) == (78, 77, 78, 78)
    assert "timezone of [sources.atribu] in" in other.err
    assert "--replace" in other.err
    assert "did you mean 'timezone'" in misspelt.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_nothing_is_left_where_the_key_is_refused_and_a_key_of_the_environment_stays_there(
    folder: Path, address: str, init: Init, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("atribu", "--timezone", "UTC", "--set", f"base_url={address}", "--profile", "acme", *QUICK)
    variable = "SOURCES__ATRIBU__PROFILES__ACME__API_KEY"

    monkeypatch.setenv(variable, "atb_live_unknown")
    refused = init(*given)
    assert (refused.code, folder.exists()) == (77, False), refused.err
    monkeypatch.setenv(variable, DEFAULT_KEY)
    made = init(*given)

    assert made.code == 0, made.out + made.err
    assert f"the key stays in {variable}" in made.out
    assert not (folder / "secrets.toml").exists()
    acme = tomllib.loads((folder / "config.toml").read_text())["sources"]["atribu"]["profiles"]["acme"]
    assert acme["timezone"] == "UTC"
    assert "load it with: elt sync atribu --profile acme" in made.out
    assert "cron does not know what is set here: " in made.err
    assert variable in made.err


@pytest.mark.slow
def test_a_person_is_asked_in_a_terminal_and_the_key_is_not_shown(folder: Path, address: str) -> None:
    answers = {
        "Source: ": "atribu",
        "API key (not shown): ": FULL_KEY,
        "Option timezone": "Europe/Madrid",
        "Destination, a name in destinations.toml [local]: ": "",
        "under pii_policy? [y/N]: ": "y",
    }
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PYTHONPATH": str(Path(__file__).parents[2])}
    shown, asked, echoed = "", list(answers), list[bool]()
    with subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", PROGRAM, "init", "--set", f"base_url={address}", *QUICK],
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as process:
        while process.poll() is None or select.select([master], [], [], 0)[0]:
            if not select.select([master], [], [], 0.05)[0]:
                continue
            shown += os.read(master, 65_536).decode()
            if asked and asked[0] in shown and shown.rstrip(" ").endswith(":"):
                echoed.append(bool(termios.tcgetattr(slave)[3] & termios.ECHO))
                os.write(master, f"{answers[asked.pop(0)]}\n".encode())
    os.close(master)
    os.close(slave)

    assert process.returncode == 0, shown
    assert echoed == [True, False, True, True, True]
    assert FULL_KEY not in shown
    assert tomllib.loads((folder / "secrets.toml").read_text())["sources"]["atribu"]["api_key"] == FULL_KEY
    config = tomllib.loads((folder / "config.toml").read_text())["sources"]["atribu"]
    assert (config["timezone"], config["include_pii"]) == ("Europe/Madrid", True)
    assert "customers:read" in shown
