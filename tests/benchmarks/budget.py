"""How much of the rate limit a long run uses, and how often it is refused, under four server algorithms."""

import json
from collections.abc import Sequence

from tests.sources.rest.calling.rate_limiters import (
    FixedWindow,
    RateLimiter,
    SlidingLog,
    TokenBucket,
    WeightedWindows,
    simulate,
)

SERVERS: Sequence[tuple[type[RateLimiter], str, bool]] = (
    (FixedWindow, "fixed windows", False),
    (SlidingLog, "sliding log", False),
    (TokenBucket, "token bucket", False),
    (WeightedWindows, "two weighted windows", False),
    (WeightedWindows, "the same, known", True),
)
"""How a server counts, what that is called, and whether an earlier run has found it out."""
SEEDS = 5
MINUTES = 120


def main() -> None:
    """Print one JSON line with a row per algorithm, latency and kind of calls."""
    rows = []
    for limiter, name, known in SERVERS:
        for latency in (0.05, 2.0):
            for costs, words in (((1,), "1"), ((3,), "3"), ((1, 1, 1, 3), "1 and 3")):
                runs = [
                    simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=MINUTES, learned=known)
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
