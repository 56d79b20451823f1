"""A traceback that is asked for is printed as Python does, but for what a terminal would obey."""

import pytest

from pipelines.telling.fault import show


def test_a_traceback_holds_no_control_characters_and_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    error = ValueError("\x1b]0;own\x07of jane@example.com\n\x9b31mnext")
    show(ValueError, error, None)
    assert capsys.readouterr().err == "ValueError: of <e-mail>\nnext\n"
