"""Prints every statement as a destination would get it: `python -m tests.pipelines.sql snowflake`."""

import sys

from pipelines.sql.rendering import render
from tests.pipelines.sql.samples import names_for, samples


def main(destination: str = "duckdb") -> None:
    """Print every statement with the values beside it."""
    names = names_for(destination)
    for sample in samples():
        if sample.fits(destination):
            text, values = render(sample.statement, names)
            print(f"-- {sample.function.__name__}\n{text};")
            print(*(f"--   {value!r}" for value in values), "", sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
