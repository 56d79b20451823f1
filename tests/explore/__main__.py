"""`make explore`: the notebook runs on a demo, as a script and into a page, and no cell of it fails."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from pipelines import explore

PARTS: Final = (
    "Spend and return by week",
    "From cash to revenue from ads",
    "Channels",
    "Campaigns",
    "How fresh this is",
)
PROGRAMS: Final = Path(sys.executable).parent


def main() -> None:
    """Load two days into a file, publish it, and run the notebook on that; end with an error if something fails."""
    with tempfile.TemporaryDirectory(prefix="elt-explore-") as name:
        Path(name, "destinations.toml").write_text(
            '[destination.sandbox]\ndestination_type = "duckdb"\npublish_to = "readers.duckdb"\n'
            '[destination.readers]\ndestination_type = "duckdb"\n'
        )
        env = {**os.environ, "DLT_DATA_DIR": name, "XDG_CACHE_HOME": name}

        def run(*command: str) -> None:
            subprocess.run(command, cwd=name, env=env, check=True)  # noqa: S603 - our own programs

        given = ("--", "--destination", "readers")
        notebook = shutil.copy(explore.__file__, name)  # what it shows is kept beside it
        for since, today in (("2026-03-24", "2026-03-31"), ("2026-03-24", "2026-04-05")):
            run(str(PROGRAMS / "elt"), "sync", "atribu", "--sandbox", "--since", since, "--today", today, "--quiet")
        run(sys.executable, notebook, *given)
        run(str(PROGRAMS / "marimo"), "--quiet", "export", "html", notebook, "--output", "page.html", *given)
        page = Path(name, "page.html").read_text()
        missing = [part for part in PARTS if part not in page]
        if missing:
            raise SystemExit(f"the page lacks {', '.join(missing)}")
        print(f"every cell ran; the page has {len(PARTS)} parts, {len(page.encode()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
