"""A stand-in for the Atribu REST API, answering from a synthetic world."""

from sandbox.atribu.app import create_app
from sandbox.atribu.canaries import Canaries
from sandbox.atribu.server import running, serve
from sandbox.atribu.settings import ALL_SCOPES, DEFAULT_KEY, DEFAULT_SCOPES, FULL_KEY, Population, Settings, Size
from sandbox.faults import Fault

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
