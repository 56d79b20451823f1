"""What is built holds our modules and what they read, and works in an empty environment, beside folders of a user."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.sweep

ROOT = Path(__file__).parents[2]
OURS = ("pipelines", "sandbox", "sources")
READ = "pipelines/destinations/destinations.toml"
PAGE = ("pipelines/telling/page.html", "pipelines/telling/page.js")
MODELS = ("models/dbt_project.yml", "models/macros/", "models/staging/", "models/marts/")
FEW = ("--sandbox", "--today", "2026-03-31", "--since", "2026-03-25", "--resources", "channels,goals")


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a folder, with nothing of this project on its path; return what it prints."""
    private = {"HOME": str(folder), "DLT_DATA_DIR": str(folder / "dlt")}
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | private
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
    assert done.returncode == 0, done.stderr
    return done.stdout


def wheel_of(source: Path, target: Path) -> Path:
    """Build a wheel from a folder."""
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", target)
    run(sys.executable, "-m", "pip", *build, source, folder=source)
    (wheel,) = target.glob("*.whl")
    return wheel


def names_in(wheel: Path) -> set[str]:
    """Files of a wheel, those about itself left out."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Files that belong to the project."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return [name for name in listed.stdout.splitlines() if (ROOT / name).exists()]


@pytest.fixture(scope="module")
def source(tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the project, for building leaves files behind."""
    copy = tmp_path_factory.mktemp("source")
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    return copy


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return wheel_of(source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    commands = folder / "venv" / "bin"
    install = (commands / "python", "-m", "pip", "install", "--quiet")
    run(*install, "--no-deps", "--require-hashes", "--requirement", ROOT / "requirements.lock", folder=folder)
    run(*install, "--no-deps", wheel, folder=folder)
    run(commands / "python", "-m", "pip", "check", folder=folder)
    return commands


def test_a_wheel_holds_our_modules_and_what_they_read_and_nothing_else(wheel: Path, tracked: list[str]) -> None:
    modules = {name for name in tracked if name.startswith(OURS) and name.endswith(".py")}
    models = {f"pipelines/{name}" for name in tracked if name.startswith(MODELS)}
    assert names_in(wheel) == {*modules, READ, *PAGE, *models}


def test_a_wheel_made_from_the_source_archive_is_the_same(source: Path, wheel: Path, tmp_path: Path) -> None:
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    run(sys.executable, "-c", build, folder=source)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(tmp_path, filter="data")
    again = wheel_of(tmp_path / archive.name.removesuffix(".tar.gz"), tmp_path)
    assert names_in(again) == names_in(wheel)
    with zipfile.ZipFile(again) as content:
        assert content.read(READ) == (ROOT / "destinations.toml").read_bytes()


def test_the_command_loads_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    version = run(installed / "elt", "--version", folder=tmp_path)
    run(installed / "elt", "sync", "atribu", *FEW, folder=tmp_path)
    views = run(installed / "elt", "views", "atribu", "--destination", "sandbox", folder=tmp_path)

    assert "atribu_models.channel_daily" in views
    assert version.strip() == metadata.version("elt-connectors")
    with duckdb.connect(str(tmp_path / "sandbox.duckdb"), read_only=True) as connection:
        connection.execute("USE atribu")
        channels, loaded_days = connection.execute("SELECT count(*), count(DISTINCT date) FROM channels").fetchall()[0]
        goals = connection.execute("SELECT count(*) FROM goals").fetchall()[0][0]
    assert channels > loaded_days == 7
    assert goals > 0


def test_a_users_own_folders_stand_beside_ours(installed: Path, tmp_path: Path) -> None:
    for name in OURS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "theirs.py").touch()

    run(installed / "python", "-c", "import sources.theirs, sources.atribu", folder=tmp_path)
    run(installed / "python", "-m", "pipelines.atribu", *FEW, folder=tmp_path)

    assert (tmp_path / "sandbox.duckdb").exists()
