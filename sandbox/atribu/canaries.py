"""Made-up personal data and secrets that must not turn up anywhere else, planted in whatever the server says.

The marks occur nowhere else. A leak may be in upper or lower case, so look for it with `Canaries.found_in`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.server.faults import ELSEWHERE
from sandbox.server.replies import HTML, Row, SpoiledTexts

MARKS: dict[str, str] = {
    "name": "Quillcanary",
    "email": "Pip.MailCanary",
    "city": "Canaryholm",
    "key": "atb_live_canary",
    "user": "usercanary",
    "password": "passcanary",
    "token": "tokencanary",
    "fragment": "fragmentcanary",
    "path": "Pip.PathCanary",
    "phone": "5550142857",
    "street": "Canarygate",
    "host": "hostcanary",
}
_TEXTS = ("source", "medium", "campaign", "event_name")
_PERSON_KEYS = ("customer_profile_id", "visitor_id", "conversion_id")
_VARIANT_LENGTH = 10


@dataclass(frozen=True)
class Canaries:
    """Where canaries are planted; each person has variants of their own, which hold the mark of their kind.

    `rows` are name, e-mail, city, url and path of customers, visitors and journeys, also where nothing is known of
    them; `texts` their source, medium, campaign and event name; `extras` fields that nobody has heard of, and with
    `field_names` their names as well. `errors` are messages, `codes` and `request_ids` all codes and ids of errors and
    answers. `headers` are headers that nobody has heard of. `redirects` lead to a location full of canaries, unless the
    fault names one. `bodies` are those of the faults `html`, `truncated`, `wrong_type` and `unknown_field`.
    """

    rows: bool = True
    texts: bool = True
    extras: bool = True
    field_names: bool = False
    errors: bool = True
    codes: bool = True
    request_ids: bool = True
    headers: bool = True
    redirects: bool = True
    bodies: bool = True

    @staticmethod
    def marks() -> list[str]:
        """List what each kind of canary is recognised by."""
        return list(MARKS.values())

    @staticmethod
    def found_in(text: str | bytes) -> list[str]:
        """Name the kinds of canaries in a text, in whatever case they are written."""
        known = (text if isinstance(text, str) else text.decode("utf-8", "replace")).casefold()
        return [kind for kind, mark in MARKS.items() if mark.casefold() in known]

    def planting(self, row: Callable[[Any], Row], customer: str) -> Callable[[Any], Row]:
        """Make a function that writes rows also plant canaries; in a journey all are those of `customer`."""
        if not (self.rows or self.texts or self.extras or self.field_names):
            return row
        return lambda item: self._planted(row(item), customer)

    def _planted(self, row: Row, customer: str) -> Row:
        one = _Person(customer or next(str(row[name]) for name in _PERSON_KEYS if row.get(name)))
        planted = dict(row)
        if self.rows:
            told = {"name": one.name, "email": one.email, "city": one.city, "path": one.path(row), "url": one.url(row)}
            planted |= {name: told[name] for name in row.keys() & told.keys()}
        if self.texts:
            planted |= {name: f"{row[name] or 'list'} of {one.email}, sent" for name in _TEXTS if name in row}
        if self.extras:
            planted |= one.extras()
        if self.field_names:
            planted[f"is {one.email}"] = True
        return planted

    def error(self, code: str, message: str) -> tuple[str, str]:
        """Give the code and the message of an error, with canaries."""
        return (
            f"{code} {_SERVER.key}" if self.codes else code,
            f"{message}: {_SERVER.note}" if self.errors else message,
        )

    def request_id(self, request_id: str) -> str:
        """Give the id of a request, with canaries."""
        return f"{request_id} {_SERVER.email} {_SERVER.key}" if self.request_ids else request_id

    def more_headers(self) -> dict[str, str]:
        """Give headers that nobody has heard of."""
        if not self.headers:
            return {}
        return {
            "X-Customer": f"{_SERVER.name} <{_SERVER.email}>",
            "X-Debug": _SERVER.note,
            "Set-Cookie": f"session={_SERVER.key}; Path=/",
            "Link": f'<{_SERVER.url({})}>; rel="next"',
        }

    def location(self, given: str) -> str:
        """Give where a redirect leads, instead of the usual place."""
        if not self.redirects or given != ELSEWHERE:
            return given
        path, query = quote(_SERVER.email), f"token={_SERVER.token}"
        return f"https://{_SERVER.user_info}@{_SERVER.host}.example.com/{path}?{query}#{_SERVER.fragment}"

    def spoiled_texts(self) -> SpoiledTexts:
        """Give what spoiled bodies say."""
        if not self.bodies:
            return SpoiledTexts()
        page = f"<p>{_SERVER.note}</p><a href='{_SERVER.url({})}'>{_SERVER.name}</a>".encode()
        return SpoiledTexts(html=HTML + page, number=_SERVER.note, extra=_SERVER.note, opening={"note": _SERVER.note})


class _Person:
    """The canaries of one person, told apart by a number made from what identifies the person."""

    def __init__(self, identity: str) -> None:
        digest = int(sha256(identity.encode()).hexdigest(), 16)
        self.variant = str(digest)[:_VARIANT_LENGTH]
        self.name = f"Ottilie {MARKS['name']} {self.variant}"
        self.email = f"{MARKS['email']}+{self.variant}@Post.Example.COM"
        self.city = f"Port {MARKS['city']} {self.variant}"
        self.key = f"{MARKS['key']}{self.variant}"
        # Phone numbers have at most 15 digits.
        self.phone = f"+{MARKS['phone']}{self.variant[:4]}"
        self.street = f"{self.variant} {MARKS['street']}, {self.city}"
        self.token = f"{MARKS['token']}{self.variant}"
        self.fragment = f"{MARKS['fragment']}{self.variant}"
        self.user_info = f"{MARKS['user']}{self.variant}:{MARKS['password']}{self.variant}"
        self.host = f"{MARKS['host']}{self.variant}"
        # What is worst comes first, as notes get cut off.
        self.note = f"{self.key} of {self.name} <{self.email}>, {self.phone}, {self.street}"

    def path(self, row: Row) -> str:
        """Give the path of a row with an encoded address of its own behind it."""
        address = quote(f"{MARKS['path']}+{self.variant}@Post.Example.COM", safe="")
        return f"{str(row.get('path') or '').rstrip('/')}/of/{address}"

    def url(self, row: Row) -> str:
        """Give the URL of a row with everything that a URL can hide."""
        known = urlsplit(str(row.get("url") or "https://shop.example.com"))
        query = f"{known.query}&utm_term={quote(self.email)}&token={self.token}".lstrip("&")
        return f"https://{self.user_info}@{known.netloc}{self.path(row)}?{query}#{self.fragment}"

    def extras(self) -> Row:
        """Give fields that nobody has heard of: a text, an object and a list."""
        return {
            "phone": self.phone,
            "note": self.note,
            "contact": {"street": self.street, "emails": [self.email], "keys": {"live": self.key}},
            "links": [self.url({}), {"label": self.name}],
        }


_SERVER = _Person("server")
NO_CANARIES = Canaries(**{switch.name: False for switch in fields(Canaries)})
