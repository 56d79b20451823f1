"""What is said where readers of a DuckDB file get a copy of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.running.exit_codes import ExitCode
from pipelines.telling.boundary import said
from pipelines.telling.log import note

if TYPE_CHECKING:
    from pipelines.running.profiles import Done


def published(done: "Sequence[Done[Any]]", destination: str = "") -> ExitCode:
    """Publish what is loaded, see `publish_loaded`; say what prevents it, and return the exit code for that.

    What is loaded stays as it is, and so does what was published before.
    """
    from pipelines.commands.publish import publish_loaded  # noqa: PLC0415 - see `pipelines.cli`

    try:
        if not publish_loaded(done, destination):
            note("another run is at work in the file, which publishes both when it has ended")
    except Exception as error:  # noqa: BLE001 - the run has ended as it has, and that is still to be told
        return said(error)
    return ExitCode.DONE
