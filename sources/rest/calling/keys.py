"""The key of an API and the one that shall follow it: while a vendor lets both work, either will do."""

import hashlib
import threading
from collections.abc import Callable, Sequence

from requests.auth import AuthBase

MakeAuth = Callable[[str], AuthBase]
"""Makes what puts a key into a request."""


class Keys:
    """Keys of the same tenant, tried in order; thread-safe.

    Attributes:
        current: place of the key that is used now.
        secrets: the keys themselves, to be cut out of whatever repeats them.

    Args:
        keys: at least one.
        auth: makes what puts a key into a request.
    """

    def __init__(self, keys: Sequence[str], auth: MakeAuth) -> None:
        self.current = 0
        self.secrets = tuple(keys)
        self._signs = [auth(key) for key in keys]
        self._fingerprints = [fingerprint_of(key) for key in keys]
        self._lock = threading.Lock()

    def sign(self, place: int) -> AuthBase:
        """Return what puts a key into a request."""
        return self._signs[place]

    def refuse(self, place: int) -> bool:
        """Note that a key was refused; return whether there is another one to try."""
        with self._lock:
            if place == self.current and place + 1 < len(self._signs):
                self.current = place + 1
            return self.current > place

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling anything about them: what is known of one key is not said of another."""
        return self._fingerprints[self.current]


def fingerprint_of(key: str) -> str:
    """Return what tells a key from others and says nothing about it."""
    return hashlib.blake2b(b"fingerprint", key=hashlib.sha256(key.encode()).digest(), digest_size=8).hexdigest()
