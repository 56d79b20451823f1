"""The one place where text from outside is made fit to be seen: in a terminal, a log, an error, a name."""

import logging
import re
from typing import Final

_UNSEEN: Final = (
    # sequences that a terminal obeys: operating system commands and other strings to their end, then all the others
    (re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"), ""),
    (re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"), ""),
    (re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"), " "),
)
_CREDENTIALS: Final = re.compile(r"(:/{1,3})(?!user:<password>@)[^\s/@:]*:.*@")
"""User and password of an address, but for the example that messages give."""

_AT: Final = r"(?:@|%(?:25)*40)"
"""At whatever depth it is percent-encoded."""

_EMAIL: Final = re.compile(
    # begins where a word does: else each character of a long word would be tried
    r"(?<![^\s@/?#&=;,:<>\"'()])[^\s@/?#&=;,:<>\"'()]+" + _AT + r"[^\s@/?#&=;,<>\"'()]+",
    re.IGNORECASE,
)
_USER: Final = re.compile(r"^((?:[A-Za-z][\w+.-]*:)?//)[^/]*@")
_END_OF_PATH: Final = re.compile(r"[?#;]|%(?:25)*(?:3F|23)", re.IGNORECASE)
_SECRETS: Final = (
    (re.compile(r"\b[a-z]{2,8}_(?:live|test|user|secret)_\w+"), "<key>"),
    (re.compile(r"\?[^\s\"']+=[^\s\"']*"), "?<query>"),
    (re.compile(r"(?i)\b(bearer|api[_-]?key)\b\s*[=:]?\s*\S+"), r"\1 <key>"),
)
_LOGGERS: Final = ("dlt", "urllib3.connection", "urllib3.connectionpool", "urllib3.response", "urllib3.util.retry")
"""Loggers that are told of names and addresses of calls."""


def redacted(text: str) -> str:
    """Return text without e-mail addresses, keys and query strings; names cannot be told from other words."""
    text = _EMAIL.sub("<e-mail>", text)
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def cleaned(text: str) -> str:
    """Return text as one line without control characters, what a terminal obeys, credentials and e-mail addresses.

    Every sink calls this: consoles, log records, errors, names of columns. Nobody else has to.
    """
    for pattern, replacement in _UNSEEN:
        text = pattern.sub(replacement, text)
    return _EMAIL.sub("<e-mail>", _CREDENTIALS.sub(r"\1<credentials>@", text))


def cleaned_lines(text: str) -> str:
    """Return text of several lines, such as a traceback, with each of them cleaned; indents stay."""
    return "\n".join(map(cleaned, text.split("\n")))


def path_only(url: str) -> str:
    """Return a URL without query, fragment and user, and without e-mail addresses in its path."""
    return redacted(_USER.sub(r"\1", _END_OF_PATH.split(url, maxsplit=1)[0]))


class CleanError(Exception):
    """An error whose text may be shown anywhere."""

    def __init__(self, text: str = "") -> None:
        super().__init__(cleaned(text))

    def add_note(self, note: str) -> None:
        """Add a line to what a traceback shows."""
        super().add_note(cleaned(note))


class CleanRecords(logging.Filter):
    """Cleans what a logger is given, also what an error says that goes with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record; none is left out."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # the values do not fit the text
            message = str(record.msg)
        record.msg, record.args = redacted(cleaned(message)), ()
        if record.exc_info:
            record.exc_text = cleaned_lines(logging.Formatter().formatException(record.exc_info))
        return True


_RECORDS: Final = CleanRecords()


def clean_logs() -> None:
    """Let everything that is logged on the way of a call be cleaned."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_RECORDS)
