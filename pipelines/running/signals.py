"""A clean stop: SIGTERM and SIGINT end the slice in hand of each profile, and with it the run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipelines.destinations.waiting import STOP
from pipelines.running.exit_codes import ExitCode
from pipelines.running.together import Together

CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


@contextmanager
def stopped_by_signals(together: Together) -> Iterator[None]:
    """Let a signal end the reading: what was read is still committed, calls under way are not waited for."""
    STOP.clear()

    def stop(number: int, _: FrameType | None) -> None:
        STOP.set()
        together.stop(CODES[signal.Signals(number)])

    before = {number: signal.signal(number, stop) for number in CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
