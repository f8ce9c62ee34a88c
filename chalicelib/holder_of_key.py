"""Write access requires a sender-constrained token (W5 of the Read-and-Write profile).

Only this file decides what is write access: of a request, of a token at its issue and at its use, and of a client at
registration.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib import scopes
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import AuthorizationRequest


def writes(scope: Iterable[str], names: Iterable[str]) -> bool:
    """Whether scope values or types of authorization details give write access. An unknown type does."""
    from chalicelib.authorization_details.detail_types import types  # Needed only here.

    known = types()
    return scopes.write(scope) or any(name not in known or known[name].writes for name in names)


def may_write(given: AccessToken | Grant | AuthorizationRequest) -> bool:
    """Whether a token, a grant or a request has write access."""
    return writes(given.scope, (one["type"] for one in given.authorization_details))
