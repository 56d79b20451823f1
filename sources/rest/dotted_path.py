"""Values inside a JSON body, found by the dotted paths of the catalogue."""

from typing import Any


def is_at(body: Any, path: str) -> bool:
    """Whether something stands under a dotted path, be it null; of an object that is null, all fields are."""
    for name in path.split("."):
        if body is None:
            return True
        if not isinstance(body, dict) or name not in body:
            return False
        body = body[name]
    return True


def value_at(body: Any, path: str) -> Any:
    """Return what stands under a dotted path, None where a step is missing; the empty path is the body itself."""
    for name in path.split(".") if path else ():
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body
