"""A first look into a DuckDB file that `elt sync atribu` has loaded: which channels earned what."""

import sys

import duckdb

from pipelines.sql.examples import CHANNELS


def main(file: str) -> None:
    """Print the query and its answer."""
    with duckdb.connect(file, read_only=True) as connection:
        print(f"\nA query to try on {file}:\n\n{CHANNELS};\n")
        print(connection.sql(CHANNELS))


if __name__ == "__main__":
    main(*sys.argv[1:])
