"""Servers on this machine that let nobody into a PostgreSQL: they refuse in its words, or speak something else."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final

_SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)

Answer = Callable[[socket.socket], None]


@contextmanager
def answering(answer: Answer) -> Iterator[int]:
    """Listen on loopback and treat every connection in one way; give the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                answer(connection)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def without_ssl(connection: socket.socket) -> None:
    """Say that there is no SSL, and nothing more."""
    if connection.recv(8) == _SSL_REQUEST:
        connection.sendall(b"N")
    connection.recv(1000)


def with_ssl(connection: socket.socket) -> None:
    """Say that there is SSL, and go away."""
    connection.recv(8)
    connection.sendall(b"S")


def of_the_web(connection: socket.socket) -> None:
    """Answer as a server of web pages does."""
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def going_away(connection: socket.socket) -> None:
    """Say nothing."""
    connection.recv(8)


def refusing(state: str, text: str) -> Answer:
    """Refuse with an SQLSTATE and a message, as a server or a pooler does before it lets somebody in."""
    fields = b"".join(kind + said.encode() + b"\0" for kind, said in ((b"S", "FATAL"), (b"C", state), (b"M", text)))

    def answer(connection: socket.socket) -> None:
        without_ssl(connection)
        connection.sendall(b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0")

    return answer
