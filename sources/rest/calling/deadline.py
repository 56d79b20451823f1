"""Work on connections that ends in time, whatever it waits for: it has a thread of its own, which is left behind."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, TypeVar

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

T = TypeVar("T")


class _Work(threading.local):
    """What the work of this thread holds."""

    now: "_Held | None" = None


class _Held:
    """The connection that some work is using, and whether its time is over."""

    def __init__(self) -> None:
        self.over = False
        self.connection: Any = None
        self.socket: socket.socket | None = None

    def take(self, connection: Any) -> None:
        """Note what is used from now on; nothing is sent any more once the time is over."""
        self.connection = connection
        self.socket = connection.sock or self.socket
        if self.over:
            raise TimeoutError

    def cut(self) -> None:
        """Let whatever waits for the connection fail at once; the connection cannot be used again."""
        self.over = True
        cut_off = self.socket or getattr(self.connection, "sock", None)
        if cut_off is not None:
            with contextlib.suppress(OSError):  # it has ended meanwhile
                # past TLS, whose own method would change the object under the thread that reads
                socket.socket.shutdown(cut_off, socket.SHUT_RDWR)


_WORK: Final = _Work()


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do some work; it may use connections of `CuttableAdapter`.

    A time-out of a socket holds for one wait only: each address that is tried, each byte of a status line or of headers
    that drip, and each `100 Continue` has its own. Looking up a name has none at all.

    Raises:
        TimeoutError: it takes longer than `seconds`; its connection is cut.
    """
    held, result = _Held(), Future[T]()

    def run() -> None:
        _WORK.now = held
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            result.set_exception(error)

    # a daemon, because a look-up of a name that hangs must not keep the process from ending
    threading.Thread(target=run, name="call", daemon=True).start()
    wait([result], timeout=seconds)
    if not result.done():
        held.cut()
        raise TimeoutError
    return result.result()


class _FinalResponse(http.client.HTTPResponse):
    """An answer that is no interim one.

    A server may send any number of `103 Early Hints` and the like before its answer, asked for or not (RFC 9110, 15.2).
    Python passes over `100 Continue` alone; taken for the answer, another one would leave the real one to the next
    request on the connection.
    """

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc] # typeshed leaves out what is private
        interim = http.client.CONTINUE <= status < http.client.OK
        return version, http.client.CONTINUE if interim else status, reason


class _Cuttable:
    """A connection that tells the work which uses it."""

    response_class: type[http.client.HTTPResponse] = _FinalResponse

    def connect(self) -> None:
        """Connect, and go no further if the time is over by then."""
        self._told()
        super().connect()  # type: ignore[misc] # of the connection that this is mixed into
        self._told()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        self._told()
        super().request(*args, **kwargs)  # type: ignore[misc] # as above

    def _told(self) -> None:
        if _WORK.now is not None:
            _WORK.now.take(self)


class _Plain(_Cuttable, HTTPConnection):
    """Without TLS."""


class _Secure(_Cuttable, HTTPSConnection):
    """With TLS."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS: Final = {"http": _PlainPool, "https": _SecurePool}


class CuttableAdapter(HTTPAdapter):
    """Connections that `within` can cut, also those through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connections that lead to the server."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the connections that lead to a proxy; one that speaks SOCKS has classes of its own."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
