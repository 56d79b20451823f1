"""Isolation: no test sees the machine's own configuration, and none leaves anything behind.

Where tests lie: those of one module in the folder of its name (`sources/rest/calling/budget.py` is tested by
`tests/sources/rest/calling/test_budget*.py`), whole commands in `integration`, real processes that are killed,
stopped or kept waiting in `faults`, personal data end to end in `privacy`, documents and the package in `project`.
Rooms without tests of their own are tested by a layer: `pipelines/commands` and `telling` by `integration`,
`pipelines/destinations` by `faults`, `pipelines/people` by `privacy`. Modules are imported by their path from the
top, so two may share a name. What takes more than two seconds is marked `slow`, for `make slow`; of many like cases
that take long, all but one are marked `sweep`, for `make sweep`.
"""

import os
import pkgutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

# dlt looks these up once, when it is first imported
_home = tempfile.TemporaryDirectory(prefix="elt-tests-")
os.environ["DLT_DATA_DIR"] = _home.name
os.environ["XDG_RUNTIME_DIR"] = _home.name  # where the PostgreSQL package keeps its locks
for _name in [name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))]:
    del os.environ[_name]

import pytest  # noqa: E402 - after the environment is set
from hypothesis import settings  # noqa: E402 - see above

import pipelines  # noqa: E402 - see above
import sandbox  # noqa: E402 - see above
import sources  # noqa: E402 - see above
from tests import database  # noqa: E402 - see above

# how long an example takes says more of the machine than of the code
settings.register_profile("elt", deadline=None)
settings.load_profile("elt")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the suites of whole commands, faults and privacy run on another destination: `make postgres`."""
    choices = ["duckdb", "postgres", "delta", "iceberg"]
    parser.addoption("--warehouse", choices=choices, default="duckdb", help="what tests load")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about DuckDB files where something else stands for them, and what lakes have not."""
    chosen = config.getoption("--warehouse")
    left_out = {"duckdb_file": "about DuckDB files", "database": "not of a lake"}
    if chosen == "postgres":
        del left_out["database"]
    for item in items if chosen != "duckdb" else ():
        for marker in (one for one in item.iter_markers() if one.name in left_out):
            item.add_marker(pytest.mark.skip(reason=f"{left_out[marker.name]}: {marker.args[0]}"))


def pytest_collection_finish() -> None:
    """Import all that is measured while coverage looks: what an untraced test imports first counts as never run."""
    for package in (pipelines, sandbox, sources) if sys.gettrace() else ():
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name not in ("pipelines.airflow_dag", "pipelines.explore"):  # in environments of their own
                import_module(module.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let coverage look away while a test runs that is marked so; its own mark does nothing in a process of xdist."""
    if item.get_closest_marker("untraced") is None:
        return (yield)
    here, elsewhere = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(here)
        threading.settrace(elsewhere)


@pytest.fixture(scope="session", autouse=True)
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start what stands for DuckDB files, if something does."""
    with database.stood_for_by(request.config.getoption("--warehouse"), tmp_path_factory.mktemp("standing")):
        yield


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in database.settings_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield
    database.forget_below(tmp_path)
