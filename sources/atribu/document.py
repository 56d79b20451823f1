"""Writes the tables of the documents from the catalogue: `make docs`."""

from typing import Final

from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.document import ROOT, dictionary, entities, inventory, resource_table, written

_ROWS: Final = tuple(ENDPOINTS.values())

RENDERED: Final = {
    ("docs/resources.md", "atribu resources"): resource_table(_ROWS),
    ("sources/atribu/README.md", "inventory"): inventory(_ROWS),
    ("docs/dictionary.md", "atribu entities"): entities(_ROWS),
    ("docs/dictionary.md", "atribu tables"): dictionary(_ROWS),
}
"""(file, mark) -> what stands there."""


if __name__ == "__main__":
    for file, content in written(ROOT, RENDERED).items():
        file.write_text(content)
