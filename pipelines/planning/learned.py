"""What checks have learned about a server, in sentences: a run says what is news, `elt status` all of it."""

from collections.abc import Iterator

from pipelines.planning.ledger import ServerBehaviour
from pipelines.planning.policy import REFRESH_AGES
from sources.rest.catalogue.endpoints import Endpoint


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
    if now.capped and not before.capped:
        ages = ", ".join(map(str, REFRESH_AGES))
        yield (
            f"{name}: the API cuts off the list over a longer range, so that sums cannot prove it; its days are read"
            f" again at the age of {ages} days"
        )
    if now.rounded and not before.rounded:
        yield f"{name}: the API's sums differ by rounding; a change below half a cent per day and value is not seen"
    look_at = f"; {advice}" if advice else ""
    for metric in sorted(now.not_additive - before.not_additive):
        yield f"{name}: {metric} does not add up over days on this server; it is not checked{look_at}"
    if now.contradicts(endpoint.additive) and not before.contradicts(endpoint.additive):
        yield (
            f"{name}: nothing adds up over days on this server, so that nothing can be proved; the days of the horizon"
            " are all read again"
        )
