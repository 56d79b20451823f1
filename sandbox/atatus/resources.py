"""Which resources there are: path, method and what a key needs."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["transactions", "transaction", "deployments", "extra"]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names; `project` and `transaction` are the ids in it."""

    kind: Kind
    project: str = ""
    transaction: str = ""

    @property
    def method(self) -> str:
        """Give the only method that the resource takes."""
        return "POST" if self.kind == "deployments" else "GET"

    @property
    def action(self) -> Literal["Read", "Write"]:
        """Give the permission that a key needs."""
        return "Write" if self.kind == "deployments" else "Read"


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
            return Resource("deployments", project)
    return None
