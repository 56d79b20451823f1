"""What `elt views` prints: the views with what a row of each is, and what could not be made."""

from pipelines.commands.views import Views
from pipelines.telling.console import out, table


def print_views(found: Views) -> None:
    """Print the views that were made, and which tables others need."""
    made = table("view", "a row is")
    for one in found.made:
        made.add_row(f"{found.schema}.{one.name}", one.description)
    out.print(made)
    for name, tables in found.lacking.items():
        out.print(f"{name} not made: {', '.join(sorted(tables))} not loaded")
