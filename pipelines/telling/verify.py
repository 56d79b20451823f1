"""What `elt verify` prints: every difference between what is loaded and what the API says."""

from itertools import groupby
from typing import TYPE_CHECKING

from pipelines.planning.learned import ROUNDED
from pipelines.telling.console import out
from pipelines.telling.log import note, warn
from pipelines.telling.sync import print_problems, print_remarks
from pipelines.telling.verdict import NOTHING_COMPARED

if TYPE_CHECKING:
    from pipelines.running.outcome import Outcome


def print_verify(result: "Outcome", *, repaired: bool, differences: bool) -> None:
    """Print the differences, or what was proved; and name what was not.

    Args:
        result: what was found out.
        repaired: windows that differ were read again.
        differences: print them, and whether there are any.
    """
    if differences:
        _print_differences(result, repaired=repaired)
    if result.not_compared:
        warn(f"not compared, because sums cannot prove it: {', '.join(sorted(result.not_compared))}")
    if result.proves_nothing:
        warn(NOTHING_COMPARED)
    for (name, variant), found in groupby(sorted(result.not_summed), key=lambda one: one[:2]):
        what = " ".join(filter(None, [name, variant, ", ".join(metric for *_, metric in found)]))
        warn(f"not compared, because it does not add up over days on this server: {what}")
    if result.rounded:
        warn(f"compared by sums that differ by rounding: {', '.join(sorted(result.rounded))}; {ROUNDED}")
    for columns_of, words in (
        (result.as_read, "do not add up over days; they are compared on days that are read again"),
        (result.texts, "are no figures, and not compared"),
        (result.left_out, "left out by the configuration (leave_out), and not compared"),
    ):
        for name, columns in sorted(columns_of.items()):
            if columns:
                note(f"{name}: {', '.join(columns)} {words}")
    print_remarks(result)
    print_problems(result)


def _print_differences(result: "Outcome", *, repaired: bool) -> None:
    for change in result.changes:
        where = " ".join(filter(None, [change.task.endpoint.name, change.task.variant_text]))
        what = " ".join(filter(None, [change.key, change.metric]))
        out.print(f"{where} {change.date}: {what} is {change.old} here, {change.new} at the API")
    days = len({(change.task, change.date) for change in result.changes})
    if days:
        out.print(f"{days} windows differ" + (", and were read again" if repaired else "; --repair reads them again"))
    else:
        out.print("everything that was compared is equal" if result.compared else "nothing was compared")
