"""Isolation: no test sees the machine's own configuration, and none leaves anything behind."""

import os
import tempfile
from pathlib import Path

# dlt looks these up once, when it is first imported
_home = tempfile.TemporaryDirectory(prefix="elt-tests-")
os.environ["DLT_DATA_DIR"] = _home.name
os.environ["XDG_RUNTIME_DIR"] = _home.name  # where the PostgreSQL package keeps its locks
for _name in [name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))]:
    del os.environ[_name]

import pytest  # noqa: E402 - after the environment is set
from hypothesis import settings  # noqa: E402 - as above

settings.register_profile("patient", deadline=None)  # a slow machine is no failure
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
