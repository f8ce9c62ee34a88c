"""The scope values (RFC 6749 3.3) of the library and of the bank: their texts for users, and whether they give write access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib import vocabulary
from chalicelib.marked_text import message
from chalicelib.vocabulary import Scope

SCOPES: Mapping[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope(
            "openid", message("Recognise you when you come back"), about_a_person=True
        ),  # OpenID Connect Core 3.1.2.1
        Scope("profile", message("See your name and other details of your profile"), about_a_person=True),
        Scope("email", message("See your email address"), about_a_person=True),
        Scope("phone", message("See your phone number"), about_a_person=True),
        Scope("address", message("See your postal address"), about_a_person=True),
        Scope("accounts", message("See your accounts and their balances")),
        Scope("payments", message("Make payments from your accounts"), about_a_person=True, writes=True),
    )
}
"""The scope values of the library, in the order of the pages."""


def known() -> Mapping[str, Scope]:
    """All scope values of this deployment, those of the library first."""
    own = vocabulary.current().scopes
    return {**SCOPES, **{scope.name: scope for scope in own}} if own else SCOPES


def write(tokens: Iterable[str]) -> bool:
    """Whether any of the values gives write access."""
    scopes = known()
    return any(scopes[token].writes for token in tokens if token in scopes)
