"""Key rotation: the key of an API, and the next one that is used once the first is refused."""

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

    Args:
        keys: at least one.
        auth: makes what puts a key into a request.
    """

    def __init__(self, keys: Sequence[str], auth: MakeAuth) -> None:
        self.current = 0
        self._keys = tuple(keys)
        self._auths = [auth(key) for key in keys]
        self._fingerprints = [fingerprint_of(key) for key in keys]
        self._lock = threading.Lock()

    def auth(self, place: int) -> AuthBase:
        """Return what puts a key into a request."""
        return self._auths[place]

    def rotate(self, place: int) -> bool:
        """Go on to the next key because one was refused; return whether there is another one to try."""
        with self._lock:
            if place == self.current and place + 1 < len(self._auths):
                self.current = place + 1
            return self.current > place

    def redacted(self, text: str) -> str:
        """Return a text without the keys."""
        for key in self._keys:
            text = text.replace(key, "<key>")
        return text

    @property
    def fingerprint(self) -> str:
        """Tells the current key from others, so that what is known of one key is not taken for another's."""
        return self._fingerprints[self.current]


def fingerprint_of(key: str) -> str:
    """Return what tells a key from others and says nothing about it."""
    return hashlib.blake2b(b"fingerprint", key=hashlib.sha256(key.encode()).digest(), digest_size=8).hexdigest()
