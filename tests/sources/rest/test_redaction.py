"""What comes from outside is one clean line wherever it is seen."""

import io
import logging
import time

import pytest

from sources.rest.errors import ApiError, ConfigurationError, WrongShapeError, sanitized
from sources.rest.privacy.policies import SUSPECT
from sources.rest.reading.evolved_columns import add_unknown
from sources.rest.redaction import CleanRecords, cleaned, cleaned_lines, path_only, redacted

NASTY = "a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\re\nf jane@example.com jane%2540example.com \u202eg"
CLEAN = "abcd e f <e-mail> <e-mail>  g"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(NASTY, CLEAN, id="everything"),
        pytest.param("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "link", id="hyperlink"),
        pytest.param("\x1bPq\x1b\\after", "after", id="device-control"),
        pytest.param("\x1b(B\x1bc", " (B c", id="bare-escapes"),
        pytest.param("x%40y.z x%2540y.z x%252540y.z", "<e-mail> <e-mail> <e-mail>", id="encoded-again-and-again"),
        pytest.param("[bold]api_key is refused[/]", "[bold]api_key is refused[/]", id="words-and-brackets-stay"),
    ],
)
def test_text_is_cleaned(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "?",
        "?a",
        "://a:",
        "\x90",
        "\x1b]",
        "\n",
        "@",
        "a@",
        "%25",
        "&amp;",
        "\\",
        '"',
        "bearer=",
        "ab_live_",
        "\xad",
    ],
)
def test_a_long_word_takes_no_long_time(piece: str) -> None:
    word = piece * (300_000 // len(piece))
    began = time.thread_time()
    for treat in (cleaned, redacted, path_only):
        treat(word)
    assert time.thread_time() - began < 4


@pytest.mark.parametrize(
    "at",
    "@ %40 %2540 &#64; &#x0040; &commat; &amp;#64 \\u0040 \\x40 \uff20 \ufe6b".split(),  # noqa: SIM905 - as they are read
)
def test_an_address_is_found_however_its_at_is_written(at: str) -> None:
    address = f"jane.doe{at}example.com"
    for text in (cleaned(address), redacted(address), path_only(f"https://host/{address}")):
        assert "jane" not in text
        assert "example" not in text
    assert any(part in address for part in SUSPECT)


@pytest.mark.parametrize("torn", ["ja\0ne@x.y", "jane\n@x.y", "ja\u200bne@\u2060x.y", "ja\u202ene@x.y", '"jane d"@x.y'])
def test_what_is_not_seen_tears_no_address_apart(torn: str) -> None:
    assert cleaned(torn) == "<e-mail>"


def test_what_is_not_seen_tears_no_key_apart() -> None:
    assert sanitized("atb_li\u200bve_secret9 atb_\x1b[0mlive_secret9") == "<key> <key>"


def test_lines_of_a_traceback_stay_lines() -> None:
    assert cleaned_lines("  a\x1b[1m\n    b\n") == "  a\n    b\n"


@pytest.mark.parametrize("mark", ["?", "%3F", "%253f", "%25253F"])
def test_a_query_that_is_encoded_again_is_none_of_the_path(mark: str) -> None:
    assert path_only(f"https://host/a{mark}q=jane") == "https://host/a"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ConfigurationError(NASTY), id="configuration"),
        pytest.param(WrongShapeError(NASTY), id="shape"),
        pytest.param(ApiError(NASTY, endpoint=""), id="api"),
    ],
)
def test_errors_say_nothing_that_is_not_clean(error: Exception) -> None:
    error.add_note(NASTY)
    assert (str(error).removeprefix(": "), error.__notes__) == (CLEAN, [CLEAN])


def test_what_is_logged_is_clean_and_so_is_the_error_that_goes_with_it() -> None:
    stream = io.StringIO()
    logger, handler = logging.getLogger("one"), logging.StreamHandler(stream)
    logger.addFilter(CleanRecords())
    logger.addHandler(handler)
    try:
        raise ValueError(NASTY)  # noqa: TRY301 - for the log
    except ValueError:
        logger.exception("GET /people/%s?api_key=abc", "jane%2540example.com")
    logger.warning("%d windows", "no number")
    text = stream.getvalue()
    assert text.startswith("GET /people/<e-mail>?<query>\nTraceback")
    assert [word for word in ("jane", "\x1b", "\x9b", "\r", "title") if word in text] == []


def test_an_address_in_the_name_of_a_field_is_in_no_name_of_a_column() -> None:
    columns: dict[str, object] = {}
    for name in ("jane@example.com", "joe%2540example.com"):
        add_unknown(columns, name, ["x"], {}, key=False)
    assert [word for word in ("jane", "joe", "example") if word in " ".join(columns)] == []
    assert len(columns) == 2
