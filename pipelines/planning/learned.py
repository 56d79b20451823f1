"""What checks have learned about a server, in sentences: a run says what is news, `elt status` all of it."""

from collections.abc import Iterable, Iterator
from typing import Final

from pipelines.planning.policy import REFRESH_AGES
from pipelines.planning.server_behaviour import ServerBehaviour
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.windows import Window

END_ADVICE: Final = (
    "where no metric does, look at the field end of its declaration: the server may count the moment that ends a range,"
    " or not"
)
"""What to look at where an endpoint is asked for ranges in a way of its own."""

ROUNDED: Final = "a change of a value is not seen that is below half a cent for each day of the range, 0.45 in 90 days"
"""How close sums prove that differ by rounding: by `CENT / 2` a row, see `pipelines/proving/sums.py`."""


def learned(
    endpoint: Endpoint, variant: str, before: ServerBehaviour, now: ServerBehaviour, advice: str
) -> Iterator[str]:
    """Say what has been learned about a variant of an endpoint.

    Args:
        endpoint: what was checked.
        variant: values of its parameters.
        before: what was known and said before.
        now: what is known.
        advice: what a user can look at where a metric does not add up.
    """
    name = f"{endpoint.name} {variant}".strip()
    if now.whole_days and now.whole_days != before.whole_days:
        yield f"{name}: the API cuts off the list over a longer range; it is proved in ranges of {now.whole_days} days"
    if now.cut and now.cut != before.cut:
        yield cut_off(name, now.cut)
    if now.rounded and not before.rounded:
        yield f"{name}: the API's sums differ by rounding; {ROUNDED}"
    advice = END_ADVICE if endpoint.date_range else advice
    look_at = f"; {advice}" if advice else ""
    for metric in sorted(now.not_additive - before.not_additive):
        yield f"{name}: {metric} does not add up over days on this server; it is not checked{look_at}"
    if now.contradicts(endpoint.additive) and not before.contradicts(endpoint.additive):
        yield (
            f"{name}: nothing adds up over days on this server, so that nothing can be proved; the days of the horizon"
            " are all read again"
        )


def cut_off(name: str, windows: Iterable[Window]) -> str:
    """Say that nothing proves windows whose own lists are cut off."""
    ages = ", ".join(map(str, REFRESH_AGES))
    return (
        f"{name}: the API cuts off the lists of {', '.join(map(str, windows))}, so that nothing proves them; a sync"
        f" reads them again at the age of {ages} days, and once something else shows that their day has changed"
    )
