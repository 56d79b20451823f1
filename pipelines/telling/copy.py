"""What `elt copy` prints: the rows that were copied, and what to do next."""

from collections.abc import Mapping

from pipelines.telling.console import note, out, table


def print_copy(rows: Mapping[str, int], source: str, to: str) -> None:
    """Print the rows that were copied by table."""
    copied = table("table", "rows")
    for name, count in rows.items():
        copied.add_row(name, str(count))
    copied.add_row("total", str(sum(rows.values())))
    out.print(copied)
    note(
        f"prove it with elt verify {source} --destination {to}, then let cron sync there; what was copied stays where"
        " it was"
    )
