"""A first look into a DuckDB file that `elt sync atribu` has loaded: which channels earned what."""

import sys
from typing import Final

import duckdb

QUERY: Final = """\
SELECT value AS channel, round(sum(revenue), 2) AS revenue, sum(conversions) AS conversions
FROM atribu.atribu.channels
GROUP BY channel ORDER BY revenue DESC LIMIT 5"""


def main(file: str) -> None:
    """Print the query and its answer."""
    with duckdb.connect(file, read_only=True) as connection:
        print(f"\nA query to try on {file}:\n\n{QUERY};\n")
        print(connection.sql(QUERY))


if __name__ == "__main__":
    main(*sys.argv[1:])
