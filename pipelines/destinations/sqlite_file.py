"""SQLite, which dlt reaches through SQLAlchemy: connecting makes a main file; each dataset has one beside it."""

from pathlib import Path
from typing import Any


def main_file(config: Any) -> Path | None:
    """The main file of a destination as it is configured; None where it is not one of SQLite."""
    credentials = config.credentials
    kind, database = (getattr(credentials, name, None) or "" for name in ("drivername", "database"))
    if not str(kind).startswith("sqlite") or not database or str(database).startswith((":", "file:")):
        return None  # another database, or one in memory
    return Path(database).absolute()


def is_missing(main: Path, dataset: str) -> bool:
    """Whether there is neither a main file nor a dataset of this name, and somebody who connects would make one."""
    beside = main.with_name(f"{main.stem}__{dataset}{main.suffix}")
    return not main.exists() and not beside.exists()
