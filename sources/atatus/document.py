"""Writes the tables of the documents from the catalogue: `make docs`."""

from typing import Final

from sources.atatus.endpoints import ENDPOINTS
from sources.atatus.errors import STATUSES
from sources.rest.catalogue.document import ROOT, dictionary, entities, inventory, resource_table, written

_ROWS: Final = tuple(ENDPOINTS.values())


def _refusals() -> str:
    lines = ["| status | means | what to do |", "| --- | --- | --- |"]
    lines += [f"| {status} | {error.meaning} | {error.advice} |" for status, error in STATUSES.items()]
    return "\n".join(lines)


RENDERED: Final = {
    ("docs/resources.md", "atatus resources"): resource_table(_ROWS),
    ("sources/atatus/README.md", "inventory"): inventory(_ROWS),
    ("docs/dictionary.md", "atatus entities"): entities(_ROWS),
    ("docs/dictionary.md", "atatus tables"): dictionary(_ROWS),
    ("sources/atatus/README.md", "refusals"): _refusals(),
}
"""(file, mark) -> what stands there."""


if __name__ == "__main__":
    for file, content in written(ROOT, RENDERED).items():
        file.write_text(content)
