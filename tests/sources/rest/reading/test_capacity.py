"""What a destination cannot hold is told before anything is made ready to load."""

import pyarrow as pa
import pytest

from sources.rest.errors import WrongShapeError
from sources.rest.reading.capacity import Capacity

PAGE = Capacity(row_bytes=8160)


def test_a_row_counts_what_it_holds_and_not_what_other_rows_of_its_table_hold() -> None:
    numbers = {f"n{place}": pa.array([1.5 if place % 2 == row else None for row in (0, 1)]) for place in range(1500)}
    texts = {f"t{place}": pa.array(["x" * 99 if place % 2 == row else None for row in (0, 1)]) for place in range(80)}

    PAGE.check({"t": pa.table({**numbers, **texts})}, {})

    whole = {f"n{place}": pa.array([1.5, 1.5]) for place in range(1500)}
    with pytest.raises(WrongShapeError, match="table t would have a row of over 8160 bytes"):
        PAGE.check({"t": pa.table(whole)}, {})


def test_a_long_text_counts_as_what_is_left_of_it_in_its_row() -> None:
    PAGE.check({"t": pa.table({f"t{place}": pa.array(["x" * 100_000]) for place in range(440)})}, {})
    with pytest.raises(WrongShapeError):
        PAGE.check({"t": pa.table({f"t{place}": pa.array(["x" * 100_000]) for place in range(460)})}, {})


def test_answers_that_only_together_bring_too_many_columns_are_taken_as_far_as_they_fit() -> None:
    few = Capacity(columns=3)
    few.check({"t": pa.table({"a": [1], "b": [1]})}, {"t": {}})
    with pytest.raises(WrongShapeError, match="table t would have 4 columns"):
        few.check({"t": pa.table({"c": [1], "d": [1]})}, {})
    few.check({"t": pa.table({"c": [1]})}, {})
