"""What others make at the same moment: a schema, a table, a column; whoever comes second finds it there."""

import random
import time
from collections.abc import Callable
from typing import Final

from pipelines.destinations.verdicts import was_made_meanwhile

TRIES: Final = 10
"""How often something is tried while others make the same: each of them may come first once."""

WAIT_SECONDS: Final = 0.5


def made_by_somebody(make: Callable[[], None]) -> None:
    """Make what is not there yet, and look again where somebody else has done so at the same moment."""
    for left in reversed(range(TRIES)):
        try:
            make()
        except Exception as error:
            if not left or not was_made_meanwhile(error):
                raise
            time.sleep(random.uniform(0, WAIT_SECONDS))  # noqa: S311 - spreads tries, hides nothing
        else:
            return
