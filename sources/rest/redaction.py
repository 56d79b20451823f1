"""Redaction of text from outside: e-mail addresses, keys and query strings are cut out."""

import re
from typing import Final

_EMAIL: Final = re.compile(r"[^\s@/?#&=;,:<>\"'()]+(?:@|%40)[^\s@/?#&=;,<>\"'()]+")
_USER: Final = re.compile(r"^((?:[A-Za-z][\w+.-]*:)?//)[^/]*@")
_END_OF_PATH: Final = re.compile(r"[?#;]|%3F|%23", re.IGNORECASE)
_PATTERNS: Final = (
    (_EMAIL, "<e-mail>"),
    (re.compile(r"\b[a-z]{2,8}_(?:live|test|user|secret)_\w+"), "<key>"),
    (re.compile(r"(?i)\b(bearer|api[_-]?key)\b\s*[=:]?\s*\S+"), r"\1 <key>"),
    (re.compile(r"\?[^\s\"']+=[^\s\"']*"), "?<query>"),
)


def redacted(text: str) -> str:
    """Return text without e-mail addresses, keys and query strings; names cannot be told from other words."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def path_only(url: str) -> str:
    """Return a URL without query, fragment and user, and without e-mail addresses in its path."""
    return redacted(_USER.sub(r"\1", _END_OF_PATH.split(url, maxsplit=1)[0]))
