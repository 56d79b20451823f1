"""How much of the rate limit a long run uses, and how often it is refused, under four server algorithms."""

import json
from collections.abc import Mapping

from tests.sources.rest.calling.rate_limiters import (
    FixedWindow,
    RateLimiter,
    SlidingLog,
    TokenBucket,
    WeightedWindows,
    simulate,
)

NAMES: Mapping[type[RateLimiter], str] = {
    FixedWindow: "fixed windows",
    SlidingLog: "sliding log",
    TokenBucket: "token bucket",
    WeightedWindows: "two weighted windows",
}
SEEDS = 5
MINUTES = 120


def main() -> None:
    """Print one JSON line with a row per algorithm, latency and kind of calls."""
    rows = []
    for limiter, name in NAMES.items():
        for latency in (0.05, 2.0):
            for costs, words in (((1,), "1"), ((3,), "3"), ((1, 1, 1, 3), "1 and 3")):
                runs = [
                    simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=MINUTES) for seed in range(SEEDS)
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
