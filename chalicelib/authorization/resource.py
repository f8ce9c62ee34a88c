"""Resource indicators (RFC 8707): the protected resources that a request names."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

from chalicelib.errors import InvalidTarget


def requested(parameters: Mapping[str, str], known: Callable[[], Collection[str]]) -> tuple[str, ...]:
    """The resources of a request, without repeats; empty if it names none. Raises InvalidTarget (RFC 8707 2).

    `known`: gives the identifiers of all resources, each an absolute URI without fragment. No other value is accepted.
    """
    named = tuple(dict.fromkeys(_values(parameters.get("resource"))))
    if named and not set(named) <= set(known()):
        raise InvalidTarget("resource: unknown; see protected_resources in the metadata")
    return named


def _values(value: str | None) -> list[str]:
    """A JSON array, as `messages.py` and request objects give it, because the parameter may repeat."""
    if value is None:
        return []
    try:
        values = json.loads(value)
    except ValueError:
        values = None
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise InvalidTarget("resource must be a URI or an array of URIs")
    return values
