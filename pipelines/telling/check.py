"""What `elt check` prints: what works, and what was not checked."""

from typing import TYPE_CHECKING

from rich.text import Text

from pipelines.telling.console import out, print_table, table
from pipelines.telling.log import problem, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.commands.check import Checked
    from pipelines.commands.origins import Origin


def print_origins(origins: "Sequence[Origin]") -> None:
    """Print where the values come from that decide what is sent where; keys are not printed."""
    if origins:
        rows = [[one.name, one.value or "(secret)", one.origin] for one in origins]
        print_table(("value of", "is", "from"), rows)


def print_check(found: "Checked", rate_limit: int, destination: str) -> None:
    """Print what was checked, and what was not."""
    owner = f", belongs to profile {found.profile_id}" if found.profile_id else ""
    out.print(f"key: works for {', '.join(found.asked)}{owner}")
    if found.second_key:
        warn("api_key is refused and next_api_key works: put it in the place of api_key")
    scopes = table("scope", "granted", "needed by")
    for scope in found.scopes:
        granted = Text("no", "bold red") if scope.granted is False else "yes" if scope.granted else "unknown"
        scopes.add_row(scope.name, granted, ", ".join(scope.resources))
    if found.scopes:
        out.print(scopes, soft_wrap=False)
    for value in found.values:
        says = {True: "taken", False: f"refused: {value.refused}, so that a sync leaves it out"}
        out.print(f"{value.param} {value.name}: {says.get(value.taken, 'not known before there are rows')}")  # type: ignore[arg-type] # None has no entry
    for text in found.ranges:
        out.print(text)
    for task, error in found.failed.items():
        problem("failed", f"{task}: {error}")
    if found.limit_seen is None:
        out.print(f"rate limit: the server names none; {rate_limit} is configured and cannot be checked")
    else:
        out.print(f"rate limit: the server names {found.limit_seen}, {rate_limit} is configured")
        if found.limit_seen > rate_limit:
            out.print(f"  set rate_limit to {found.limit_seen} to use all of it")
    takes = ", takes rows (one was written and removed)" if found.written else ""
    out.print(f"destination {destination}: reachable{takes}")
    left_out = [] if found.personal else ["scopes for personal data (--include-pii)"]
    left_out += [] if found.written else ["whether the destination takes rows (--no-write)"]
    out.print(f"this has cost {found.units} units; not checked: {', '.join(left_out) or 'nothing'}")
