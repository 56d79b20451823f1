"""Which resources there are: path, method and what a key needs."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["transactions", "transaction", "deployments", "extra"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names, with the ids in it, the only method that it takes, and the permission that a key needs."""

    kind: Kind
    project: str = ""
    transaction: str = ""
    method: Literal["GET", "POST"] = "GET"
    action: Literal["Read", "Write"] = "Read"


def find(path: str, extra: frozenset[str] = frozenset()) -> Resource | None:
    """Find what a path below `/v2/` names; paths in `extra` go first, whatever else they would name."""
    match path.split("/"):
        case ["projects", project, *_] if path in extra:
            return Resource("extra", project)
        case _ if path in extra:
            return Resource("extra")
        case ["projects", project, "transactions"]:
            return Resource("transactions", project)
        case ["projects", project, "transactions", transaction] if transaction:
            return Resource("transaction", project, transaction)
        case ["projects", project, "deployments"]:
            return Resource("deployments", project, method="POST", action="Write")
    return None
