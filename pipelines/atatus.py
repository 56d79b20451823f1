"""Atatus into a warehouse: `python -m pipelines.atatus` is `elt sync atatus`, for cron."""

import sys

from pipelines.cli import main

if __name__ == "__main__":
    main(["sync", "atatus", *sys.argv[1:]])
