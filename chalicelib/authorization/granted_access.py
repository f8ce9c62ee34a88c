"""The access that an approved grant gives its client."""

from __future__ import annotations

from dataclasses import replace

from chalicelib import date_format
from chalicelib.authorization import claims_request
from chalicelib.authorization_details import details
from chalicelib.authorization_details.detail_type import Shown
from chalicelib.authorization_details.detail_types import types
from chalicelib.language import Language, message
from chalicelib.protocol_types import Detail
from chalicelib.storage.grant_records import Consumption, Grant


def userinfo_claims(grant: Grant) -> tuple[str, ...]:
    """Names of single claims that the request has for userinfo and that the user has (OpenID Connect Core 5.5)."""
    return tuple(claims_request.granted(claims_request.of(grant.request, "userinfo"), grant.person.claims))


def granted_in_words(grant: Grant, language: Language) -> list[Shown]:
    """The granted authorization details as texts. Accounts are shown by number, because their names are not stored."""
    found = [_granted_in_words(one, language) for one in grant.granted]
    return [
        replace(shown, facts=(*shown.facts, *_used(grant.granted[n], grant.consumption(n), language)))
        for n, shown in enumerate(found)
    ]


def _granted_in_words(one: Detail, language: Language) -> Shown:
    """A granted detail. A detail of a type that the bank has removed is shown by its name, so that it can be ended."""
    if one["type"] not in types():
        return Shown(one["type"], ())
    (shown,) = details.in_words((one,), types()[one["type"]].own_accounts(one), language)
    return shown


def _used(detail: Detail, consumption: Consumption | None, language: Language) -> tuple[tuple[str, str], ...]:
    """The day on which it was consumed, if it was."""
    if consumption is None:
        return ()
    done = types()[detail["type"]].consumed if detail["type"] in types() else message("Used")
    return ((language.say(done), date_format.in_words(consumption.at, language)),)
