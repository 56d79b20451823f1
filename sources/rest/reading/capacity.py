"""What a destination cannot hold: an answer that has it fails alone, before anything of it is made ready to load."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from sources.rest.errors import WrongShapeError
from sources.rest.reading.evolved_columns import ANY_NAME, EvolvedColumns, Names

_POINTER: Final = 18
"""Bytes that are left of a text in its row once PostgreSQL stores it elsewhere."""

_ROW_HEADER: Final = 24


@dataclass(frozen=True)
class Capacity:
    """What a destination can hold; thread-safe.

    Attributes:
        columns: most columns of a table; None where there is no such limit.
        nul: a text may hold the character NUL.
        row_bytes: most bytes of a row, long texts left out; None where there is no such limit.
        names: which names columns can have.
    """

    columns: int | None = None
    nul: bool = True
    row_bytes: int | None = None
    names: Names = ANY_NAME
    _coming: dict[str, set[str]] = field(default_factory=dict, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def check(self, tables: Mapping[str, pa.Table], evolved: EvolvedColumns) -> None:
        """See that the tables of an answer can be stored beside what is there and what other answers bring.

        Raises:
            WrongShapeError: they cannot; the message names the field and no value.
        """
        for table in () if self.nul else tables.values():
            for column in table.schema:
                if pa.types.is_string(column.type) and pc.any(pc.match_substring(table[column.name], "\0")).as_py():
                    raise WrongShapeError(f"field {column.name} holds the character NUL, which the destination cannot")
        if self.columns is not None:
            with self._lock:
                self._count(self.columns, tables, evolved)
        for name, table in tables.items():
            # the size of each row is asked only where it may be too much
            if self.row_bytes and table.num_columns * _POINTER > self.row_bytes and _widest(table) > self.row_bytes:
                raise WrongShapeError(
                    f"table {name} would have a row of over {self.row_bytes} bytes, which the destination cannot hold"
                )

    def _count(self, most: int, tables: Mapping[str, pa.Table], evolved: EvolvedColumns) -> None:
        names = {
            name: {*evolved.get(name, ()), *self._coming.get(name, ()), *table.column_names}
            for name, table in tables.items()
        }
        for name, columns in names.items():
            if len(columns) > most:
                raise WrongShapeError(
                    f"table {name} would have {len(columns)} columns, and the destination takes {most}"
                )
        self._coming.update(names)


def _widest(table: pa.Table) -> int:
    """Bytes that the longest row of a table takes at least."""
    sizes = pa.array([0] * len(table), pa.int64())
    for column in table.columns:
        if pa.types.is_string(column.type):
            size = pc.min_element_wise(pc.add(pc.binary_length(column), 1), _POINTER, skip_nulls=False)
        else:
            size = pc.if_else(pc.is_valid(column), max(1, column.type.bit_width // 8), 0)
        sizes = pc.add(sizes, pc.fill_null(pc.cast(size, pa.int64()), 0))
    return int((pc.max(sizes).as_py() or 0) + _ROW_HEADER + table.num_columns // 8)


UNLIMITED: Final = Capacity()
