"""Levels of assurance: the methods of authentication and the level that they reach together.

Levels are those of ITU-T X.1254 (2012), which is ISO/IEC 29115:2013: 2 is some confidence, 3 is high confidence. The standard
requires several factors from level 3 on. Here level 2 requires two factors, and level 3 requires a phishing-resistant method.

A passkey has two factors: the authenticator holds the key, and requires a PIN or a biometric before it signs. No attestation
says which of the two it was, or whether the key is in hardware, so the amr claims neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from chalicelib import vocabulary
from chalicelib.protocol_types import Account, Claims

if TYPE_CHECKING:
    from chalicelib.profiles import Profile
    from chalicelib.settings import Settings
    from chalicelib.storage.records import Authentication

ACR: Mapping[int, str] = {int(level): name for level, name in vocabulary.ACR.items()}


def named(level: int) -> str:
    """The acr of a level: the bank's name for it (vocabulary.py), otherwise ours."""
    return vocabulary.current().acr.get(str(level), ACR[level])


def levels() -> tuple[str, ...]:
    """All acr values, lowest level first."""
    return tuple(named(level) for level in sorted(ACR))


MethodName = Literal["pwd", "otp", "passkey"]

Factor = Literal["knowledge", "possession", "knowledge or inherence"]


class Method(NamedTuple):
    """A method of authentication.

    `amr`: its names in RFC 8176.
    `factors`: its factors.
    """

    amr: tuple[str, ...]
    factors: frozenset[Factor]


METHODS: Mapping[MethodName, Method] = {
    "pwd": Method(("pwd",), frozenset({"knowledge"})),  # RFC8176-2: a password or pass phrase
    "otp": Method(("otp",), frozenset({"possession"})),  # RFC8176-2: a one-time code, here of an authenticator app
    # RFC8176-2: proof of possession of a key ("hwk" and "swk" would say where it is kept), and of somebody's presence.
    "passkey": Method(("pop", "user"), frozenset({"possession", "knowledge or inherence"})),
}

REACHED: tuple[tuple[frozenset[MethodName], int], ...] = ((frozenset({"pwd", "otp"}), 2), (frozenset({"passkey"}), 3))
"""Methods that together, in one sign-in, reach a level."""


def reached(settings: Settings) -> tuple[tuple[frozenset[MethodName], int], ...]:
    """The methods that reach a level in this deployment. The bank's own audit sets the level of password and one-time code."""
    return (*REACHED, (frozenset({"pwd", "otp"}), int(settings.otp_level)))


def acr_values(settings: Settings) -> tuple[str, ...]:
    """All acr values that a sign-in can reach, lowest first: `acr_values_supported` (OpenID Connect Discovery 3)."""
    return tuple(named(level) for level in sorted({level for _, level in reached(settings)}))


def enough(profile: Profile, acrs: Iterable[str], *, writes: bool) -> tuple[str, ...]:
    """The members of `acrs` that reach the profile's minimum (R9, W7). `writes`: the request is for write access.

    `claims_request.require_acr` applies an essential acr claim.
    """
    least = max(profile.least_assurance, profile.least_assurance_to_write if writes else 0)
    return tuple(acr for acr in acrs if level(acr) >= least)


def login(
    sub: str,
    *,
    auth_time: int,
    methods: Sequence[MethodName],
    claims: Claims,
    accounts: tuple[Account, ...] = (),
    reached: Sequence[tuple[frozenset[MethodName], int]] = (),
) -> Authentication:
    """The Authentication of a user who did all `methods`, with their acr. Raises ValueError if they reach no level.

    `reached`: additional methods and levels, from the settings.

    `amr` lists the methods in order, and then "mfa" if they have more than one factor (RFC 8176 2).
    """
    from chalicelib.storage.records import (
        Authentication,
    )  # The metadata endpoint needs the levels only.

    done = tuple(dict.fromkeys(methods))
    unknown = [name for name in done if name not in METHODS]
    found = [level for needed, level in (*REACHED, *reached) if needed <= set(done)]
    if unknown or not found:
        raise ValueError(f"no level of assurance is reached by {', '.join(done) or 'nothing'}")
    factors = {factor for name in done for factor in METHODS[name].factors}
    names = tuple(amr for name in done for amr in METHODS[name].amr)
    amr = (*names, "mfa") if len(factors) > 1 else names
    return Authentication(
        sub=sub, auth_time=auth_time, acr=named(max(found)), amr=amr, claims=dict(claims), accounts=accounts
    )


def level(acr: str) -> int:
    """The level of an acr; 0 for an unknown one, which meets no requirement."""
    return next((number for number in ACR if named(number) == acr), 0)
