"""Isolation: no test sees the machine's own configuration, and none leaves anything behind."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

# dlt looks these up once, when it is first imported
_home = tempfile.TemporaryDirectory(prefix="elt-tests-")
os.environ["DLT_DATA_DIR"] = _home.name
os.environ["XDG_RUNTIME_DIR"] = _home.name  # where the PostgreSQL package keeps its locks
for _name in [name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))]:
    del os.environ[_name]

import pytest  # noqa: E402 - after the environment is set
from hypothesis import settings  # noqa: E402 - see above

# how long an example takes says more of the machine than of the code
settings.register_profile("elt", deadline=None)
settings.load_profile("elt")


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


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
