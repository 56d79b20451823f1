"""How much of the rate limit a long run uses, and how often it is refused, under four server algorithms."""

import json
from collections.abc import Callable, Sequence

from tests.sources.rest.calling.rate_limiters import (
    FixedWindow,
    RateLimiter,
    SlidingLog,
    TokenBucket,
    WeightedWindows,
    simulate,
)

SERVERS: Sequence[tuple[type[RateLimiter], str, Callable[[int], int | None]]] = (
    (FixedWindow, "fixed windows", int),
    (SlidingLog, "sliding log", int),
    (TokenBucket, "token bucket", int),
    (WeightedWindows, "two weighted windows", int),
    (WeightedWindows, "the same, no numbers", lambda _: None),
)
"""How a server counts, what that is called, and what it says remains."""
SEEDS = 5
MINUTES = 120


def main() -> None:
    """Print one JSON line with a row per algorithm, latency and kind of calls."""
    rows = []
    for limiter, name, headers in SERVERS:
        for latency in (0.05, 2.0):
            for costs, words in (((1,), "1"), ((3,), "3"), ((1, 1, 1, 3), "1 and 3")):
                runs = [
                    simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=MINUTES, headers=headers)
                    for seed in range(SEEDS)
                ]
                rows.append(
                    {
                        "algorithm": name,
                        "latency": latency,
                        "costs": words,
                        "calls": sum(run.calls for run in runs),
                        "refused": sum(run.refused for run in runs),
                        "used": min(run.used for run in runs),
                    }
                )
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main()
