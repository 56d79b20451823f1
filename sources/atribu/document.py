"""Writes the tables of the README files from the catalogue: `make docs`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.document import dictionary, inventory, replaced, resource_table

ROOT: Final = Path(__file__).parents[2]
_ROWS: Final = tuple(ENDPOINTS.values())

RENDERED: Final = {
    ("README.md", "atribu resources"): resource_table(_ROWS),
    ("sources/atribu/README.md", "inventory"): inventory(_ROWS),
    ("sources/atribu/README.md", "dictionary"): dictionary(_ROWS),
}
"""(file, mark) -> what stands there."""


def rendered() -> Iterator[tuple[Path, str]]:
    """Give each document with its tables as the catalogue has them now."""
    texts = {name: (ROOT / name).read_text() for name, _ in RENDERED}
    for (name, mark), text in RENDERED.items():
        texts[name] = replaced(texts[name], mark, text)
    yield from ((ROOT / name, text) for name, text in texts.items())


if __name__ == "__main__":
    for file, content in rendered():
        file.write_text(content)
