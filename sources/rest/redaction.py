"""The one place where text from outside is made fit to be seen: in a terminal, a log, an error, a name."""

import logging
import re
from typing import Final

_SEQUENCES: Final = (
    # what a terminal obeys: operating system commands and other strings to their end, then all the others
    re.compile(r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"),
    re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"),
    # what has no width: it would tear an address or a key apart for a pattern, and for nobody who reads
    re.compile(r"[\xad\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]+"),
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_CREDENTIALS: Final = re.compile(r"(:/{1,3})(?!user:<password>(?:@|$))[^\s/@:]*:.*", re.DOTALL)
"""User and password of an address up to its last `@`, but for the example that messages give."""

_AT: Final = r"(?:[@\uff20\ufe6b]|%(?:25)*40|&(?:amp;)*(?:#0*64|#x0*40|commat);?|\\(?:u0040|U00000040|u\{0*40\}|x40))"
"""At, also wide or small, at whatever depth it is percent-encoded, and as HTML, JSON and Python write it."""

_LINE_ENDS: Final = r"\t-\r\x1c-\x1f\x85\u2028\u2029"
_TORN: Final = re.compile(rf"(?<![{_LINE_ENDS}])[{_LINE_ENDS}]*({_AT})[{_LINE_ENDS}]*", re.IGNORECASE)

_EMAIL: Final = re.compile(
    # begins where a word does: else each character of a long word would be tried; or in quotes, with blanks
    r"(?:\"[^\"]{1,64}\"|(?<![^\s@/?#&=;,:<>\"'()])[^\s@/?#&=;,:<>\"'()]+)" + _AT + r"[^\s@/?#&=;,<>\"'()]+",
    re.IGNORECASE,
)
_USER: Final = re.compile(r"^((?:[A-Za-z][\w+.-]*:)?//)[^/]*@")
_END_OF_PATH: Final = re.compile(r"[?#;]|%(?:25)*(?:3F|23)", re.IGNORECASE)
_KEY: Final = re.compile(r"\b[a-z]{2,8}_(?:live|test|user|secret)_\w+")
_AFTER_A_MARK: Final = re.compile(r"\?[^\s\"']+")
_NAMED_KEY: Final = re.compile(r"(?i)\b(bearer|api[_-]?key)\b\s*[=:]?\s*\S+")
_LOGGERS: Final = ("dlt", "urllib3.connection", "urllib3.connectionpool", "urllib3.response", "urllib3.util.retry")
"""Loggers that are told of names and addresses of calls."""


def redacted(text: str) -> str:
    """Return text without e-mail addresses, keys and query strings; names cannot be told from other words."""
    text = _KEY.sub("<key>", _EMAIL.sub("<e-mail>", text))
    # one pattern that wants a mark and an equals sign would try each mark up to the end of a long word
    text = _AFTER_A_MARK.sub(lambda found: "?<query>" if "=" in found[0][2:] else found[0], text)
    return _NAMED_KEY.sub(r"\1 <key>", text)


def cleaned(text: str) -> str:
    """Return text as one line without control characters, what a terminal obeys, credentials and e-mail addresses.

    Every sink calls this: consoles, log records, errors, names of columns. Nobody else has to. A text may be as long as
    an answer: each pattern takes a time that grows with its length alone.
    """
    for pattern in _SEQUENCES:
        text = pattern.sub("", text)
    # before blanks come into it, and credentials before addresses, which would take the last part of a password
    head, at, rest = _TORN.sub(r"\1", text).rpartition("@")
    text = _EMAIL.sub("<e-mail>", _CREDENTIALS.sub(r"\1<credentials>", head) + at + rest)
    return _EMAIL.sub("<e-mail>", _CONTROL.sub(" ", text))


def cleaned_lines(text: str) -> str:
    """Return text of several lines, such as a traceback, with each of them cleaned; indents stay."""
    return "\n".join(map(cleaned, text.split("\n")))


def path_only(url: str) -> str:
    """Return a URL without query, fragment and user, and without e-mail addresses in its path."""
    path = _EMAIL.sub("<e-mail>", _USER.sub(r"\1", url))  # what HTML writes for an at holds the mark of a fragment
    return redacted(_END_OF_PATH.split(path, maxsplit=1)[0])


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
