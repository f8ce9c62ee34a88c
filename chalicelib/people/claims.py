"""Claims: what each scope tells a client about a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCOPES: Mapping[str, tuple[str, ...]] = {  # OIDCC-5.4
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}


def asked_for(claims: Mapping[str, Any], scope: Sequence[str]) -> dict[str, Any]:
    """Those of a person's claims that `scope` asks for. `sub` is none of them: a Login always has it."""
    names = [name for asked in scope for name in SCOPES.get(asked, ())]
    return {name: claims[name] for name in names if name in claims}
