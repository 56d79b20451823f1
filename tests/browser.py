"""The system's Chromium, without a window, for tests of what `elt report` writes."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
AXE: Final = Path(__file__).parents[1] / ".venv/tools/axe/node_modules/axe-core/axe.min.js"
"""Looks for what keeps people from using a page; `make axe` installs it."""

_BROWSER: Final = "not an origin"
"""Who asks for what no page has asked for, such as news of the browser's own."""

_LOCAL: Final = ("file:", "data:", "chrome:", "chrome-extension:", "devtools:")


@dataclass(frozen=True)
class Seen:
    """What a browser has made of a page.

    Attributes:
        document: the page after its scripts have run.
        console: lines that it wrote to the console.
        asked: addresses that the page asked for.
    """

    document: str
    console: list[str]
    asked: list[str]


def look_at(page: Path, folder: Path, width: int, *, dark: bool = False) -> Seen:
    """Open a page, let its scripts run, and return what came of it.

    Args:
        page: an HTML file.
        folder: for what the browser leaves.
        width: of the window, in pixels.
        dark: the user likes dark colours.
    """
    log = folder / "net.json"
    options = [
        "--headless",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # as root it does not start otherwise
        *(["--blink-settings=preferredColorScheme=0"] if dark else []),
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={log}",
        f"--window-size={width},1200",
        "--enable-logging=stderr",
        "--virtual-time-budget=8000",
        "--dump-dom",
        page.absolute().as_uri(),
    ]
    env = {**os.environ, "HOME": str(folder)}
    done = subprocess.run([CHROMIUM, *options], check=True, capture_output=True, text=True, timeout=120, env=env)  # noqa: S603 - our own words
    events = json.loads(log.read_text())["events"]
    requests = [event["params"] for event in events if "initiator" in event.get("params", {})]
    asked = {str(one["url"]) for one in requests if one["initiator"] != _BROWSER and "url" in one}
    return Seen(
        document=done.stdout,
        console=[line for line in done.stderr.splitlines() if ":CONSOLE" in line],
        asked=sorted(one for one in asked if not one.startswith(_LOCAL)),
    )
