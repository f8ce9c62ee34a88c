"""Levels of assurance: what each way of authenticating proves, and which level several reach together.

Levels are those of ITU-T X.1254 (2012), which is ISO/IEC 29115:2013: 2 is some confidence, 3 is high confidence. It asks
for several factors from level 3 on; here level 2 takes two already, and 3 is kept for what can't be phished.

A passkey is one act of two factors: the authenticator holds the key, and asks for a PIN or a finger before it signs. Which of the
two it was, and whether the key is kept in hardware, nobody attests; so its amr claims neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from chalicelib import vocabulary
from chalicelib.protocol_types import Account, Claims

if TYPE_CHECKING:
    from chalicelib.profiles import Profile
    from chalicelib.settings import Settings
    from chalicelib.storage.records import Authentication

ACR: Mapping[int, str] = {int(level): name for level, name in vocabulary.ACR.items()}


def named(level: int) -> str:
    """The acr of a level: the bank's own name for it (vocabulary.py), else ours."""
    return vocabulary.current().acr.get(str(level), ACR[level])


def levels() -> tuple[str, ...]:
    """Every acr, the lowest level first."""
    return tuple(named(level) for level in sorted(ACR))


MethodName = Literal["pwd", "otp", "passkey"]

Factor = Literal["knowledge", "possession", "knowledge or inherence"]


@dataclass(frozen=True)
class Method:
    """A way of authenticating. `amr`: its names in RFC 8176. `factors`: what kinds of proof it is."""

    amr: tuple[str, ...]
    factors: frozenset[Factor]


METHODS: Mapping[MethodName, Method] = {
    "pwd": Method(("pwd",), frozenset({"knowledge"})),  # RFC8176-2: a password or pass phrase
    "otp": Method(("otp",), frozenset({"possession"})),  # RFC8176-2: a one-time code, here of an authenticator app
    # RFC8176-2: proof of possession of a key ("hwk" and "swk" would say where it is kept), and of somebody's presence.
    "passkey": Method(("pop", "user"), frozenset({"possession", "knowledge or inherence"})),
}

REACHED: tuple[tuple[frozenset[MethodName], int], ...] = ((frozenset({"pwd", "otp"}), 2), (frozenset({"passkey"}), 3))
"""Methods that, all done in one sign-in, reach a level."""


def reached(settings: Settings) -> tuple[tuple[frozenset[MethodName], int], ...]:
    """Which methods reach a level here. What password and one-time code reach, the bank's own audit found."""
    return (*REACHED, (frozenset({"pwd", "otp"}), int(settings.otp_level)))


def acr_values(settings: Settings) -> tuple[str, ...]:
    """Every acr that a sign-in can reach, lowest first: `acr_values_supported` (OpenID Connect Discovery 3)."""
    return tuple(named(level) for level in sorted({level for _, level in reached(settings)}))


def enough(profile: Profile, acrs: Iterable[str], *, writes: bool) -> tuple[str, ...]:
    """Those of the acrs that reach what the profile asks for at least (R9, W7). `writes`: what is asked for changes something.

    Which of them an essential acr claim allows is for `claims_request.require_acr` to say.
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
    """The Login of who did all of `methods`, with the acr that they reach. Raises ValueError where they reach none.

    `reached`: which methods reach a level, where settings say more of it.

    `amr` lists the methods as done, and "mfa" after them where they prove more than one factor (RFC 8176 2).
    """
    from chalicelib.storage.records import Authentication  # here: the metadata tells the levels, and needs no records

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
    """The level that an acr stands for; 0 for one that is not ours, so that it never satisfies a demand."""
    return next((number for number in ACR if named(number) == acr), 0)
