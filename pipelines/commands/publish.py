"""What commands do that have loaded something: give readers of a DuckDB file a copy of their own (`publish_to`)."""

from collections.abc import Sequence
from typing import Any

from pipelines.destinations.duckdb_file import DuckDbFile
from pipelines.destinations.errors import destination_errors
from pipelines.destinations.named import factory_of
from pipelines.destinations.published_file import publish
from pipelines.destinations.waiting import DestinationBusyError
from pipelines.running.profiles import Done
from sources.rest.errors import ConfigurationError


def publish_loaded(done: Sequence[Done[Any]], destination: str = "") -> bool:
    """Publish what is loaded, if the destination is told to, and no signal has ended the command.

    Args:
        done: what the command has come to.
        destination: that it has loaded into, unless it is the one that was asked for.

    Returns:
        Whether readers have what is loaded, or nobody has asked for that.

    Raises:
        ConfigurationError: something has to be changed before it can be published.
        DestinationBusyError: it may work later.
    """
    config = next((one.config for one in done if one.config and one.error is None), None)
    if config is None or any(one.stopped_by is not None for one in done):
        return True
    target = config.target_at(destination or config.request.destination)
    factory = factory_of(target)
    if not isinstance(factory, DuckDbFile) or factory.published is None:
        return True
    factory.wait = target.wait
    try:
        with destination_errors(target.destination):
            return publish(factory, factory.published)
    except (ConfigurationError, DestinationBusyError) as error:
        raise type(error)(f"what is loaded stays, but {factory.published} is not published: {error}") from error
