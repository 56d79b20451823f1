"""A clean stop: SIGTERM and SIGINT end the slice in hand, and with it the run."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from pipelines.destinations.waiting import STOP, DestinationBusyError
from pipelines.running.exit_codes import ExitCode
from sources.rest.reading.reader import Reader

CODES = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


@dataclass
class Stopped:
    """Whether a signal has come, as the exit code that it calls for."""

    code: ExitCode | None = None


@contextmanager
def stopped_by_signals(reader: Reader) -> Iterator[Stopped]:
    """Let a signal end the reading: what was read is still committed, calls under way are not waited for.

    Raises:
        SystemExit: what was read cannot be committed, because another process holds the destination.
    """
    stopped = Stopped()
    STOP.clear()

    def stop(number: int, _: FrameType | None) -> None:
        stopped.code = CODES[signal.Signals(number)]
        STOP.set()
        reader.abandoned = True
        reader.session.budget.close()

    before = {number: signal.signal(number, stop) for number in CODES}
    try:
        yield stopped
    except DestinationBusyError as error:
        if stopped.code is None:
            raise
        sys.stderr.write(f"stopped by a signal; what is not committed is read again: {error}\n")
        raise SystemExit(stopped.code) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
