"""What every stand-in does with a request, whichever vendor it plays: faults, rate limit, reply, log."""

from sandbox.server.serving import running, serve

__all__ = ["running", "serve"]
