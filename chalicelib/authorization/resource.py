"""Resource indicators (RFC 8707): for which protected resources a token is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

from chalicelib.errors import InvalidTarget


def requested(parameters: Mapping[str, str], known: Callable[[], Collection[str]]) -> tuple[str, ...]:
    """The resources that a request names, without repeats; none where it names none. Raises InvalidTarget (RFC 8707 2).

    `known`: those that there are, each an absolute URI without fragment; so nothing else is.
    """
    named = tuple(dict.fromkeys(_values(parameters.get("resource"))))
    if named and not set(named) <= set(known()):
        raise InvalidTarget("resource: unknown; see protected_resources in the metadata")
    return named


def _values(value: str | None) -> list[str]:
    """As `messages.py` and a request object hand them on: a JSON array, since the parameter may come more than once."""
    if value is None:
        return []
    try:
        values = json.loads(value)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise InvalidTarget("resource must be a URI or an array of URIs")
    return values
