"""Who did it, by who wrote."""

from __future__ import annotations

from chalicelib.audit.draft import Draft
from chalicelib.audit.event import Actor
from chalicelib.audit.of_lines import JOBS
from chalicelib.writer import OPERATOR

OF_PERSONS = frozenset({"authorize", "login", "consent", "passkey", "grants", "security"})
"""Functions that a person's browser calls."""

OF_CLIENTS = frozenset({"par", "token", "revoke", "introspect", "userinfo", "authorizer"})
"""Functions that a client calls."""

BY_CLIENT = frozenset({"grant.requested"})
"""What a client does at a function that browsers call: its request came in a browser, and was good."""

UNPROVEN = frozenset(
    {
        *("request.refused", "request.replayed", "request.failed", "request.reported"),
        *("sign_in.refused", "sign_in.locked", "user.locked"),
    }
)
"""What somebody at a browser does who has proved nothing: anybody can type a name, and send a request with a client_id."""


def actor_of(writer: str, draft: Draft, *, person: str) -> Actor:
    """Who did it. `writer`: the name of who wrote. `person`: the pseudonym of the person concerned.

    A person without an id is somebody at a browser, who is not known.
    """
    if writer.startswith(OPERATOR):
        return Actor("operator", writer.removeprefix(OPERATOR))
    if writer in JOBS:
        return Actor("schedule", writer)
    if writer in OF_CLIENTS or (writer in OF_PERSONS and draft.what in BY_CLIENT and not person):
        return Actor("client", draft.client)
    if writer in OF_PERSONS:
        return Actor("person", "" if draft.what in UNPROVEN else person)
    return Actor("unknown")
