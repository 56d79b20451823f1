"""What this program reads and keeps lies where nobody else can write: else anybody could send the key elsewhere."""

import os
import shlex
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sources.rest.errors import ConfigurationError

SECRETS: Final = "secrets.toml"

FILES: Final = ("config.toml", SECRETS)
"""Names of dlt's files, in the folder of the project and in that of the user."""

_OTHERS: Final = stat.S_IWOTH
_GROUP: Final = stat.S_IWGRP
_ROOT: Final = 0


def trust_settings(*files: Path) -> list[str]:
    """See that nobody but this user and root can change what is read, before dlt reads any of it.

    Args:
        files: further files that are read.

    Returns:
        A sentence on each file with secrets that this user lets everybody read.

    Raises:
        ConfigurationError: somebody can, or there is no folder of the user's own; the message names the path and the
            command that mends it.
    """
    _have_a_home()
    secrets = list[Path]()
    for folder in _folders():
        found = [folder / name for name in FILES if (folder / name).exists()]
        for path in [folder, *found] if found else []:
            refuse_untrusted(path)
        secrets += [path for path in found if path.name == SECRETS]
    for file in files:
        if file.exists():
            refuse_untrusted(file)
    return [
        f"everybody on this machine can read the keys in {where}; run: chmod 600 {where}"
        for where in (shlex.quote(str(path.absolute())) for path in secrets if _is_laid_open(path))
    ]


def refuse_untrusted(path: Path) -> None:
    """Refuse a file or folder of somebody else, or one that others can write.

    Raises:
        ConfigurationError: it is one.
    """
    found = path.stat()
    where = shlex.quote(str(path.absolute()))
    if found.st_uid not in _own_ids():
        raise ConfigurationError(
            f"{where} belongs to {_name(found.st_uid)}, who can change what is done here; if it is yours, run:"
            f" chown {os.geteuid()} {where}"
        )
    if found.st_mode & _OTHERS or (found.st_mode & _GROUP and not _is_own_group(found.st_gid)):
        raise ConfigurationError(f"others can write to {where}, and change what is done here; run: chmod go-w {where}")


def _is_laid_open(path: Path) -> bool:
    """Whether this user lets everybody read a file; how a system hands in those of others is up to whoever runs it."""
    found, folder = path.stat(), path.parent.stat()
    return found.st_uid == os.geteuid() and bool(found.st_mode & stat.S_IROTH and folder.st_mode & stat.S_IXOTH)


def _have_a_home() -> None:
    """Without a home folder dlt would read and keep its files in a temporary folder that everybody shares."""
    home = Path.home()
    if os.geteuid() == _ROOT or _can_be_written(home):
        return
    own = os.environ.get("DLT_DATA_DIR")
    if not own:
        raise ConfigurationError(
            f"the home folder {home} is not there or cannot be written; set HOME, or DLT_DATA_DIR, to a folder of yours"
        )
    os.environ["HOME"] = str(Path(own).absolute())
    Path(own).mkdir(parents=True, exist_ok=True, mode=0o700)


def _folders() -> Iterator[Path]:
    """Where dlt looks for its files: the project, and the user."""
    yield Path(os.environ.get("DLT_PROJECT_DIR", ".")) / os.environ.get("DLT_CONFIG_FOLDER", ".dlt")
    if os.geteuid() == _ROOT:
        yield Path("/var/dlt")
    else:
        yield Path.home() / ".dlt"
        if "XDG_DATA_HOME" in os.environ:
            yield Path(os.environ["XDG_DATA_HOME"]) / "dlt"


def _can_be_written(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _own_ids() -> set[int]:
    """Users who may do here what they like: this one, root, and who has become root by sudo."""
    sudo = os.environ.get("SUDO_UID", "") if os.geteuid() == _ROOT else ""
    return {_ROOT, os.geteuid(), *([int(sudo)] if sudo.isdecimal() else [])}


def _is_own_group(number: int) -> bool:
    """Whether a group has nobody but this user, as many systems make one for each."""
    import grp  # noqa: PLC0415 - only asked of files that a group can write
    import pwd  # noqa: PLC0415 - as above

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return number == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _name(number: int) -> str:
    import pwd  # noqa: PLC0415 - only asked where something is refused

    try:
        return f"{pwd.getpwuid(number).pw_name} (user {number})"
    except KeyError:
        return f"user {number}"
