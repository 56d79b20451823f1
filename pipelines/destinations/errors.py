"""What goes wrong with a destination, as one line of advice."""

from collections.abc import Iterator
from contextlib import contextmanager

from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.exceptions import DltException, MissingDependencyException

from pipelines.destinations.waiting import DestinationBusyError
from sources.rest.errors import ConfigurationError, sanitized


@contextmanager
def destination_errors(destination: str, *, personal: bool = False) -> Iterator[None]:
    """Turn what dlt and the driver raise about a destination into one line of advice.

    A driver quotes the row that it does not like: of personal data, only the kind of its error is told.
    """
    try:
        yield
    except MissingDependencyException as error:
        raise ConfigurationError(f"destination {destination!r} needs a driver: {sanitized(str(error))}") from error
    except ConfigurationException as error:
        missing = f" ({', '.join(error.fields)} missing)" if isinstance(error, ConfigFieldMissingException) else ""
        raise ConfigurationError(
            f"destination {destination!r} is not fully configured{missing}; set"
            f" DESTINATION__{destination.upper()}__CREDENTIALS or put credentials under [destination.{destination}] in"
            " .dlt/secrets.toml"
        ) from error
    except DltException as error:
        root = _root(error)
        if isinstance(root, DestinationBusyError):
            raise root from error
        if isinstance(root, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        text = " ".join(str(root).split())
        if "Cannot open" in text or "not a valid DuckDB" in text:
            raise ConfigurationError(f"destination {destination!r} cannot be opened: {text}") from error
        said = type(root).__name__ if personal else sanitized(text)
        raise DestinationBusyError(f"destination {destination!r} does not work: {said}; run again later") from error


def _root(error: BaseException) -> BaseException:
    while not isinstance(error, DestinationBusyError) and (error.__cause__ or error.__context__):
        error = error.__cause__ or error.__context__  # type: ignore[assignment] # one of them is set
    return error
