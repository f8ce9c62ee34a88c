"""What a person's approval lets a client have."""

from __future__ import annotations

from dataclasses import replace

from chalicelib import date_format
from chalicelib.authorization import claims_request
from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_type import Shown
from chalicelib.authorization_details.detail_types import types
from chalicelib.protocol_types import Detail
from chalicelib.storage.grant_records import Consumption, Grant


def userinfo_claims(grant: Grant) -> tuple[str, ...]:
    """Names of the claims that userinfo was asked for one by one, and that the person has (OpenID Connect Core 5.5)."""
    return tuple(claims_request.granted(claims_request.of(grant.request, "userinfo"), grant.person.claims))


def granted_in_words(grant: Grant, *, until: int) -> list[Shown]:
    """What a person let a client do. Their accounts are those that were granted, whose names are not remembered.

    `until`: when all that this client may do ends, as the page says; what ends sooner says so by itself.
    """
    found = [_granted_in_words(one) for one in grant.granted]
    sooner = (("Ends", date_format.in_words(grant.consent_expires_at)),) if grant.consent_expires_at < until else ()
    return [
        replace(shown, facts=(*shown.facts, *_used(grant.granted[n], grant.consumption(n)), *sooner))
        for n, shown in enumerate(found)
    ]


def _granted_in_words(one: Detail) -> Shown:
    """A granted detail. One of a type that there is no more has a name only: it can still be ended."""
    if one["type"] not in types():
        return Shown(one["type"], ())
    (shown,) = details.in_words((one,), types()[one["type"]].own_accounts(one))
    return shown


def _used(detail: Detail, consumption: Consumption | None) -> tuple[tuple[str, str], ...]:
    """On which day it was used up, if it was."""
    if consumption is None:
        return ()
    done = types()[detail["type"]].consumed if detail["type"] in types() else "Used"
    return ((done, date_format.in_words(consumption.at)),)
