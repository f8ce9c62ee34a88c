"""Holder of key for whatever writes: who can change something must hold a key (W5 of the Read-and-Write profile).

The one place that says whether something writes: asked of a request, of a token when it is issued and when it is shown, and of a
client when it is registered.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib import scopes
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import AuthorizationRequest


def writes(scope: Iterable[str], names: Iterable[str]) -> bool:
    """Whether scope tokens, or types of authorization details, let a client change something. A type that is unknown does."""
    from chalicelib.authorization_details.detail_types import types  # only where it is asked

    known = types()
    return scopes.write(scope) or any(name not in known or known[name].writes for name in names)


def may_write(given: AccessToken | Grant | AuthorizationRequest) -> bool:
    """Whether what was issued, agreed to or asked for lets its client change something."""
    return writes(given.scope, (one["type"] for one in given.authorization_details))
