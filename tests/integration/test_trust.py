"""Nothing is read from, or kept, where others may write."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.atribu import FULL_KEY
from tests.integration.conftest import Elt, Serve

ROOT = Path(__file__).parents[2]
NOBODY = 65534
AS_ROOT = os.geteuid() == 0
NOT_ROOT = "import os; os.geteuid = lambda: 65534; from pipelines.cli import main; main()"
"""Runs a command as one who has no folder of the system's; what root has made may be trusted."""


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and an API that nobody asks."""
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "http://127.0.0.1:1/api/v1")


@pytest.mark.duckdb_file("names its destinations itself")
@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    "place", [".dlt/config.toml", ".dlt/secrets.toml", ".dlt", "destinations.toml", "data/pipelines"]
)
@pytest.mark.parametrize(
    "by", ["mode", pytest.param("owner", marks=pytest.mark.skipif(not AS_ROOT, reason="only root gives files away"))]
)
def test_what_others_can_change_is_refused_with_the_command_that_mends_it(
    elt: Elt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str, by: str
) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "data"))
    for folder in (tmp_path / ".dlt", tmp_path / "data/pipelines"):
        folder.mkdir(parents=True, mode=0o700)
    for file in (".dlt/config.toml", ".dlt/secrets.toml"):
        (tmp_path / file).write_text("")
    shutil.copy(ROOT / "destinations.toml", tmp_path)
    there = tmp_path / place
    if by == "mode":
        there.chmod(there.stat().st_mode | 0o002)
    else:
        os.chown(there, NOBODY, -1)

    result = elt("plan", "atribu")

    assert result.code == 78
    line = result.err.strip()
    command = line.split("run: ")[1]
    assert str(there) in command
    subprocess.run(command.split(), check=True)  # noqa: S603 - our own advice
    assert elt("plan", "atribu").code == 0


@pytest.mark.usefixtures("key")
def test_keys_that_everybody_can_read_are_told_with_the_command_that_mends_it(elt: Elt, tmp_path: Path) -> None:
    folder, file = tmp_path / ".dlt", tmp_path / ".dlt/secrets.toml"
    folder.mkdir()
    file.write_text("")
    folder.chmod(0o755)
    file.chmod(0o644)

    told = elt("plan", "atribu")
    folder.chmod(0o700)
    behind_a_door = elt("plan", "atribu")
    folder.chmod(0o755)
    subprocess.run(told.err.split("run: ")[1].split()[:3], check=True)  # noqa: S603 - our own advice

    assert f"everybody on this machine can read the keys in {file}; run: chmod 600 {file}" in told.err
    assert [(one.code, one.err) for one in (behind_a_door, elt("plan", "atribu"))] == [(0, "")] * 2


@pytest.fixture
def homeless() -> Iterator[Path]:
    """A folder with a shared temporary folder in it, where somebody else has left a configuration."""
    with tempfile.TemporaryDirectory(prefix="elt-homeless-") as name:
        folder = Path(name)
        for one in (folder, folder / "shared", folder / "shared/dlt"):
            one.mkdir(exist_ok=True)
            one.chmod(0o777)
        (folder / "shared/dlt/config.toml").write_text('[sources.atribu]\nplanted = "by somebody"\n')
        yield folder


@pytest.mark.slow
@pytest.mark.duckdb_file("names its destinations itself")
@pytest.mark.untraced
@pytest.mark.parametrize("data", ["", "own"], ids=["nowhere", "own-folder"])
def test_without_a_home_folder_nothing_is_read_from_a_temporary_one(homeless: Path, data: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DLT_", "XDG_"))}
    environment = {
        "HOME": "/nonexistent",
        "TMPDIR": str(homeless / "shared"),
        "PYTHONPATH": str(ROOT),
        "SOURCES__ATRIBU__API_KEY": FULL_KEY,
        **({"DLT_DATA_DIR": str(homeless / data)} if data else {}),
    }

    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", NOT_ROOT, "plan", "atribu"],
        cwd=homeless,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "planted" not in done.stderr
    if data:
        assert done.returncode == 0, done.stderr
        assert (homeless / data / "pipelines").stat().st_mode & 0o077 == 0
    else:
        assert done.returncode == 78, done.stderr
        assert "set HOME, or DLT_DATA_DIR, to a folder of yours" in done.stderr


def test_check_says_where_each_value_comes_from_and_no_secret(
    elt: Elt, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve()
    monkeypatch.setenv("DESTINATION__LOCAL__CREDENTIALS", str(tmp_path / "there.duckdb"))
    shutil.copy(ROOT / "destinations.toml", tmp_path)

    result = elt("check", "atribu", "--no-write")

    assert result.code == 0, result.err
    lines = {line[:15].strip(): line.split() for line in result.out.splitlines()[1:6]}
    assert lines["api_key"][1:] == ["(secret)", "environment", "SOURCES__ATRIBU__API_KEY"]
    assert lines["base_url"][2:] == ["environment", "SOURCES__ATRIBU__BASE_URL"]
    assert lines["destination"][1:] == ["local", str(tmp_path / "destinations.toml")]
    assert lines["credentials"][1:] == ["(secret)", "environment", "DESTINATION__LOCAL__CREDENTIALS"]
    assert lines["working folder"][-2:] == ["environment", "DLT_DATA_DIR"]
    assert FULL_KEY not in result.out + result.err


def test_check_says_where_values_come_from_also_if_nothing_works(elt: Elt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__ATRIBU__API_KEY", FULL_KEY)
    monkeypatch.setenv("SOURCES__ATRIBU__BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("SOURCES__ATRIBU__MAX_TRIES", "1")

    result = elt("check", "atribu", "--no-write")

    assert result.code == 75
    assert "the connection is refused; check base_url" in result.err
    assert "base_url http://127.0.0.1:1/api/v1 environment SOURCES__ATRIBU__BASE_URL" in " ".join(result.out.split())
