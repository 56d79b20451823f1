"""Whose turn it is to change something, among the threads of this process."""

import threading
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

Turn = AbstractContextManager[object]
"""Held by one thread at a time, which may enter it again."""


@dataclass
class Use:
    """How a DuckDB file is used in this process.

    Attributes:
        runs: how many hold it.
        rewrite: once none does any more, it is to be rewritten.
    """

    runs: int = 0
    rewrite: bool = False


_guard: Final = threading.Lock()
_turns: Final[dict[str, Turn]] = defaultdict(threading.RLock)
_uses: Final[dict[str, Use]] = defaultdict(Use)


def turn_at(place: str) -> Turn:
    """Return what is held while something is changed at a place: a file, or a destination by its name."""
    with _guard:
        return _turns[place]


def use_of(file: str) -> Use:
    """Return how a file is used; meant for whoever holds its turn."""
    with _guard:
        return _uses[file]
