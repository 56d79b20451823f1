"""What all endpoints of Atribu have in common: bodies, errors, scopes, limits."""

from typing import Final

from sources.rest import errors
from sources.rest.catalogue.api import Api, DateRange

ATRIBU: Final = Api(
    name="atribu",
    date_range=DateRange(start="date_from", end="date_to"),
    tenant="meta.profile_id",
    echo=("meta.date_from", "meta.date_to"),
    pagination="pagination",
    error="error",
    codes={
        "unauthorized": errors.UnauthorizedError,
        "insufficient_scope": errors.MissingScopeError,
        "forbidden": errors.MissingScopeError,
        "rate_limit_exceeded": errors.RateLimitedError,
        "invalid_parameter": errors.InvalidParameterError,
        "invalid_date_range": errors.InvalidDateRangeError,
        "internal_error": errors.InternalError,
    },
)

ANALYTICS: Final = "analytics:read"
CAMPAIGNS: Final = "campaigns:read"
CONVERSIONS: Final = "conversions:read"
LIMIT: Final = 100
"""Most rows of one answer, https://www.atribu.app/docs/api/breakdowns; lists without a cursor end there."""

HEAVY: Final = 3
"""Units of customers, visitors and journeys, https://www.atribu.app/docs/api/authentication."""

NOT_ANALYTICS: Final = frozenset(
    ("admin", "calendar", "comments", "connections", "email", "instagram", "messages", "oauth", "webhooks", "whatsapp")
)
"""Parts of paths that are messaging and administration: they may answer what people have written."""

SPEC: Final = "https://github.com/AtribuCore/atribu-node/blob/01f6d76538b5713bfd2799110685202b1f80c1b9/openapi.json"
"""The vendor's own description of its API."""

CAPPED: Final = {"limit": str(LIMIT)}
