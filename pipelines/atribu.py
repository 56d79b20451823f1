"""Atribu into a warehouse: `python -m pipelines.atribu` is `elt sync atribu`, for cron."""

import sys

from pipelines.cli import main

if __name__ == "__main__":
    main(["sync", "atribu", *sys.argv[1:]])
