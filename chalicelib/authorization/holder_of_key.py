"""Holder of key for whatever writes: who can change something must hold a key (W5 of the Read-and-Write profile).

The one place that says whether something writes: asked of a request, of a token when it is issued and when it is shown, and of a
client when it is registered.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.errors import InvalidRequest
from chalicelib.storage.grant_records import AccessToken, Grant
from chalicelib.storage.records import AuthorizationRequest, Client


def writes(scope: Iterable[str], names: Iterable[str]) -> bool:
    """Whether scope tokens, or types of authorization details, let a client change something. A type that is unknown does."""
    from chalicelib.authorization.scope import write
    from chalicelib.authorization_details.detail_types import types  # only where it is asked

    known = types()
    return write(scope) or any(name not in known or known[name].writes for name in names)


def may_write(given: AccessToken | Grant | AuthorizationRequest) -> bool:
    """Whether what was issued, agreed to or asked for lets its client change something."""
    return writes(given.scope, (one["type"] for one in given.authorization_details))


def require_bound_code(request: AuthorizationRequest, client: Client) -> AuthorizationRequest:
    """The request, if its code will be of use to its client alone: a public one that writes binds it to a key, others
    authenticate when they redeem it. Raises InvalidRequest."""
    if client.public and request.dpop_jkt is None and may_write(request):
        raise InvalidRequest(
            "a public client that writes binds its code: dpop_jkt or a DPoP proof is needed"
        )  # DPOP-10
    return request
