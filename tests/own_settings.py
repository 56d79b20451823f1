"""dlt's configuration files in a folder of the test's own, in place of the project's `.dlt`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext


@contextmanager
def own_settings(root: Path) -> Iterator[Path]:
    """Let dlt read its files from an empty folder; write into it, then call `reload_settings`."""
    folder = root / "project" / ".dlt"
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_PROJECT_DIR", str(folder.parent))
        patch.setenv("DLT_DATA_DIR", str(root / "data"))
        patch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        reload_settings()
        yield folder
    reload_settings()


def reload_settings() -> None:
    """Make dlt read its files again."""
    Container()[PluggableRunContext].reload_providers()
