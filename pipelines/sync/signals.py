"""A clean stop: SIGTERM and SIGINT end the slice in hand, and with it the run."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from pipelines.exit_codes import ExitCode
from sources.rest.reader import Reader

CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


@dataclass
class Stopped:
    """Whether a signal has come, as the exit code that it calls for."""

    code: ExitCode | None = None


@contextmanager
def stopped_by_signals(reader: Reader) -> Iterator[Stopped]:
    """Let a signal end the reading: what was read is still committed, calls under way are not waited for."""
    stopped = Stopped()

    def stop(number: int, _: FrameType | None) -> None:
        stopped.code = CODES[signal.Signals(number)]
        reader.abandoned = True
        reader.session.budget.close()

    before = {number: signal.signal(number, stop) for number in CODES}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
