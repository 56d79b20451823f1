"""How long one call is worth: tries, time, and the waits between."""

import random
from dataclasses import dataclass
from typing import Final

from sources.rest.errors import ApiError

WAIT_MAX: Final = 60.0
"""Longest wait in seconds between two tries where the server names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long one call is worth.

    Args:
        tries: requests per call, the first one included.
        seconds: longest time for all tries; a `Retry-After` beyond it ends the run.
        base: first wait in seconds where the server names none; it doubles, with full jitter.
        timeout: seconds for one try, from connecting to the last byte of the answer.
        max_bytes: most bytes of an answer, decompressed.
    """

    tries: int = 5
    seconds: float = 300.0
    base: float = 1.0
    timeout: float = 30.0
    max_bytes: int = 32_000_000

    def wait(self, error: ApiError) -> float:
        """Seconds before the next try."""
        ceiling = min(WAIT_MAX, self.base * 2.0 ** (error.tries - 1))
        return error.retry_after or random.uniform(0, ceiling)  # noqa: S311 - spreads retries, hides nothing

    def ends_run(self, error: ApiError) -> bool:
        """Whether the server asks to wait longer than a run waits for anything."""
        return error.retryable and (error.retry_after or 0) > self.seconds

    def gives_up(self, error: Exception) -> bool:
        """Whether another try is no use, or comes too late."""
        if not isinstance(error, ApiError) or not error.retryable:
            return True
        return error.elapsed + (error.retry_after or 0) > self.seconds
