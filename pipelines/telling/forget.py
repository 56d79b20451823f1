"""What `elt forget` prints: where a person was found, without saying who it is."""

from collections.abc import Mapping

from pipelines.telling.console import out, print_table


def print_forget(rows: Mapping[str, int], *, erased: bool) -> None:
    """Print the rows of a person by table."""
    if rows:
        print_table(("table", "rows"), [[name, str(count)] for name, count in rows.items()])
    else:
        out.print("no row of this person is found; rows without an address are found by --customer-id only")
    out.print(
        "erased; this person stays out of later syncs"
        if erased
        else "nothing is erased yet; --yes does it, and keeps this person out of later syncs"
    )
