"""Enrolment: how an operator adds a person to the product's directory, and lets one have a passkey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from chalicelib.protocol_types import Account, Claims
from chalicelib.provider import Provider
from chalicelib.storage.records import User
from chalicelib.storage.stores import NotOpen
from chalicelib.users import password as passwords
from chalicelib.users import totp
from chalicelib.users.username import MAX_USERNAME_LENGTH, normalize_username

MIN_PASSWORD_LENGTH = 15
"""Characters. NIST SP 800-63B-4 3.1.1.2 asks for 8 beside a second factor and for 15 of a password that stands alone.

Ours is asked for before the second factor and so must hold by itself.
"""

MAX_SUB_LENGTH = 255  # OIDCC-2

INVITATION_LIFETIME = 24 * 3600
"""Seconds."""


def enrol(
    provider: Provider,
    username: str,
    *,
    sub: str,
    password: str,
    claims: Claims,
    random_bytes: Callable[[int], bytes],
    accounts: Sequence[Mapping[str, str]] | None = None,
    anew: bool = False,
) -> str:
    """Add a person, and give the otpauth URI for their authenticator app.

    `anew`: the person is there, and gets another password and secret; their claims are replaced, their passkeys stay, and their
    accounts where none are given.

    `sub`: the person's identifier towards clients, never another's, even after they left. `claims`: standard claims
    (OpenID Connect Core 5.1). `accounts`: what clients may ask for access to, each with a "name" and, say, an "iban".
    `random_bytes`: so many random bytes. Raises ValueError that lists every problem, and quotes no password.
    """
    name = normalize_username(username)
    known = provider.users.find(name) if name else None
    problems = _problems(name, sub, password, claims) + _mistaken(known, sub, anew=anew)
    if not all(account.get("name") and len(account) > 1 for account in accounts or ()):
        problems.append("an account has no name, or nothing but a name")
    if problems:
        raise ValueError("; ".join(problems))
    secret = random_bytes(totp.SECRET_BYTES)
    user = User(
        username=name,
        sub=sub,
        password=passwords.hashed(password, salt=random_bytes(passwords.ARGON2.salt_len)),
        totp=provider.one_time_code_secrets.seal(secret, name, random_bytes=random_bytes, now=provider.now()),
        claims=dict(claims),
        accounts=known.accounts
        if accounts is None and known
        else tuple(_account(account) for account in accounts or ()),
        passkeys=known.passkeys if known else (),
    )
    provider.users.put(user)
    return totp.provisioning_uri(secret, username=name, bank_name=provider.settings.bank_name)


def invite(provider: Provider, username: str) -> str:
    """A link by which the person adds one passkey, within a day; one before is of no use any more.

    The page asks for password and one-time code, so that the link alone gives nothing. Raises ValueError for nobody's name.
    """
    invitation = provider.new_token_value()
    try:
        provider.users.invite(
            normalize_username(username), invitation=invitation, until=provider.now() + INVITATION_LIFETIME
        )
    except NotOpen:
        raise ValueError("nobody has that username") from None
    return f"{provider.settings.issuer}/passkey?invitation={invitation}"


def remove(provider: Provider, username: str) -> None:
    """Nobody signs in by that name from here on, and no grant of the person is refreshed. Raises ValueError for nobody's name."""
    try:
        provider.users.remove(normalize_username(username), now=provider.now())
    except NotOpen:
        raise ValueError("nobody has that username") from None


def forget_passkeys(provider: Provider, username: str) -> int:
    """Take all of a person's passkeys away, at once, and an invitation with them; how many there were.

    Raises ValueError for nobody's name.
    """
    user = provider.users.find(normalize_username(username))
    if user is None:
        raise ValueError("nobody has that username")
    provider.users.put(replace(user, passkeys=()))
    return len(user.passkeys)


def _account(members: Mapping[str, str]) -> Account:
    """One that was looked at; what else the bank says of it stays."""
    return cast(Account, dict(members))


def _mistaken(known: User | None, sub: str, *, anew: bool) -> list[str]:
    """What tells that another person is meant than the one who is there, or who is not."""
    if known is None:
        return ["nobody has that username, so there is nobody to enrol anew"] if anew else []
    if not anew:
        return ["somebody has that username; enrol them anew if it is the same person"]
    return [] if known.sub == sub else ["whoever has that username has another sub, which names a person for ever"]


def _problems(name: str, sub: str, password: str, claims: Claims) -> list[str]:
    problems = []
    if not name or len(name) > MAX_USERNAME_LENGTH or not name.isprintable() or " " in name:
        problems.append(f"the username must be 1 to {MAX_USERNAME_LENGTH} characters without spaces")
    if not sub or len(sub) > MAX_SUB_LENGTH or not sub.isascii():
        problems.append(f"the sub must be 1 to {MAX_SUB_LENGTH} ASCII characters")
    if not MIN_PASSWORD_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        problems.append(f"the password must be {MIN_PASSWORD_LENGTH} to {passwords.MAX_LENGTH} characters")
    if name and name in password.lower():
        problems.append("the password must not hold the username")
    if "sub" in claims:
        problems.append("sub is not among the claims")
    return problems
