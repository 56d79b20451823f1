"""What every stand-in server does with a request: keys, faults, rate limit, answer, log; no vendor is named here."""

from sandbox.server.serving import running, serve

__all__ = ["running", "serve"]
