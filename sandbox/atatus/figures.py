"""From events to the documented figures: rows by transaction, and stats over all of them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.atatus.world import Event, identifier

Row = dict[str, object]


@dataclass(slots=True)
class Tally:
    """Sums over events; times are milliseconds."""

    successes: int = 0
    failures: int = 0
    success_time: int = 0
    failure_time: int = 0

    @property
    def total(self) -> int:
        """Count all events."""
        return self.successes + self.failures

    def add(self, event: Event) -> None:
        """Count one event."""
        if event.succeeded:
            self.successes += 1
            self.success_time += event.milliseconds
        else:
            self.failures += 1
            self.failure_time += event.milliseconds


def tally(events: Iterable[Event]) -> dict[str, Tally]:
    """Sum events by the name of their transaction, most frequent first, then by name."""
    sums: dict[str, Tally] = defaultdict(Tally)
    for event in events:
        sums[event.name].add(event)
    return dict(sorted(sums.items(), key=lambda item: (-item[1].total, item[0])))


def row(name: str, own: Tally, total: int) -> Row:
    """Write the row of one transaction; `total` counts the events of all transactions."""
    share = 100 * own.total / total if total else 0.0
    return {
        "id": identifier(name),
        "name": name,
        "successCount": own.successes,
        "failureCount": own.failures,
        "totalCount": own.total,
        "successTime": _mean(own.success_time, own.successes),
        "failureTime": _mean(own.failure_time, own.failures),
        "throughputPercentage": _number(share),
        "underOnePercent": share < 1,
    }


def stats(tallies: Iterable[Tally]) -> Row:
    """Write the totals over rows; a mean time weighs every event alike, so every row by its count."""
    sums = Tally()
    for own in tallies:
        sums.successes += own.successes
        sums.failures += own.failures
        sums.success_time += own.success_time
        sums.failure_time += own.failure_time
    return {
        "failureTime": _mean(sums.failure_time, sums.failures),
        "successTime": _mean(sums.success_time, sums.successes),
        "successCount": sums.successes,
        "failureCount": sums.failures,
        "totalCount": sums.total,
    }


def _mean(time: int, count: int) -> float:
    return _number(time / count) if count else 0


def _number(value: float) -> float:
    """Round to two digits; whole numbers are written without a point, as in the documented sample."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded
