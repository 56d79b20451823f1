"""Waiting for a destination that another process holds, and when that is over."""

from threading import Event
from typing import Final

from sources.rest.redaction import CleanError

STOP: Final = Event()
"""Set when this process is told to stop: nothing is worth waiting for any more."""


class DestinationBusyError(CleanError):
    """Another process holds the destination; the message says which, where that is known."""
