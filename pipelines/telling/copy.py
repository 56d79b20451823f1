"""What `elt copy` prints: the rows that were copied, and what to do next."""

from collections.abc import Mapping

from pipelines.telling.console import print_table
from pipelines.telling.log import note


def print_copy(rows: Mapping[str, int], proof: str) -> None:
    """Print the rows that were copied by table, and the command that proves them."""
    copied = [[name, str(count)] for name, count in rows.items()]
    print_table(("table", "rows"), [*copied, ["total", str(sum(rows.values()))]])
    note(f"prove it with {proof}, then let cron sync there; what was copied stays where it was")
