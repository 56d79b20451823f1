"""A stand-in for the Atribu REST API, answering from a made-up world.

A call comes in at `app`, is looked up in `endpoints`, read by `parameters` and answered in `answers`. Answers know only
`facts`; how facts come about is up to `world`. `state` is what a test holds in its hand.
"""

from functools import partial

from sandbox import server
from sandbox.atribu.app import BASE_PATH, create_app
from sandbox.atribu.canaries import Canaries
from sandbox.atribu.settings import ALL_SCOPES, DEFAULT_KEY, DEFAULT_SCOPES, FULL_KEY, Population, Settings, Size
from sandbox.server import serve
from sandbox.server.faults import Fault

__all__ = [
    "ALL_SCOPES",
    "DEFAULT_KEY",
    "DEFAULT_SCOPES",
    "FULL_KEY",
    "Canaries",
    "Fault",
    "Population",
    "Settings",
    "Size",
    "create_app",
    "running",
    "serve",
]

running = partial(server.running, base_path=BASE_PATH.rstrip("/"))
