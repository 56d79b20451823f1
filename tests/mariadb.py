"""A MariaDB server of a test's own; its programs come from the system (`apt-get install mariadb-server`)."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mariadb_server(folder: Path) -> Iterator[Path]:
    """Run a server as it is by default, Latin 1 included; give its socket, where root needs no password."""
    folder.mkdir(parents=True)
    place = ["--no-defaults", f"--datadir={folder / 'data'}", *(["--user=root"] if os.geteuid() == 0 else [])]
    made = ["mariadb-install-db", *place, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(made, check=True, capture_output=True)  # noqa: S603 - a program of the system
    socket = folder / "socket"
    command = ["mariadbd", *place, f"--socket={socket}", "--skip-networking", "--innodb-flush-log-at-trx-commit=0"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:  # noqa: S603 - as above
        try:
            _wait_for(socket, server)
            yield socket
        finally:
            server.terminate()


def _wait_for(socket: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    ping = ["mariadb-admin", "--no-defaults", f"--socket={socket}", "--user=root", "ping"]
    while subprocess.run(ping, check=False, capture_output=True).returncode:  # noqa: S603 - a program of the system
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
